"""Days that are over, counted once (ADR 24): a year's figures read 365 days, not ten million exchanges.

A day is announced two days after it ended; from then on triggers note every change of what is counted,
whoever makes it (migration 0015). It is known once it was counted and while no change is noted. Whatever is
not known is counted from the records themselves, so that no figure is ever out of date.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from app.core.records import DeliveryState, ExchangeState
from app.core.statistics import CHINA, Period, Step
from app.storage.database import Database
from app.storage.rulesets import clock
from app.storage.schema import counted_days, day_changes, day_figures, deliveries, exchanges, holds
from app.storage.tallies import Tally, count, packed, total, unpacked
from app.storage.upsert import upsert

OVER_AFTER = timedelta(days=2)
"""Whoever writes late, or by a clock that was set back less than a day, is still noted."""
SETTLES_IN = timedelta(minutes=10)
"""From its announcement until a day is counted: longer than any transaction that has not seen it lasts."""
ANNOUNCED_AT_ONCE = 100
_TAKEN_AT_ONCE = 500

_changed = exists().where(day_changes.c.day == counted_days.c.day)


def _over_before(connection: Connection) -> date:
    """The first day that is not over."""
    return (clock(connection) - OVER_AFTER).astimezone(CHINA).date()


# --- asking -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Days:
    """Of some channels; None: all. On one view of the records."""

    connection: Connection
    known: Set[date]
    channels: Sequence[str] | None

    @classmethod
    def look(cls, connection: Connection, period: Period, channels: Sequence[str] | None) -> "Days":
        whole = counted_days.c.day.between(period.first, period.last)
        over = counted_days.c.day < _over_before(connection)
        query = select(counted_days.c.day).where(whole, over, counted_days.c.version > 0, ~_changed)
        return cls(connection, set(connection.execute(query).scalars()), channels)

    def between(self, first: date, last: date) -> Tally:
        """Both of them included."""
        found = Tally()
        for starts, ends, is_known in self._runs(first, last):
            found.add(self._kept(starts, ends) if is_known else self._counted(starts, ends))
        return found

    def _runs(self, first: date, last: date) -> Iterator[tuple[date, date, bool]]:
        """Consecutive days that are alike; few enough together that what is read of them stays small."""
        day = first
        while day <= last:
            is_known, starts = day in self.known, day
            while day <= last and (day in self.known) == is_known and (day - starts).days < 31:
                day += timedelta(days=1)
            yield starts, day - timedelta(days=1), is_known

    def _kept(self, first: date, last: date) -> Tally:
        query = select(day_figures.c.counts, day_figures.c.citizens)
        query = query.where(day_figures.c.day.between(first, last))
        if self.channels is not None:
            query = query.where(day_figures.c.channel.in_(self.channels))
        return total(unpacked(row.counts, row.citizens) for row in self.connection.execute(query))

    def _counted(self, first: date, last: date) -> Tally:
        period = Period(first, last, Step.DAY)
        return total(count(self.connection, period.starts, period.ends, self.channels).values())


# --- counting -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SqlDays:
    """Counts days that are over. Everything raises StoreError."""

    database: Database
    settles_in: timedelta = SETTLES_IN

    async def announce(self) -> int:
        """Of the days that are over, those that nobody has announced; the latest first, not all at once."""
        days, too_soon = await self.database.read(_unannounced)
        if days or too_soon:
            await self.database.change(lambda connection: _announce(connection, days))
        return len(days)

    async def to_count(self, before: date | None = None) -> date | None:
        """The latest day that is not known, of those before that one; None: all are known."""
        return await self.database.read(lambda connection: _to_count(connection, self.settles_in, before))

    async def count(self, day: date) -> None:
        """Where it is still to be counted."""
        found = await self.database.read(lambda connection: _look_at(connection, day, self.settles_in))
        if found is not None and await self.database.change(lambda connection: _keep(connection, found)):
            for start in range(0, len(found.changes), _TAKEN_AT_ONCE):
                counted = found.changes[start : start + _TAKEN_AT_ONCE]
                await self.database.change(partial(_take_out, notes=counted))


@dataclass(frozen=True, slots=True)
class _Look:
    """At a day and at the changes noted of it, on one view of the records: these are counted, no others.

    A note that is committed later stays, and while it does the day is not known.
    """

    day: date
    version: int
    announced_at: datetime
    changes: Sequence[int]
    tallies: Mapping[str, Tally]


def _to_count(connection: Connection, settles_in: timedelta, before: date | None) -> date | None:
    query = select(counted_days.c.day).where(_not_known(connection, settles_in))
    if before is not None:
        query = query.where(counted_days.c.day < before)
    return connection.execute(query.order_by(counted_days.c.day.desc()).limit(1)).scalar_one_or_none()


def _not_known(connection: Connection, settles_in: timedelta) -> ColumnElement[bool]:
    settled = counted_days.c.announced_at <= clock(connection) - settles_in
    return or_(and_(counted_days.c.version == 0, settled), and_(counted_days.c.version > 0, _changed))


def _look_at(connection: Connection, day: date, settles_in: timedelta) -> _Look | None:
    """None: it is known by now, or was announced anew."""
    asked = select(counted_days).where(counted_days.c.day == day, _not_known(connection, settles_in))
    found = connection.execute(asked).one_or_none()
    if found is None:
        return None
    changes = connection.execute(select(day_changes.c.id).where(day_changes.c.day == day)).scalars()
    period = Period(day, day, Step.DAY)
    tallies = count(connection, period.starts, period.ends, None)
    return _Look(day, found.version, found.announced_at, list(changes), tallies)


def _keep(connection: Connection, look: _Look) -> bool:
    """False: somebody else was faster, or the day is not over after all."""
    as_seen = (
        counted_days.c.day == look.day,
        counted_days.c.version == look.version,
        counted_days.c.announced_at == look.announced_at,
    )
    moved_on = connection.execute(update(counted_days).where(*as_seen).values(version=look.version + 1))
    if not moved_on.rowcount:
        return False
    connection.execute(delete(day_figures).where(day_figures.c.day == look.day))
    for channel, tally in look.tallies.items():
        counts, citizens = packed(tally)
        values = {"day": look.day, "channel": channel, "counts": counts, "citizens": citizens}
        connection.execute(insert(day_figures).values(values))
    return True


def _take_out(connection: Connection, notes: Sequence[int]) -> None:
    connection.execute(delete(day_changes).where(day_changes.c.id.in_(notes)))


def _announce(connection: Connection, days: Sequence[date]) -> None:
    """Whoever announces at the same time has done it; a clock that was ahead has announced too much."""
    connection.execute(delete(counted_days).where(counted_days.c.day >= _over_before(connection)))
    for day in days:
        upsert(connection, counted_days, {"day": day, "version": 0, "announced_at": clock(connection)})


def _unannounced(connection: Connection) -> tuple[Sequence[date], bool]:
    """Days to announce; whether some were announced too soon."""
    there, limit = set(connection.execute(select(counted_days.c.day)).scalars()), _over_before(connection)
    oldest = _oldest(connection)
    first = limit if oldest is None else oldest.astimezone(CHINA).date()
    days = (limit - timedelta(days=back) for back in range(1, (limit - first).days + 1))
    too_soon = any(day >= limit for day in there)
    return [day for day in days if day not in there][:ANNOUNCED_AT_ONCE], too_soon


def _oldest(connection: Connection) -> datetime | None:
    """An index has the first of each state."""
    firsts: list[Select[Any]] = [
        select(func.min(exchanges.c.received_at)).where(exchanges.c.state == state.value)
        for state in ExchangeState
    ]
    firsts += [
        select(func.min(deliveries.c.created_at)).where(deliveries.c.state == state.value)
        for state in DeliveryState
    ]
    firsts.append(select(func.min(holds.c.created_at)))
    found = [at for one in firsts if (at := connection.execute(one).scalar()) is not None]
    return min(found, default=None)
