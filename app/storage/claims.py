"""Makes messages durable: a whole batch of claims in a few statements, whatever its size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import BodyChanged, GuardError, StoreError
from app.core.model import Conversation, Turn
from app.core.records import Claim, DeliveryState, Exchange, ExchangeState, HoldState
from app.storage.columns import storable
from app.storage.prepared import Prepared
from app.storage.records import Values, exchange_of, exchange_values
from app.storage.schema import deliveries, exchanges, holds

OPEN_HOLDS = (HoldState.PENDING.value, HoldState.CLAIMED.value)

UNSENT = tuple(
    state.value for state in DeliveryState if state not in {DeliveryState.DELIVERED, DeliveryState.EXPIRED}
)
"""What may still be sent, by the courier or by a person's act."""

NEW_EXCHANGE = Prepared(
    {
        "sqlite": sqlite.insert(exchanges).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(exchanges).on_conflict_do_nothing(),
    }
)
_LATER_HOLDS = Prepared.of(
    update(holds)
    .where(
        holds.c.channel == bindparam("of_channel"),
        holds.c.user_id == bindparam("of_user"),
        or_(*(holds.c.state == state for state in OPEN_HOLDS)),  # IN would not go with many rows at once
        or_(holds.c.deliver_by.is_(None), holds.c.deliver_by < bindparam("closes_at")),
    )
    .values(
        deliver_by=bindparam("closes_at"),
        due_at=case(
            (holds.c.decide_by < bindparam("closes_at"), holds.c.decide_by), else_=bindparam("closes_at")
        ),
    )
)
_LATER_DELIVERIES = Prepared.of(
    update(deliveries)
    .where(
        deliveries.c.channel == bindparam("of_channel"),
        deliveries.c.user_id == bindparam("of_user"),
        or_(*(deliveries.c.state == state for state in UNSENT)),
        deliveries.c.deliver_by < bindparam("closes_at"),
    )
    .values(deliver_by=bindparam("closes_at"))
)
_STORED = select(exchanges.c.id, exchanges.c.state, exchanges.c.fence, exchanges.c.digest).where(
    exchanges.c.id.in_(bindparam("ids", expanding=True))
)
_TAKE_OVER = (
    update(exchanges)
    .where(exchanges.c.id == bindparam("of_id"))
    .values(fence=bindparam("new_fence"), claimed_until=bindparam("until"))
)


class Key(NamedTuple):
    channel: str
    key: str


@dataclass(frozen=True, slots=True)
class NewClaim:
    exchange: Exchange
    now: datetime
    values: Values
    """The exchange's row, made before the writer's turn."""

    @classmethod
    def of(cls, exchange: Exchange, now: datetime) -> "NewClaim":
        return cls(exchange, now, exchange_values(exchange))

    @property
    def key(self) -> Key:
        """As the records have it."""
        message = self.exchange.message
        return Key(storable(message.channel), storable(message.key))


@dataclass(frozen=True, slots=True)
class Claims:
    """The plan for claims. A conversation is what was said within `within`, at most `turns` turns of it."""

    within: timedelta
    turns: int
    turns_for: frozenset[str] | None = None
    """Channels whose conversations are told; None: all. Turns nobody reads are not looked up."""
    _recent: Select[Any] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_recent", _recent(self.turns))

    def write(self, connection: Connection, items: Sequence[NewClaim]) -> Sequence[Claim | GuardError]:
        # Sorted, so that two processes with the same messages never wait for each other crosswise.
        ordered = sorted(items, key=lambda item: item.key)
        inserted = NEW_EXCHANGE.run(connection, [item.values for item in ordered])
        fresh = ordered if inserted == len(ordered) else _own(connection, ordered)
        _extend_windows(connection, fresh)
        results: dict[str, Claim | GuardError] = {
            **self._fresh(connection, [item.exchange for item in fresh])
        }
        if len(fresh) < len(items):
            results |= self._seen(connection, [item for item in items if item.exchange.id not in results])
        return [results[item.exchange.id] for item in items]

    # --- messages that were here before -------------------------------------------------------

    def _seen(self, connection: Connection, items: Sequence[NewClaim]) -> dict[str, Claim | GuardError]:
        keys = sorted({item.key for item in items})
        query = (
            select(exchanges)
            .where(tuple_(exchanges.c.channel, exchanges.c.message_key).in_(keys))
            .order_by(exchanges.c.id)
            .with_for_update()
        )
        rows = {Key(row.channel, row.message_key): row for row in connection.execute(query)}
        known = {key: exchange_of(row) for key, row in rows.items()}
        results: dict[str, Claim | GuardError] = {}
        for item in items:
            exchange, row = known.get(item.key), rows.get(item.key)
            if exchange is None or row is None:
                results[item.exchange.id] = StoreError("the exchange's id is taken")
            elif row.digest != item.values["digest"]:
                results[item.exchange.id] = BodyChanged("this message came before with another body")
            elif exchange.state is ExchangeState.CLAIMED and exchange.claimed_until < item.now:
                known[item.key] = exchange = _taken_over(connection, exchange, item)
                results[item.exchange.id] = self._fresh(connection, [exchange])[exchange.id]
            else:
                results[item.exchange.id] = Claim(exchange, fresh=False)
        return results

    # --- the conversation so far --------------------------------------------------------------

    def _fresh(self, connection: Connection, mine: Sequence[Exchange]) -> dict[str, Claim]:
        """Claims to ask the bot with, by exchange id."""
        told = [
            one
            for one in mine
            if self.turns and (self.turns_for is None or one.message.channel in self.turns_for)
        ]
        turns = self._turns(connection, told) if told else {}
        return {
            one.id: Claim(
                one,
                fresh=True,
                conversation=Conversation(one.message.text, turns.get(one.id, ()), one.message.channel),
            )
            for one in mine
        }

    def _turns(self, connection: Connection, mine: Sequence[Exchange]) -> Mapping[str, tuple[Turn, ...]]:
        """Oldest first, by exchange id."""
        since = {one.id: one.message.received_at - self.within for one in mine}
        found: dict[str, list[Turn]] = {}
        for row in connection.execute(self._recent, {"ids": list(since), "since": min(since.values())}):
            turns = found.setdefault(row.id, [])
            if row.received_at >= since[row.id] and len(turns) < self.turns:
                turns.append(Turn(row.asked, row.said, row.received_at))
        return {exchange_id: tuple(reversed(turns)) for exchange_id, turns in found.items()}


def _own(connection: Connection, items: Sequence[NewClaim]) -> Sequence[NewClaim]:
    """Whose stored row is the one of this claim, now or from a try whose commit was never confirmed."""
    rows = connection.execute(_STORED, {"ids": [item.exchange.id for item in items]})
    stored = {row.id: (row.state, row.fence, row.digest) for row in rows}
    claimed = ExchangeState.CLAIMED.value
    return [
        item
        for item in items
        if stored.get(item.exchange.id) == (claimed, item.exchange.fence, item.values["digest"])
    ]


def _taken_over(connection: Connection, exchange: Exchange, item: NewClaim) -> Exchange:
    taken = replace(exchange, fence=exchange.fence + 1, claimed_until=item.exchange.claimed_until)
    connection.execute(
        _TAKE_OVER, {"of_id": taken.id, "new_fence": taken.fence, "until": taken.claimed_until}
    )
    return taken


def _extend_windows(connection: Connection, fresh: Sequence[NewClaim]) -> None:
    opened = [
        {"of_channel": message.channel, "of_user": message.user, "closes_at": message.window.closes_at}
        for message in sorted(
            (item.exchange.message for item in fresh), key=lambda message: (message.channel, message.user)
        )  # by follower, so that two processes never wait for each other's holds crosswise
        if message.window is not None
    ]
    if opened:
        _LATER_HOLDS.run(connection, opened)
        _LATER_DELIVERIES.run(connection, opened)


def _recent(turns: int) -> Select[Any]:
    """The turns before some exchanges, newest first; parameters `ids`, `since`. The time of the oldest turn
    is looked up first: with it the index yields just these turns, however much this follower wrote."""
    mine, other, earlier = exchanges.alias("mine"), exchanges.alias("other"), exchanges.alias("earlier")
    since = bindparam("since", type_=exchanges.c.received_at.type)
    oldest = (
        select(other.c.received_at)
        .where(_before(other, mine), other.c.received_at >= since)
        .order_by(other.c.received_at.desc())
        .limit(1)
        .offset(max(turns - 1, 0))
        .correlate(mine)
        .scalar_subquery()
    )
    own = (
        select(mine, oldest.label("oldest"))
        .where(mine.c.id.in_(bindparam("ids", expanding=True)))
        .subquery("own")
    )
    recent = and_(_before(earlier, own), earlier.c.received_at >= func.coalesce(own.c.oldest, since))
    return (
        select(own.c.id, earlier.c.asked, earlier.c.said, earlier.c.received_at)
        .select_from(own.join(earlier, recent))
        .order_by(earlier.c.received_at.desc(), earlier.c.id.desc())
    )


def _before(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether `one` is an earlier exchange with the same follower in which something was said."""
    return and_(
        one.c.channel == other.c.channel,
        one.c.user_id == other.c.user_id,
        one.c.received_at <= other.c.received_at,
        one.c.id != other.c.id,
        or_(one.c.asked != "", one.c.said != ""),
    )
