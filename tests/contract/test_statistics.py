"""Contract of the figures: the same on every database."""

from dataclasses import replace
from datetime import date

from app.core.records import HoldState
from app.core.statistics import Period, Step
from app.core.submission import KEY
from app.ports import Store
from app.storage.database import Database
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
