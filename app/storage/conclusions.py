"""Writes what became of messages: a whole batch of outcomes in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from app.core.errors import Conflict, GuardError, NotFound
from app.core.records import AuditEntry, Exchange, ExchangeState, Outcome
from app.storage import trail
from app.storage.claims import NEW_EXCHANGE
from app.storage.prepared import Prepared
from app.storage.records import (
    EXCHANGE_CHANGES,
    Values,
    delivery_values,
    exchange_changes,
    exchange_values,
    hold_values,
)
from app.storage.schema import deliveries, exchanges, holds

_CHANGE = Prepared.of(
    update(exchanges)
    .where(
        exchanges.c.id == bindparam("of_id"),
        exchanges.c.state == bindparam("was_state"),
        exchanges.c.fence == bindparam("of_fence"),
    )
    .values({name: bindparam(name) for name in EXCHANGE_CHANGES})
)
_STORED = select(exchanges.c.state, exchanges.c.fence)
_NEW_HOLD = insert(holds)
_NEW_DELIVERY = insert(deliveries)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One outcome and the state it follows on; its rows are made before the writer's turn."""

    exchange: Exchange
    was: ExchangeState
    changes: Values
    hold: Values | None
    deliveries: Sequence[Values]
    audit: AuditEntry | None

    @classmethod
    def of(cls, outcome: Outcome, was: ExchangeState) -> "Conclusion":
        return cls(
            outcome.exchange,
            was,
            {
                "of_id": outcome.exchange.id,
                "was_state": was.value,
                "of_fence": outcome.exchange.fence,
                **exchange_changes(outcome.exchange),
            },
            hold_values(outcome.hold) if outcome.hold else None,
            [delivery_values(one) for one in (outcome.delivery, *outcome.more) if one],
            outcome.audit,
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """An exchange that was over as soon as it came."""

    values: Values
    conclusion: Conclusion

    @classmethod
    def of(cls, outcome: Outcome) -> "Whole":
        return cls(exchange_values(outcome.exchange), Conclusion.of(outcome, ExchangeState.CLAIMED))


class NotAllApply(Exception):
    """Of several outcomes one is refused. Rolled back, each is written alone and gets its own answer."""


def write(connection: Connection, items: Sequence[Conclusion]) -> Sequence[GuardError | None]:
    """The plan for outcomes. Raises NotAllApply."""
    if _CHANGE.run(connection, [item.changes for item in items]) < len(items):
        if len(items) > 1:
            raise NotAllApply
        return [_refusal(connection, items[0])]
    _add(connection, items)
    return [None] * len(items)


def write_new(connection: Connection, items: Sequence[Whole]) -> Sequence[GuardError | None]:
    """The plan for what comes whole. Raises NotAllApply."""
    rows = sorted((item.values for item in items), key=lambda row: (row["channel"], row["message_key"]))
    if NEW_EXCHANGE.run(connection, rows) < len(items):
        if len(items) > 1:
            raise NotAllApply
        return [Conflict("this message was here before")]
    _add(connection, [item.conclusion for item in items])
    return [None] * len(items)


def repeat(connection: Connection, exchange: Exchange) -> None:
    """By a fence of its own, so that nobody with the older one changes it. Raises Conflict."""
    mine = (
        exchanges.c.id == exchange.id,
        exchanges.c.state == ExchangeState.ANSWERED.value,
        exchanges.c.fence == exchange.fence,
    )
    if not connection.execute(update(exchanges).where(*mine).values(fence=exchange.fence + 1)).rowcount:
        raise Conflict("the exchange was changed by somebody else")


def _add(connection: Connection, items: Sequence[Conclusion]) -> None:
    """What comes with the exchanges."""
    new_holds = [item.hold for item in items if item.hold]
    if new_holds:
        connection.execute(_NEW_HOLD, new_holds)
    new_deliveries = [row for item in items for row in item.deliveries]
    if new_deliveries:
        connection.execute(_NEW_DELIVERY, new_deliveries)
    trail.append(connection, [item.audit for item in items if item.audit])


def _refusal(connection: Connection, item: Conclusion) -> GuardError:
    row = connection.execute(_STORED.where(exchanges.c.id == item.exchange.id)).one_or_none()
    if row is None:
        return NotFound("there is no such exchange")
    if row.state != item.was.value:
        return Conflict("the exchange was concluded by somebody else", state=row.state)
    return Conflict("the exchange was taken over by somebody else", state=row.state)
