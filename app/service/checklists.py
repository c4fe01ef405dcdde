"""The platform's own automatic replies: who has seen that they are off, and what is to be looked at again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from app.core.checklist import Item, Tick, due
from app.core.errors import Invalid, NotFound
from app.core.records import AuditEntry
from app.ports import Clock, NewId


class ChecklistRecords(Protocol):
    """The part of the records that knows checklists. Raises StoreError."""

    async def latest(self) -> Mapping[tuple[str, str], Tick]: ...
    async def sign(self, ticks: Sequence[Tick], audit: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a channel's platform has of them, and for how long a person's word counts."""

    items: tuple[Item, ...]
    within: timedelta


@dataclass(frozen=True, slots=True)
class Line:
    item: Item
    tick: Tick | None
    """The last one; None: nobody has ever looked."""
    due_at: datetime | None
    """None: now."""


@dataclass(slots=True)
class Checklists:
    wanted: Mapping[str, Wanted]
    """By channel."""
    records: ChecklistRecords
    clock: Clock
    new_id: NewId
    _due: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)

    @property
    def due(self) -> Mapping[str, tuple[Item, ...]]:
        """What is to be looked at by channel, where anything is; as last seen."""
        return self._due

    async def look(self) -> None:
        """Raises StoreError."""
        latest, now = await self.records.latest(), self.clock()
        found = {
            channel: due(one.items, _of(latest, channel), now, one.within)
            for channel, one in self.wanted.items()
        }
        self._due = {channel: items for channel, items in found.items() if items}

    async def lines(self, channel: str) -> Sequence[Line]:
        """Raises NotFound, StoreError."""
        wanted, now = self._require(channel), self.clock()
        latest = _of(await self.records.latest(), channel)
        ends = {item: latest[item].at + wanted.within for item in wanted.items if item in latest}
        return [
            Line(item, latest.get(item), ends[item] if item in ends and ends[item] > now else None)
            for item in wanted.items
        ]

    async def sign(self, channel: str, items: Collection[str], by: str, note: str) -> None:
        """Their word that these are off. Raises Invalid without an item or a note, NotFound."""
        wanted = self._require(channel)
        unknown = sorted(set(items) - set(wanted.items))
        if not items or unknown:
            raise Invalid("tick what you have seen to be off")
        if not note.strip():
            raise Invalid("a note is required")
        now, signed = self.clock(), [item for item in wanted.items if item in items]
        ticks = [Tick(self.new_id(), channel, item, by, now, note.strip()) for item in signed]
        entry = AuditEntry(
            now, by, "checklist.sign", f"channel:{channel}", after=" ".join(signed), reason=note.strip()
        )
        await self.records.sign(ticks, entry)
        await self.look()

    def _require(self, channel: str) -> Wanted:
        if channel not in self.wanted:
            raise NotFound("there is no such channel")
        return self.wanted[channel]


def _of(latest: Mapping[tuple[str, str], Tick], channel: str) -> Mapping[str, Tick]:
    return {item: tick for (name, item), tick in latest.items() if name == channel}
