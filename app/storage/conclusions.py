"""Writes what became of messages: a whole batch of outcomes in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from app.core.errors import Conflict, GuardError, NotFound
from app.core.model import AuditEntry, Exchange, ExchangeState, Outcome
from app.storage import trail
from app.storage.records import Values, delivery_values, exchange_changes, hold_values
from app.storage.schema import deliveries, exchanges, holds

_STORED = (
    select(exchanges.c.id, exchanges.c.state, exchanges.c.fence)
    .where(exchanges.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(exchanges.c.id)
    .with_for_update()
)
_CHANGE = update(exchanges).where(exchanges.c.id == bindparam("of_id"))
_NEW_HOLD = insert(holds)
_NEW_DELIVERY = insert(deliveries)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One outcome and the state it follows on; its rows are made before the writer's turn."""

    exchange: Exchange
    was: ExchangeState
    changes: Values
    hold: Values | None
    delivery: Values | None
    audit: AuditEntry | None

    @classmethod
    def of(cls, outcome: Outcome, was: ExchangeState) -> "Conclusion":
        return cls(
            outcome.exchange,
            was,
            {"of_id": outcome.exchange.id, **exchange_changes(outcome.exchange)},
            hold_values(outcome.hold) if outcome.hold else None,
            delivery_values(outcome.delivery) if outcome.delivery else None,
            outcome.audit,
        )


def write(connection: Connection, items: Sequence[Conclusion]) -> Sequence[GuardError | None]:
    """The plan for outcomes. Each is judged first, on locked rows; only then is anything written."""
    ids = {"ids": [item.exchange.id for item in items]}
    stored = {row.id: (row.state, row.fence) for row in connection.execute(_STORED, ids)}
    results: list[GuardError | None] = []
    accepted: list[Conclusion] = []
    for item in items:
        refusal = _refusal(item, stored.get(item.exchange.id))
        results.append(refusal)
        if refusal is None:
            accepted.append(item)
            stored[item.exchange.id] = (item.exchange.state.value, item.exchange.fence)
    if accepted:
        connection.execute(_CHANGE, [item.changes for item in accepted])
    new_holds = [item.hold for item in accepted if item.hold]
    if new_holds:
        connection.execute(_NEW_HOLD, new_holds)
    new_deliveries = [item.delivery for item in accepted if item.delivery]
    if new_deliveries:
        connection.execute(_NEW_DELIVERY, new_deliveries)
    trail.append(connection, [item.audit for item in accepted if item.audit])
    return results


def _refusal(item: Conclusion, stored: tuple[str, int] | None) -> GuardError | None:
    if stored is None:
        return NotFound("there is no such exchange")
    state, fence = stored
    if state != item.was.value:
        return Conflict("the exchange was concluded by somebody else", state=state)
    if fence != item.exchange.fence:
        return Conflict("the exchange was taken over by somebody else", state=state)
    return None
