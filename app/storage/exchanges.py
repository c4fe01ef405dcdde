"""Exchanges: looked up, listed, and what a crash has left of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, select, update

from app.core.errors import NotFound
from app.core.records import Exchange, ExchangeState
from app.ports import Page
from app.storage.paging import SortKey, page
from app.storage.records import exchange_of
from app.storage.schema import exchanges

_NEWEST_FIRST = (
    SortKey(exchanges.c.received_at, descending=True),
    SortKey(exchanges.c.id, descending=True),
)
_HISTORY = (
    select(exchanges)
    .where(
        exchanges.c.channel == bindparam("of_channel"),
        exchanges.c.user_id == bindparam("of_user"),
        exchanges.c.received_at < bindparam("before"),
    )
    .order_by(exchanges.c.received_at.desc(), exchanges.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def one(connection: Connection, *conditions: ColumnElement[bool]) -> Exchange:
    """The only one that meets the conditions. Raises NotFound."""
    row = connection.execute(select(exchanges).where(*conditions)).one_or_none()
    if row is None:
        raise NotFound("there is no such exchange")
    return exchange_of(row)


def listed(
    connection: Connection,
    states: Sequence[ExchangeState],
    channels: Sequence[str] | None,
    after: str,
    limit: int,
) -> Page[Exchange]:
    """Newest first. Raises Invalid."""
    query = select(exchanges).where(exchanges.c.state.in_([state.value for state in states]))
    if channels is not None:
        query = query.where(exchanges.c.channel.in_(channels))
    return page(connection, query, _NEWEST_FIRST, after, limit, exchange_of)


def history(
    connection: Connection, channel: str, user: str, before: datetime, limit: int
) -> Sequence[Exchange]:
    """The last ones of one follower, oldest first."""
    asked = {"of_channel": channel, "of_user": user, "before": before, "most": limit}
    return [exchange_of(row) for row in reversed(connection.execute(_HISTORY, asked).all())]


def abandoned(connection: Connection, before: datetime, limit: int) -> Sequence[Exchange]:
    """CLAIMED, but nobody has been at it since `before`; oldest first."""
    query = (
        select(exchanges)
        .where(exchanges.c.state == ExchangeState.CLAIMED.value, exchanges.c.claimed_until < before)
        .order_by(exchanges.c.received_at, exchanges.c.id)
        .limit(limit)
    )
    return [exchange_of(row) for row in connection.execute(query)]


def release_claims(connection: Connection, nows: Sequence[datetime]) -> Sequence[int]:
    """The plan that ends every lease just before `now`; how many there were."""
    return [
        connection.execute(
            update(exchanges)
            .where(exchanges.c.state == ExchangeState.CLAIMED.value, exchanges.c.claimed_until >= now)
            .values(claimed_until=now - timedelta(microseconds=1))
        ).rowcount
        for now in nows
    ]
