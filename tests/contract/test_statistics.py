"""Contract of the figures: the same on every database."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import insert

from app.core.records import Exchange, ExchangeState, HoldState
from app.core.statistics import CHINA, MOST_STEPS, Period, Step
from app.core.submission import KEY
from app.ports import Store
from app.storage.database import Database
from app.storage.records import exchange_values
from app.storage.schema import exchanges
from app.storage.statistics import SqlStatistics
from tests.contract.given import HOUR, answered, claimed, entry, held, queued
from tests.values import NOON, exchange, message

DAY = Period(date(2026, 3, 2), date(2026, 3, 3), Step.DAY)


async def test_the_figures_are_what_was_counted_by_hand(store: Store, database: Database) -> None:
    for number in range(3):
        await store.record(answered((await claimed(store, number, user=f"citizen-{number}")).exchange))
    held_ones = [await held(store, 10 + number, incoming={"text": "路灯坏了"}) for number in range(2)]
    approved = replace(
        held_ones[0], state=HoldState.APPROVED, version=2, decided_by="li", decided_at=NOON + HOUR / 3
    )
    await store.settle(approved, None, entry())
    await queued(store, 20, at=NOON + 24 * HOUR, incoming={"channel": "desk"})
    pushed = exchange("pushed", message=message(f"{KEY}1"))
    vendors_own = await store.claim(pushed, NOON)
    await store.record(answered(vendors_own.exchange))

    figures = await SqlStatistics(database, lambda text: "路灯" if "路灯" in text else "").figures(DAY, None)
    assert (figures.citizens, figures.received, figures.released, figures.held) == (4, 6, 4, 2)
    assert figures.holds == {"approved": 1, "pending": 1}
    assert figures.deliveries == {"queued": 1}
    assert figures.minutes_to_decide == [20]
    assert figures.categories == {"mockery": 2}
    assert [(rule.rule, rule.held, rule.approved) for rule in figures.rules] == [("mockery.x", 2, 1)]
    assert figures.topics == {("路灯", "hall"): 2}
    (bot,) = figures.bots
    assert (bot.bot, bot.received, bot.held, bot.mean_seconds) == ("vendor", 6, 2, 0.5)
    assert [(step.received, step.released, step.held) for step in figures.buckets] == [(5, 3, 2), (1, 1, 0)]

    desk = await SqlStatistics(database, lambda text: "").figures(DAY, ("desk",))
    assert (desk.received, desk.held) == (1, 0)


# --- against counting by hand -----------------------------------------------------------------

FIRST, LAST = date(2025, 10, 20), date(2026, 3, 2)
"""More days than there are steps."""


def some_exchanges() -> list[Exchange]:
    chance = Random(5)
    starts = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=CHINA) - timedelta(days=2)
    made = []
    for number in range(600):
        at = starts + chance.random() * timedelta(days=(LAST - FIRST).days + 4)
        asked = message(
            f"MsgId:{number}" if number % 20 else f"{KEY}{number}",
            channel=chance.choice(("hall", "desk", "street")),
            user=f"citizen-{chance.randrange(100)}",
            received_at=at,
        )
        state = chance.choice(list(ExchangeState))
        seconds = chance.choice((None, 0.25, 1.5))
        bot = chance.choice(("", "vendor", "other"))
        made.append(exchange(f"e{number}", message=asked, state=state, bot=bot, bot_seconds=seconds))
    return made


@pytest.mark.parametrize("channels", [None, ("hall", "desk"), ("nowhere",)], ids=str)
@pytest.mark.parametrize("step", list(Step))
async def test_the_figures_are_those_of_looking_at_each(
    store: Store, database: Database, step: Step, channels: tuple[str, ...] | None
) -> None:
    made = some_exchanges()
    rows = [exchange_values(one) for one in made]
    await database.change(lambda connection: connection.execute(insert(exchanges), rows))
    period = Period(FIRST, LAST, step)
    came = [
        one
        for one in made
        if period.starts <= one.message.received_at < period.ends
        and (channels is None or one.message.channel in channels)
        and not one.message.key.startswith(KEY)
    ]

    figures = await SqlStatistics(database, lambda text: "").figures(period, channels)

    assert figures.exchanges == Counter(one.state.value for one in came)
    assert figures.citizens == len({(one.message.channel, one.message.user) for one in came})
    assert [(bot.bot, bot.received, bot.held, bot.failed) for bot in figures.bots] == [
        (
            name,
            len(its := [one.state for one in came if one.bot == name]),
            its.count(ExchangeState.HELD),
            its.count(ExchangeState.UNANSWERED),
        )
        for name in sorted({one.bot for one in came} - {""})
    ]
    for bot in figures.bots:
        taken = [one.bot_seconds for one in came if one.bot == bot.bot and one.bot_seconds is not None]
        assert bot.mean_seconds == pytest.approx(sum(taken) / len(taken))
    assert len(figures.buckets) == min(MOST_STEPS, len(period.steps()))
    for bucket, (starts, ends) in zip(figures.buckets, period.steps(), strict=True):
        states = [one.state for one in came if starts <= one.message.received_at < ends]
        assert (bucket.starts, bucket.received) == (starts, len(states))
        assert bucket.held == states.count(ExchangeState.HELD)
        assert bucket.released == sum(
            state in {ExchangeState.ANSWERED, ExchangeState.QUEUED} for state in states
        )
