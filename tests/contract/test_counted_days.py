"""Contract of days that are counted once: what was counted is what is there, whatever changed since."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from app.core.records import DeliveryState, ExchangeState, HoldState
from app.core.statistics import CHINA, Period, Step
from app.storage import days as counted
from app.storage.database import Database
from app.storage.days import OVER_AFTER, Days, SqlDays
from app.storage.records import delivery_values, exchange_values, hold_values
from app.storage.schema import counted_days, day_changes, deliveries, exchanges, holds
from app.storage.tallies import Tally, count, total
from tests.values import delivery, exchange, hold, message

FIRST, LAST = (datetime.now(CHINA).date() - timedelta(days=back) for back in (12, 4))
"""Lately, but over."""
PERIOD = Period(FIRST, LAST, Step.DAY)
CHANNELS = ("hall", "desk", "street")
NOW_AT_ONCE = timedelta(0)


def some_rows(chance: Random) -> tuple[list[dict[str, Any]], ...]:
    made: tuple[list[dict[str, Any]], ...] = ([], [], [])
    for number in range(200):
        at = PERIOD.starts + chance.random() * (PERIOD.ends - PERIOD.starts)
        channel, user = chance.choice(CHANNELS), f"citizen-{chance.randrange(40)}"
        asked = message(f"MsgId:{number}", channel=channel, user=user, received_at=at)
        state = chance.choice(list(ExchangeState))
        seconds, bot = chance.choice((None, 0.25, 1.5)), chance.choice(("", "vendor", "other"))
        made[0].append(
            exchange_values(exchange(f"e{number}", message=asked, state=state, bot=bot, bot_seconds=seconds))
        )
        later = at + chance.random() * timedelta(hours=30)
        its = {"exchange_id": f"e{number}", "channel": channel, "user": user, "created_at": later}
        if number % 3 == 0:
            held = hold(f"h{number}", message=asked, state=chance.choice(list(HoldState)), **its)
            made[1].append(hold_values(held))
        if number % 4 == 0:
            sent = delivery(f"d{number}", message=asked, state=chance.choice(list(DeliveryState)), **its)
            made[2].append(delivery_values(sent))
    return made


def fill(connection: Connection) -> None:
    for table, rows in zip((exchanges, holds, deliveries), some_rows(Random(3)), strict=True):
        connection.execute(insert(table), rows)


@pytest.fixture
async def filled(database: Database) -> Database:
    await database.change(fill)
    return database


async def count_all(database: Database) -> None:
    days = SqlDays(database, settles_in=NOW_AT_ONCE)
    await days.announce()
    while (day := await days.to_count()) is not None:
        await days.count(day)


async def known(database: Database) -> set[date]:
    return set(await database.read(lambda connection: Days.look(connection, PERIOD, None).known))


async def asked(database: Database, channels: tuple[str, ...] | None = None) -> Tally:
    return await database.read(
        lambda connection: Days.look(connection, PERIOD, channels).between(FIRST, LAST)
    )


async def there(database: Database, channels: tuple[str, ...] | None = None) -> Tally:
    return await database.read(
        lambda connection: total(count(connection, PERIOD.starts, PERIOD.ends, channels).values())
    )


ALL = {FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)}


@pytest.mark.parametrize("channels", [None, ("hall", "desk"), ("nowhere",)], ids=str)
async def test_what_is_kept_of_days_is_what_they_hold(
    filled: Database, channels: tuple[str, ...] | None
) -> None:
    before = await there(filled, channels)
    assert await known(filled) == set()
    assert await asked(filled, channels) == before
    await count_all(filled)
    assert await known(filled) == ALL
    assert await asked(filled, channels) == before


def a_late_message(connection: Connection) -> None:
    asked = message("MsgId:late", channel="hall", user="late", received_at=PERIOD.starts)
    connection.execute(insert(exchanges), exchange_values(exchange("late", message=asked)))


def of(table: Any, **values: Any) -> Callable[[Connection], None]:
    """Changes a row that is there, of the same number in each table."""

    def change(connection: Connection) -> None:
        row = select(table.c.id).where(table.c.id.in_(("e12", "h12", "d12"))).scalar_subquery()
        changed = connection.execute(update(table).where(table.c.id == row).values(**values))
        assert changed.rowcount == 1

    return change


def all_of_one(connection: Connection) -> None:
    connection.execute(delete(deliveries).where(deliveries.c.exchange_id == "e12"))
    connection.execute(delete(holds).where(holds.c.exchange_id == "e12"))
    connection.execute(delete(exchanges).where(exchanges.c.id == "e12"))


CHANGES = {
    "a message that was found late": a_late_message,
    "how an exchange ended": of(exchanges, state=ExchangeState.UNANSWERED.value),
    "the bot, by which holds of another day are counted too": of(exchanges, bot="third"),
    "how long the bot took": of(exchanges, bot_seconds=9.0),
    "when a message came": of(exchanges, received_at=PERIOD.ends + timedelta(hours=1)),
    "a decision": of(holds, state=HoldState.EXPIRED.value),
    "categories": of(holds, categories="tone authority"),
    "a delivery": of(deliveries, state=DeliveryState.DELIVERED.value),
    "all of it, by retention": all_of_one,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_changes_of_a_day_that_was_counted_is_counted_anew(
    filled: Database, change: Callable[[Connection], None]
) -> None:
    await count_all(filled)
    before = await asked(filled)
    await filled.change(change)
    now = await there(filled)
    assert now != before
    assert await asked(filled) == now
    assert await known(filled) < ALL
    await count_all(filled)
    assert await known(filled) == ALL
    assert await asked(filled) == now
    assert await filled.read(lambda connection: connection.execute(select(day_changes)).all()) == []


async def test_a_change_between_looking_and_keeping_leaves_the_day_unknown(filled: Database) -> None:
    await SqlDays(filled).announce()
    look = await looked(filled)
    assert look is not None
    asked_late = message("MsgId:between", channel="hall", user="late", received_at=noon_of(look.day))
    late = exchange_values(exchange("between", message=asked_late))
    await filled.change(lambda connection: connection.execute(insert(exchanges), late))
    assert await filled.change(lambda connection: counted._keep(connection, look))
    assert look.day not in await known(filled)
    await count_all(filled)
    assert await asked(filled) == await there(filled)


async def looked(database: Database) -> counted._Look | None:
    return await database.read(lambda connection: counted._look_at(connection, LAST, NOW_AT_ONCE))


def noon_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)


async def test_of_two_who_look_at_one_day_the_later_keeps_nothing(filled: Database) -> None:
    await SqlDays(filled).announce()
    looks = [await looked(filled) for _ in range(2)]
    kept = [await filled.change(partial(counted._keep, look=look)) for look in looks if look is not None]
    assert kept == [True, False]


async def test_what_came_lately_is_never_taken_for_over(database: Database) -> None:
    now = datetime.now(UTC)
    for number, age in enumerate((timedelta(0), OVER_AFTER - timedelta(hours=1), OVER_AFTER * 3)):
        came = message(f"MsgId:{number}", received_at=now - age)
        row = exchange_values(exchange(f"e{number}", message=came))
        await database.change(partial(Connection.execute, statement=insert(exchanges), parameters=row))
    await SqlDays(database).announce()
    announced = await database.read(
        lambda connection: list(connection.execute(select(counted_days.c.day)).scalars())
    )
    assert announced
    assert max(announced) < (now - OVER_AFTER).astimezone(CHINA).date()


async def test_days_that_a_clock_ahead_announced_are_not_known_and_taken_back(filled: Database) -> None:
    await count_all(filled)
    today = datetime.now(CHINA).date()
    too_soon = {"day": today, "version": 1, "announced_at": datetime.now(UTC)}
    await filled.change(lambda connection: connection.execute(insert(counted_days), too_soon))
    period = Period(today, today, Step.DAY)
    assert not await filled.read(lambda connection: Days.look(connection, period, None).known)
    await SqlDays(filled).announce()
    left = await filled.read(lambda connection: set(connection.execute(select(counted_days.c.day)).scalars()))
    assert today not in left
    assert left >= ALL


async def test_a_day_is_counted_only_when_whoever_did_not_see_its_announcement_is_done(
    filled: Database,
) -> None:
    days = SqlDays(filled, settles_in=timedelta(minutes=10))
    await days.announce()
    assert await days.to_count() is None
    await days.count(FIRST)
    assert FIRST not in await known(filled)


async def test_a_day_that_cannot_be_counted_stands_before_no_older_one(filled: Database) -> None:
    days = SqlDays(filled, settles_in=NOW_AT_ONCE)
    await days.announce()
    latest = await days.to_count()
    assert latest is not None
    assert await days.to_count(latest) == latest - timedelta(days=1)
