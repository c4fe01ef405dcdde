"""Holds: the queue, a decision, what has expired."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update

from app.core.errors import Conflict, GuardError, HoldNotFound
from app.core.records import AuditEntry, Callback, Delivery, Hold, Pressing, WorkOrder
from app.ports import MOST_COUNTED, HoldFilter, Page
from app.storage import locks, searching, trail
from app.storage.claims import OPEN_HOLDS
from app.storage.hold_filters import matching, order_of
from app.storage.paging import page
from app.storage.records import Values, delivery_values, hold_changes, hold_of
from app.storage.schema import callbacks, deliveries, exchanges, holds, work_orders

_CHANGE = update(holds).where(holds.c.id == bindparam("of_id"))


def _with_message() -> Select[Any]:
    return select(holds, exchanges.c.message, exchanges.c.raw).join(
        exchanges, exchanges.c.id == holds.c.exchange_id
    )


def one(connection: Connection, hold_id: str) -> Hold:
    """Raises HoldNotFound."""
    row = connection.execute(_with_message().where(holds.c.id == hold_id)).one_or_none()
    if row is None:
        raise HoldNotFound("there is no such hold")
    return hold_of(row)


def search(connection: Connection, wanted: HoldFilter) -> Page[Hold]:
    """Raises Invalid."""
    query = _with_message()
    if wanted.text:
        found = searching.first(connection, wanted, wanted.limit + 1)
        query = query.where(holds.c.id.in_(found))
    else:
        query = matching(query, wanted)
    return page(connection, query, order_of(wanted), wanted.after, wanted.limit, hold_of)


def count(connection: Connection, wanted: HoldFilter) -> int:
    """At most MOST_COUNTED."""
    if wanted.text:
        return len(searching.first(connection, wanted, MOST_COUNTED, in_order=False))
    few = matching(select(holds.c.id), wanted).limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())


def pressing(connection: Connection, now: datetime, soon: timedelta) -> Mapping[str, Pressing]:
    late = _by_channel(connection, holds.c.open, holds.c.due_at <= now, holds.c.decide_by <= now)
    closing = _by_channel(
        connection,
        holds.c.state.in_(OPEN_HOLDS),
        holds.c.deliver_by > now,
        holds.c.deliver_by <= now + soon,
    )
    return {name: Pressing(late.get(name, 0), closing.get(name, 0)) for name in {*late, *closing}}


def _by_channel(connection: Connection, *which: ColumnElement[bool]) -> Mapping[str, int]:
    few = select(holds.c.channel).where(*which).limit(MOST_COUNTED).subquery()
    rows = connection.execute(select(few.c.channel, func.count()).group_by(few.c.channel))
    return {channel: count for channel, count in rows}


def expired(connection: Connection, now: datetime, limit: int) -> Sequence[Hold]:
    query = (
        _with_message()
        .where(holds.c.state.in_(OPEN_HOLDS), holds.c.deliver_by <= now)
        .order_by(holds.c.deliver_by, holds.c.id)
        .limit(limit)
    )
    return [hold_of(row) for row in connection.execute(query)]


# --- a decision -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settlement:
    """A decided hold with what follows; its rows are made before the writer's turn."""

    hold: Hold
    changes: Values
    deliveries: Sequence[Values]
    audit: AuditEntry
    work_order: Values | None = None
    callback: Values | None = None

    @classmethod
    def of(
        cls,
        hold: Hold,
        sent: Sequence[Delivery],
        audit: AuditEntry,
        order: WorkOrder | None,
        callback: Callback | None,
    ) -> "Settlement":
        return cls(
            hold,
            hold_changes(hold),
            [delivery_values(one) for one in sent],
            audit,
            asdict(order) if order else None,
            asdict(callback) if callback else None,
        )


def settle(connection: Connection, items: Sequence[Settlement]) -> Sequence[GuardError | None]:
    """The plan for decisions."""
    locks.take(connection, holds.c.id, [item.hold.id for item in items])
    return [_settle(connection, item) for item in items]


def _settle(connection: Connection, item: Settlement) -> GuardError | None:
    stored = connection.execute(
        select(holds.c.version, holds.c.state, holds.c.deliver_by)
        .where(holds.c.id == item.hold.id)
        .with_for_update()
    ).one_or_none()
    if stored is None:
        return HoldNotFound("there is no such hold")
    if stored.version != item.hold.version - 1:
        by = trail.last_actor(connection, item.audit.subject)
        return Conflict("somebody else has changed the hold", by=by, state=stored.state)
    connection.execute(_CHANGE, {"of_id": item.hold.id, **item.changes})
    for delivery in item.deliveries:
        # The follower may have written again since the hold was read: the longer window counts.
        deliver_by = max(filter(None, (delivery["deliver_by"], stored.deliver_by)))
        connection.execute(insert(deliveries), {**delivery, "deliver_by": deliver_by})
    if item.work_order is not None:
        connection.execute(insert(work_orders), item.work_order)
    if item.callback is not None:
        connection.execute(insert(callbacks), item.callback)
    trail.append(connection, (item.audit,))
    return None
