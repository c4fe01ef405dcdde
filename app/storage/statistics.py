"""Figures of a period, counted by the database; what it cannot count is read, up to a cap."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, not_, select

from app.core import canary
from app.core.model import SUBMITTED
from app.core.records import DeliveryState, ExchangeState, HoldState
from app.core.statistics import BotFigures, Bucket, Figures, Period, RuleFigures
from app.core.submission import KEY
from app.storage.database import Database
from app.storage.schema import deliveries, exchanges, holds

MOST_READ = 20_000
"""Holds that are read for rules, topics and times."""
MOST_RULES = 20
_STATES = [state.value for state in ExchangeState]
_RELEASED = (ExchangeState.ANSWERED.value, ExchangeState.QUEUED.value)

_A_CITIZENS = and_(
    *(not_(exchanges.c.message_key.startswith(start)) for start in (KEY, SUBMITTED)),
    exchanges.c.bot != canary.BOT,
)
"""Not what a vendor sent by itself, what another system handed in, or a test message."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Of exchanges; how many of them waited for the bot, and how long in all."""

    count: int
    timed: int
    seconds: float

    def with_more(self, other: "Tally") -> "Tally":
        return Tally(self.count + other.count, self.timed + other.timed, self.seconds + other.seconds)


Ended = Mapping[tuple[str, str], Tally]
"""By bot and state."""
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
    came = _within(exchanges, exchanges.c.received_at, period.starts, period.ends, channels)
    came = and_(exchanges.c.state.in_(_STATES), _A_CITIZENS, came)
    steps = _steps(connection, period, channels)
    ended = _by_bot_and_state(step for _, step in steps)
    made = _within(holds, holds.c.created_at, period.starts, period.ends, channels)
    sent = _within(deliveries, deliveries.c.created_at, period.starts, period.ends, channels)
    sent = and_(deliveries.c.state.in_([state.value for state in DeliveryState]), sent)
    read = _read(connection, made)
    return Figures(
        citizens=_citizens(connection, came),
        exchanges=_by_state(ended),
        holds=_by(connection, holds.c.state, made),
        deliveries=_by(connection, deliveries.c.state, sent),
        minutes_to_decide=sorted(
            (row.decided_at - row.created_at).total_seconds() / 60 for row in read if row.decided_by
        ),
        categories=_categories(_by(connection, holds.c.categories, made)),
        rules=_rules(read),
        topics=_topics(connection, came, topic_of),
        bots=_bots(connection, ended, made),
        buckets=[_bucket(starts, step) for starts, step in steps[-len(period.steps()) :]],
        capped=len(read) == MOST_READ,
    )


def _within(
    table: Table,
    moment: ColumnElement[datetime],
    starts: datetime,
    ends: datetime,
    channels: Sequence[str] | None,
) -> ColumnElement[bool]:
    period = and_(moment >= starts, moment < ends)
    return period if channels is None else and_(period, table.c.channel.in_(channels))


def _by(connection: Connection, column: ColumnElement[str], where: ColumnElement[bool]) -> Mapping[str, int]:
    rows = connection.execute(select(column, func.count()).where(where).group_by(column))
    return {row[0]: row[1] for row in rows}


def _citizens(connection: Connection, came: ColumnElement[bool]) -> int:
    who = select(exchanges.c.channel, exchanges.c.user_id).where(came).distinct().subquery()
    return int(connection.execute(select(func.count()).select_from(who)).scalar_one())


def _steps(
    connection: Connection, period: Period, channels: Sequence[str] | None
) -> Sequence[tuple[datetime, Ended]]:
    """How the exchanges of each step ended, from its start; before them, of what the steps leave out.

    Every exchange is read once, whatever is made of it.
    """
    steps = period.steps()
    if steps and period.starts < steps[0][0]:
        steps = [(period.starts, steps[0][0]), *steps]
    return [(starts, _ended(connection, starts, ends, channels)) for starts, ends in steps]


def _ended(connection: Connection, starts: datetime, ends: datetime, channels: Sequence[str] | None) -> Ended:
    came = _within(exchanges, exchanges.c.received_at, starts, ends, channels)
    seconds = exchanges.c.bot_seconds
    rows = connection.execute(
        select(exchanges.c.bot, exchanges.c.state, func.count(), func.count(seconds), func.sum(seconds))
        .where(exchanges.c.state.in_(_STATES), _A_CITIZENS, came)
        .group_by(exchanges.c.bot, exchanges.c.state)
    )
    return {(row[0], row[1]): Tally(row[2], row[3], row[4] or 0.0) for row in rows}


def _by_bot_and_state(parts: Iterable[Ended]) -> Ended:
    whole: dict[tuple[str, str], Tally] = {}
    for part in parts:
        for key, tally in part.items():
            whole[key] = tally.with_more(whole[key]) if key in whole else tally
    return whole


def _by_state(ended: Ended) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for (_, state), tally in ended.items():
        counts[state] += tally.count
    return dict(counts)


def _bucket(starts: datetime, ended: Ended) -> Bucket:
    states = _by_state(ended)
    released = sum(states.get(state, 0) for state in _RELEASED)
    return Bucket(starts, sum(states.values()), released, states.get(ExchangeState.HELD.value, 0))


def _read(connection: Connection, made: ColumnElement[bool]) -> Sequence[Any]:
    query = select(
        holds.c.created_at, holds.c.decided_at, holds.c.decided_by, holds.c.state, holds.c.verdict
    ).where(made)
    return connection.execute(query.order_by(holds.c.created_at).limit(MOST_READ)).all()


def _categories(sets: Mapping[str, int]) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for names, count in sets.items():
        for name in names.split():
            counts[name] += count
    return dict(counts.most_common())


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


def _bots(connection: Connection, ended: Ended, made: ColumnElement[bool]) -> Sequence[BotFigures]:
    decided = connection.execute(
        select(exchanges.c.bot, holds.c.state, func.count())
        .join(holds, holds.c.exchange_id == exchanges.c.id)
        .where(made)
        .group_by(exchanges.c.bot, holds.c.state)
    ).all()
    ends = {(row[0], row[1]): row[2] for row in decided}
    return [_bot(name, ended, ends) for name in sorted({bot for bot, _ in ended if bot})]


def _bot(name: str, ended: Ended, ends: Mapping[tuple[str, str], int]) -> BotFigures:
    mine = {state: tally for (bot, state), tally in ended.items() if bot == name}
    counts = {state: tally.count for state, tally in mine.items()}
    timed = sum(tally.timed for tally in mine.values())
    seconds = sum(tally.seconds for tally in mine.values())
    return BotFigures(
        name,
        sum(counts.values()),
        counts.get(ExchangeState.HELD.value, 0),
        counts.get(ExchangeState.UNANSWERED.value, 0),
        ends.get((name, HoldState.EDITED.value), 0),
        ends.get((name, HoldState.REJECTED.value), 0),
        seconds / timed if timed else None,
    )
