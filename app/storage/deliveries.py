"""Deliveries: leased to one courier, recorded once, counted against what the platform allows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, update

from app.core.errors import Conflict, GuardError, NotFound
from app.core.records import AuditEntry, Delivery, DeliveryState
from app.ports import Allowance, Page
from app.storage import locks, trail
from app.storage.paging import SortKey, page
from app.storage.records import Values, delivery_changes, delivery_of
from app.storage.schema import deliveries, exchanges

WAITING = (DeliveryState.QUEUED.value, DeliveryState.RETRYING.value)

_STOPPED = (DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value)
"""What a person may act on."""

_COUNTED = (DeliveryState.DELIVERED.value, DeliveryState.UNCERTAIN.value, DeliveryState.SENDING.value)
"""What the platform may have counted against the follower's window."""

_NEWEST_FIRST = (
    SortKey(deliveries.c.created_at, descending=True),
    SortKey(deliveries.c.id, descending=True),
)

_CHANGE = update(deliveries).where(deliveries.c.id == bindparam("of_id"))
_SAID = update(exchanges).where(exchanges.c.id == bindparam("of_id")).values(said=bindparam("text"))


def _with_message() -> Select[Any]:
    return select(deliveries, exchanges.c.message, exchanges.c.raw).join(
        exchanges, exchanges.c.id == deliveries.c.exchange_id
    )


def one(connection: Connection, delivery_id: str) -> Delivery:
    """Raises NotFound."""
    row = connection.execute(_with_message().where(deliveries.c.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such delivery")
    return delivery_of(row)


def listed(
    connection: Connection,
    states: Sequence[DeliveryState],
    channels: Sequence[str] | None,
    after: str,
    limit: int,
) -> Page[Delivery]:
    """Newest first. Raises Invalid."""
    query = _with_message().where(deliveries.c.state.in_([state.value for state in states]))
    if channels is not None:
        query = query.where(deliveries.c.channel.in_(channels))
    return page(connection, query, _NEWEST_FIRST, after, limit, delivery_of)


def lost(connection: Connection, now: datetime, limit: int) -> Sequence[Delivery]:
    query = (
        _with_message()
        .where(deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.leased_until < now)
        .order_by(deliveries.c.leased_until, deliveries.c.id)
        .limit(limit)
    )
    return [delivery_of(row) for row in connection.execute(query)]


def waiting(connection: Connection, now: datetime) -> Sequence[str]:
    """The channels that have something due."""
    query = (
        select(deliveries.c.channel)
        .where(deliveries.c.state.in_(WAITING), deliveries.c.next_at <= now)
        .distinct()
        .order_by(deliveries.c.channel)
    )
    return connection.execute(query).scalars().all()


# --- leases -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    now: datetime
    limit: int
    lease: timedelta
    channel: str | None = None
    """None: all."""


def lease(connection: Connection, requests: Sequence[LeaseRequest]) -> Sequence[Sequence[Delivery]]:
    """The plan for leases."""
    return [_lease(connection, request) for request in requests]


def _lease(connection: Connection, request: LeaseRequest) -> Sequence[Delivery]:
    of_channel = () if request.channel is None else (deliveries.c.channel == request.channel,)
    query = (
        _with_message()
        .where(
            deliveries.c.state.in_(WAITING),
            deliveries.c.next_at <= request.now,
            *of_channel,
            ~_another_goes_first(),
        )
        .order_by(deliveries.c.created_at, deliveries.c.id)
        .limit(request.limit)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    leased = [
        replace(
            delivery,
            state=DeliveryState.SENDING,
            next_at=None,
            leased_until=request.now + request.lease,
            attempts=delivery.attempts + 1,
            fence=delivery.fence + 1,
        )
        for delivery in map(delivery_of, connection.execute(query))
    ]
    if leased:
        connection.execute(
            _CHANGE, [{"of_id": one.id, "fence": one.fence, **delivery_changes(one)} for one in leased]
        )
    return leased


def _another_goes_first() -> ColumnElement[bool]:
    """The same follower is being sent another one, or has an older one that waits."""
    other = deliveries.alias("other")
    older = or_(
        other.c.created_at < deliveries.c.created_at,
        and_(other.c.created_at == deliveries.c.created_at, other.c.id < deliveries.c.id),
    )
    return exists().where(
        other.c.channel == deliveries.c.channel,
        other.c.user_id == deliveries.c.user_id,
        or_(other.c.state == DeliveryState.SENDING.value, and_(other.c.state.in_(WAITING), older)),
    )


# --- what became of one -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a delivery: a courier's word, or with `audit` a person's."""

    delivery: Delivery
    changes: Values
    audit: AuditEntry | None

    @classmethod
    def of(cls, delivery: Delivery, audit: AuditEntry | None) -> "Report":
        return cls(delivery, {"of_id": delivery.id, **delivery_changes(delivery)}, audit)


def record(connection: Connection, items: Sequence[Report]) -> Sequence[GuardError | None]:
    """The plan for reports."""
    locks.take(connection, deliveries.c.id, [item.delivery.id for item in items])
    return [_record(connection, item) for item in items]


def _record(connection: Connection, item: Report) -> GuardError | None:
    stored = connection.execute(
        select(deliveries.c.state, deliveries.c.fence)
        .where(deliveries.c.id == item.delivery.id)
        .with_for_update()
    ).one_or_none()
    if stored is None:
        return NotFound("there is no such delivery")
    expected = _STOPPED if item.audit else (DeliveryState.SENDING.value,)
    if stored.state not in expected or stored.fence != item.delivery.fence:
        by = trail.last_actor(connection, item.audit.subject) if item.audit else ""
        return Conflict("somebody else has recorded what became of it", by=by, state=stored.state)
    connection.execute(_CHANGE, item.changes)
    if item.delivery.state is DeliveryState.DELIVERED:
        said = {"of_id": item.delivery.exchange_id, "text": item.delivery.reply.text}
        connection.execute(_SAID, said)
    if item.audit:
        trail.append(connection, (item.audit,))
    return None


# --- what the platform still allows -----------------------------------------------------------


# Asked for every message a vendor sends; to put them together takes as long as to ask them.

_THEIR_MESSAGES = (
    exchanges.c.channel == bindparam("of_channel"),
    exchanges.c.user_id == bindparam("of_user"),
)
_LEFT_AT = select(func.max(exchanges.c.received_at)).where(*_THEIR_MESSAGES, exchanges.c.departed)
_WINDOW = (
    select(exchanges.c.received_at, exchanges.c.window_closes_at, exchanges.c.window_messages)
    .where(
        *_THEIR_MESSAGES,
        exchanges.c.window_closes_at.is_not(None),
        exchanges.c.received_at > bindparam("left_at"),
    )
    # A click's minute opens beside the 48 hours after a message and does not cut them short.
    .order_by(exchanges.c.window_closes_at.desc(), exchanges.c.received_at.desc(), exchanges.c.id.desc())
    .limit(1)
)
_USED = (
    select(func.count())
    .select_from(deliveries)
    .where(
        deliveries.c.channel == bindparam("of_channel"),
        deliveries.c.user_id == bindparam("of_user"),
        deliveries.c.state.in_(_COUNTED),
        deliveries.c.id != bindparam("excluding"),
        or_(deliveries.c.finished_at.is_(None), deliveries.c.finished_at >= bindparam("opened_at")),
    )
)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def allowance(connection: Connection, channel: str, user: str, excluding: str) -> Allowance:
    theirs = {"of_channel": channel, "of_user": user}
    left_at = connection.execute(_LEFT_AT, theirs).scalar_one() or _NEVER
    window = connection.execute(_WINDOW, {**theirs, "left_at": left_at}).one_or_none()
    if window is None:
        return Allowance(None, 0)
    counted = {**theirs, "excluding": excluding, "opened_at": window.received_at}
    used = connection.execute(_USED, counted).scalar_one()
    return Allowance(window.window_closes_at, max(0, window.window_messages - used))
