"""Figures of a period: days that are over as they were counted, the others counted; what cannot be counted is
read, up to a cap."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from app.core.records import ExchangeState, HoldState
from app.core.statistics import CHINA, BotFigures, Bucket, Figures, Period, RuleFigures
from app.storage.database import Database
from app.storage.days import Days
from app.storage.schema import exchanges, holds
from app.storage.tallies import A_CITIZENS, Tally, Waits, total, within

MOST_READ = 20_000
"""Holds that are read for rules, topics and times."""
MOST_RULES = 20
_RELEASED = (ExchangeState.ANSWERED.value, ExchangeState.QUEUED.value)

TopicOf = Callable[[str], str]
"""The topic of a citizen's message; empty where none is clear."""


@dataclass(frozen=True, slots=True)
class SqlStatistics:
    database: Database
    topic_of: TopicOf

    async def figures(self, period: Period, channels: Sequence[str] | None) -> Figures:
        """Of these channels; None: all. Raises StoreError."""
        return await self.database.read(
            lambda connection: _figures(connection, period, channels, self.topic_of)
        )


def _figures(
    connection: Connection, period: Period, channels: Sequence[str] | None, topic_of: TopicOf
) -> Figures:
    came = within(exchanges, exchanges.c.received_at, period.starts, period.ends, channels)
    made = within(holds, holds.c.created_at, period.starts, period.ends, channels)
    steps = _steps(Days.look(connection, period, channels), period)
    whole = total(tally for _, tally in steps)
    read = _read(connection, made)
    return Figures(
        citizens=len(whole.citizens),
        exchanges=_by_state(whole),
        holds=_summed((state, number) for (_, state, _), number in whole.holds.items()),
        deliveries=dict(whole.deliveries),
        minutes_to_decide=sorted(
            (row.decided_at - row.created_at).total_seconds() / 60 for row in read if row.decided_by
        ),
        categories=_categories(whole),
        rules=_rules(read),
        topics=_topics(connection, and_(A_CITIZENS, came), topic_of),
        bots=[_bot(name, whole) for name in sorted({bot for bot, _ in whole.ended if bot})],
        buckets=[_bucket(starts, tally) for starts, tally in steps[-len(period.steps()) :]],
        capped=len(read) == MOST_READ,
    )


def _steps(days: Days, period: Period) -> Sequence[tuple[datetime, Tally]]:
    """What was in each step, from its start; before them, what the steps leave out."""
    steps = period.steps()
    if steps and period.starts < steps[0][0]:
        steps = [(period.starts, steps[0][0]), *steps]
    return [(starts, days.between(_day(starts), _day(ends) - timedelta(days=1))) for starts, ends in steps]


def _day(midnight: datetime) -> date:
    return midnight.astimezone(CHINA).date()


def _summed(counts: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    sums: Counter[str] = Counter()
    for name, number in counts:
        sums[name] += number
    return dict(sums)


def _by_state(tally: Tally) -> Mapping[str, int]:
    return _summed((state, waits.count) for (_, state), waits in tally.ended.items())


def _bucket(starts: datetime, tally: Tally) -> Bucket:
    states = _by_state(tally)
    released = sum(states.get(state, 0) for state in _RELEASED)
    return Bucket(starts, sum(states.values()), released, states.get(ExchangeState.HELD.value, 0))


def _categories(tally: Tally) -> Mapping[str, int]:
    counts = _summed(
        (name, number) for (_, _, names), number in tally.holds.items() for name in names.split()
    )
    return dict(Counter(counts).most_common())


def _read(connection: Connection, made: ColumnElement[bool]) -> Sequence[Any]:
    query = select(
        holds.c.created_at, holds.c.decided_at, holds.c.decided_by, holds.c.state, holds.c.verdict
    ).where(made)
    return connection.execute(query.order_by(holds.c.created_at).limit(MOST_READ)).all()


def _rules(read: Sequence[Any]) -> Sequence[RuleFigures]:
    held: Counter[str] = Counter()
    approved: Counter[str] = Counter()
    for row in read:
        names = {one["rule"] for one in json.loads(row.verdict)["findings"] if not one.get("shadow")}
        held.update(names)
        if row.state == HoldState.APPROVED.value:
            approved.update(names)
    return [RuleFigures(rule, count, approved[rule]) for rule, count in held.most_common(MOST_RULES)]


def _topics(
    connection: Connection, came: ColumnElement[bool], topic_of: TopicOf
) -> Mapping[tuple[str, str], int]:
    troubled = (ExchangeState.HELD.value, ExchangeState.UNANSWERED.value, ExchangeState.CLOSED.value)
    query = (
        select(exchanges.c.asked, exchanges.c.channel)
        .where(came, exchanges.c.state.in_(troubled))
        .limit(MOST_READ)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(query):
        counts[topic_of(row.asked), row.channel] += 1
    return dict(counts.most_common())


def _bot(name: str, whole: Tally) -> BotFigures:
    ended = {state: waits for (bot, state), waits in whole.ended.items() if bot == name}
    waits = sum(ended.values(), Waits())

    def how_many(state: ExchangeState) -> int:
        return ended.get(state.value, Waits()).count

    def decided(wanted: HoldState) -> int:
        return sum(
            number for (bot, state, _), number in whole.holds.items() if (bot, state) == (name, wanted.value)
        )

    return BotFigures(
        name,
        waits.count,
        how_many(ExchangeState.HELD),
        how_many(ExchangeState.UNANSWERED),
        decided(HoldState.EDITED),
        decided(HoldState.REJECTED),
        waits.seconds / waits.timed if waits.timed else None,
    )
