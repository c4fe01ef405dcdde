"""Finished exchanges with all that came of them: found when they are old, told as JSON lines, taken away."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, not_, or_, select

from app.core.records import DeliveryState, ExchangeState, PostState
from app.core.retention import Class
from app.storage.schema import callbacks, deliveries, exchanges, holds, work_orders

ENDED = tuple(
    state.value
    for state in (
        ExchangeState.ANSWERED,
        ExchangeState.QUEUED,
        ExchangeState.HELD,
        ExchangeState.SILENT,
        ExchangeState.CLOSED,
    )
)
"""Not CLAIMED, not UNANSWERED: somebody or something is still to deal with those."""
_MOVING = tuple(
    state.value
    for state in (
        DeliveryState.QUEUED,
        DeliveryState.SENDING,
        DeliveryState.RETRYING,
        DeliveryState.UNCERTAIN,
    )
)
CHILDREN = (holds, deliveries, callbacks, work_orders)
AT_ONCE = 200
"""Exchanges looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One exchange and its rows in other tables; `line` is their JSON."""

    id: str
    counts: Mapping[str, int]
    line: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Finished exchanges of one class that came in from `starts` on, with all their times before `before`."""

    kind: Class
    starts: datetime
    ends: datetime
    """They came in before this: the end of a month, or `before`."""
    before: datetime

    @property
    def finished(self) -> ColumnElement[bool]:
        before = self.before
        has_hold = exists().where(holds.c.exchange_id == exchanges.c.id)
        return and_(
            exchanges.c.state.in_(ENDED),
            exchanges.c.received_at < before,
            or_(exchanges.c.finished_at.is_(None), exchanges.c.finished_at < before),
            has_hold if self.kind is Class.HOLDS else not_(has_hold),
            *(
                not_(exists().where(child.c.exchange_id == exchanges.c.id, is_not))
                for child, is_not in (
                    (holds, or_(holds.c.open, holds.c.created_at >= before, holds.c.decided_at >= before)),
                    (deliveries, _is_not_over(before)),
                    (callbacks, or_(callbacks.c.state == PostState.QUEUED, callbacks.c.created_at >= before)),
                )
            ),
            not_(
                exists().where(
                    holds.c.exchange_id == exchanges.c.id,
                    work_orders.c.hold_id == holds.c.id,
                    or_(work_orders.c.state == PostState.QUEUED, work_orders.c.created_at >= before),
                )
            ),
        )


def _is_not_over(before: datetime) -> ColumnElement[bool]:
    """A failed delivery may be tried again as long as its window is open."""
    return or_(
        deliveries.c.state.in_(_MOVING),
        deliveries.c.created_at >= before,
        deliveries.c.finished_at >= before,
        and_(deliveries.c.state == DeliveryState.FAILED, deliveries.c.deliver_by >= before),
    )


def oldest_ended(connection: Connection, since: datetime | None) -> datetime | None:
    """When the oldest exchange came in that is not under way, of those from `since` on."""
    found = []
    for state in ENDED:
        query = select(exchanges.c.received_at).where(exchanges.c.state == state)
        if since is not None:
            query = query.where(exchanges.c.received_at >= since)
        found.append(connection.execute(query.order_by(exchanges.c.received_at).limit(1)).scalar())
    return min(filter(None, found), default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk through the ended exchanges has come to."""

    state: int
    received_at: datetime
    id: str


def start(wanted: Wanted) -> Place:
    return Place(0, wanted.starts, "")


def step(connection: Connection, wanted: Wanted, place: Place) -> tuple[Sequence[str], Place | None]:
    """The ids of the next AT_ONCE exchanges, finished or not, and where to go on; None: that was all.

    Along the index and a fixed number at a time: one step is short, however few of them may go.
    """
    rows = connection.execute(
        select(exchanges.c.received_at, exchanges.c.id)
        .where(
            exchanges.c.state == ENDED[place.state],
            exchanges.c.received_at >= place.received_at,
            exchanges.c.received_at < wanted.ends,
            or_(exchanges.c.received_at > place.received_at, exchanges.c.id > place.id),
        )
        .order_by(exchanges.c.received_at, exchanges.c.id)
        .limit(AT_ONCE)
    ).all()
    ids = [row.id for row in rows]
    if len(rows) == AT_ONCE:
        return ids, Place(place.state, rows[-1].received_at, rows[-1].id)
    if place.state + 1 < len(ENDED):
        return ids, Place(place.state + 1, wanted.starts, "")
    return ids, None


def found(connection: Connection, wanted: Wanted, place: Place) -> tuple[Sequence[Bundle], Place | None]:
    """Of the next AT_ONCE exchanges those that are finished, and where to go on; None: that was all."""
    ids, further = step(connection, wanted, place)
    return read(connection, ids, wanted), further


def read(connection: Connection, ids: Sequence[str], wanted: Wanted | None) -> Sequence[Bundle]:
    """Those of `ids` that are finished (None: all of them), in this order, with all their rows.

    What is read stays as it is until the transaction ends.
    """
    if not ids:
        return []
    query = select(exchanges).where(exchanges.c.id.in_(ids))
    if wanted is not None:
        query = query.where(wanted.finished)
    found = {row.id: row._asdict() for row in connection.execute(query)}
    children = {table: _children(connection, table, list(found)) for table in CHILDREN}
    return [
        _bundle(found[one], {table: rows.get(one, []) for table, rows in children.items()})
        for one in ids
        if one in found
    ]


def lock(connection: Connection, ids: Sequence[str]) -> None:
    """Nobody else changes the exchanges, their holds and deliveries until this transaction ends."""
    if connection.dialect.name == "sqlite":
        return  # one writer
    for table, key in (
        (holds, holds.c.exchange_id),
        (deliveries, deliveries.c.exchange_id),
        (exchanges, exchanges.c.id),
    ):
        connection.execute(
            select(table.c.id).where(key.in_(ids)).order_by(table.c.id).with_for_update()
        ).all()


def take_away(connection: Connection, ids: Sequence[str]) -> None:
    mine = select(holds.c.id).where(holds.c.exchange_id.in_(ids))
    connection.execute(delete(work_orders).where(work_orders.c.hold_id.in_(mine)))
    for table in (callbacks, deliveries, holds):
        connection.execute(delete(table).where(table.c.exchange_id.in_(ids)))
    connection.execute(delete(exchanges).where(exchanges.c.id.in_(ids)))


def are_there(connection: Connection, ids: Sequence[str]) -> bool:
    """Whether any of them is among the records."""
    query = select(func.count()).select_from(exchanges).where(exchanges.c.id.in_(ids))
    return bool(connection.execute(query).scalar_one())


# --- JSON -------------------------------------------------------------------------------------


def _children(
    connection: Connection, table: Table, ids: Sequence[str]
) -> Mapping[str, list[Mapping[str, Any]]]:
    """A table's rows by exchange, always in the same order."""
    if table is work_orders:
        query = (
            select(work_orders, holds.c.exchange_id.label("of"))
            .join(holds)
            .where(holds.c.exchange_id.in_(ids))
        )
    else:
        query = select(table, table.c.exchange_id.label("of")).where(table.c.exchange_id.in_(ids))
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in connection.execute(query.order_by(*table.primary_key.columns)):
        found.setdefault(row.of, []).append(row._asdict())
    return found


def _bundle(exchange: Mapping[str, Any], children: Mapping[Table, Sequence[Mapping[str, Any]]]) -> Bundle:
    told: dict[str, Any] = {"exchange": _plain(exchanges, exchange)}
    for table, rows in children.items():
        told[table.name] = [_plain(table, row) for row in rows]
    counts = {"exchanges": 1, **{table.name: len(rows) for table, rows in children.items()}}
    return Bundle(str(exchange["id"]), counts, json.dumps(told, ensure_ascii=False, separators=(",", ":")))


def id_in(line: str) -> str:
    """Of the exchange a line tells of."""
    return str(json.loads(line)["exchange"]["id"])


def _plain(table: Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every column: times in ISO 8601 and UTC, bytes in base64."""
    return {column.name: _value(row[column.name]) for column in table.c}


def _value(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def in_batches(lines: Iterator[str], size: int = AT_ONCE) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
