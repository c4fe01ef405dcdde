"""Holds: the queue, a decision, what has expired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from app.core.errors import Conflict, GuardError, HoldNotFound
from app.core.records import AuditEntry, Delivery, Hold
from app.ports import HoldFilter, Page
from app.storage import trail
from app.storage.claims import OPEN_HOLDS
from app.storage.paging import SortKey, page
from app.storage.records import Values, delivery_values, hold_changes, hold_of
from app.storage.schema import deliveries, exchanges, holds, storable

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a hold without `deliver_by` stands in the queue."""

_DEADLINE = func.coalesce(holds.c.deliver_by, bindparam("never", _NEVER, type_=holds.c.deliver_by.type))

_QUEUE_ORDER = (
    SortKey(_DEADLINE),
    SortKey(holds.c.severity, descending=True),
    SortKey(holds.c.created_at),
    SortKey(holds.c.id),
)

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
    if wanted.states:
        query = query.where(holds.c.state.in_([state.value for state in wanted.states]))
    if wanted.channels is not None:
        query = query.where(holds.c.channel.in_(wanted.channels))
    if wanted.severity is not None:
        query = query.where(holds.c.severity == wanted.severity.rank)
    if wanted.claimed_by:
        query = query.where(holds.c.claimed_by == wanted.claimed_by)
    if wanted.text:
        query = query.where(holds.c.search.icontains(storable(wanted.text), autoescape=True))
    return page(connection, query, _QUEUE_ORDER, wanted.after, wanted.limit, hold_of)


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
    delivery: Values | None
    audit: AuditEntry

    @classmethod
    def of(cls, hold: Hold, delivery: Delivery | None, audit: AuditEntry) -> "Settlement":
        return cls(hold, hold_changes(hold), delivery_values(delivery) if delivery else None, audit)


def settle(connection: Connection, items: Sequence[Settlement]) -> Sequence[GuardError | None]:
    """The plan for decisions."""
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
    if item.delivery is not None:
        # The follower may have written again since the hold was read: the longer window counts.
        deliver_by = max(filter(None, (item.delivery["deliver_by"], stored.deliver_by)))
        connection.execute(insert(deliveries), {**item.delivery, "deliver_by": deliver_by})
    trail.append(connection, (item.audit,))
    return None
