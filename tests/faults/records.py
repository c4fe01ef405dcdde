"""What the guards wrote down, read through their own store once everything has come to rest."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from app.core.audit import START, broken_link
from app.core.errors import StoreError
from app.core.records import AuditEntry, Delivery, DeliveryState, Exchange, ExchangeState, Hold, HoldState
from app.ports import HoldFilter, Page, Store

T = TypeVar("T")

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Records:
    exchanges: Mapping[str, Exchange] = field(default_factory=dict)
    """By the key of the message."""
    holds: Mapping[str, Hold] = field(default_factory=dict)
    """By exchange id."""
    deliveries: Mapping[str, Sequence[Delivery]] = field(default_factory=dict)
    """By exchange id."""
    audit: Sequence[AuditEntry] = ()
    audit_breaks: int = 0


async def read_records(store: Store) -> Records:
    exchanges = await _all(lambda after: store.exchanges(list(ExchangeState), None, after, AT_ONCE))
    holds = await _all(
        lambda after: store.holds(HoldFilter(states=tuple(HoldState), after=after, limit=AT_ONCE))
    )
    deliveries: dict[str, list[Delivery]] = defaultdict(list)
    for one in await _all(lambda after: store.deliveries(list(DeliveryState), None, after, AT_ONCE)):
        deliveries[one.exchange_id].append(one)
    audit: list[AuditEntry] = []
    breaks = 0
    try:
        async for entry in store.audit_trail():
            audit.append(entry)
    except StoreError:  # entries that were once written are gone from its end
        breaks += 1
    breaks += broken_link(audit, START) is not None
    return Records(
        {one.message.key: one for one in exchanges},
        {one.exchange_id: one for one in holds},
        deliveries,
        audit,
        breaks,
    )


async def _all(page: Callable[[str], Awaitable[Page[T]]]) -> list[T]:
    found: list[T] = []
    after = ""
    while True:
        one = await page(after)
        found += one.items
        if not one.next:
            return found
        after = one.next
