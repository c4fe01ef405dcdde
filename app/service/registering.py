"""Who may speak on each channel: compared with what a person confirmed, and confirmed anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.bypass import AlertKind, Suspicion
from app.core.errors import Conflict, Invalid, NotFound
from app.core.records import AuditEntry
from app.core.speakers import Change, Registry, Speaker, alarming, changes, digest
from app.ports import Clock, NewId
from app.service.alarms import ACTOR, Alarms


class Registries(Protocol):
    """The part of the records that knows who may speak. Raises StoreError."""

    async def latest(self, channel: str) -> Registry | None: ...
    async def begin(self, registry: Registry, audit: AuditEntry) -> None: ...
    async def confirm(self, registry: Registry, before_id: str, at: datetime, audit: AuditEntry) -> None: ...


Speakers = Callable[[str], Awaitable[Sequence[Speaker]]]
"""Who may speak on a channel now, by the configuration and the users; sorted. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One channel's registry, and who may speak now."""

    registry: Registry | None
    """None: nothing was put down yet."""
    now: Sequence[Speaker]

    @property
    def changes(self) -> Sequence[Change]:
        return changes(self.registry.speakers, self.now) if self.registry else ()

    @property
    def confirmed(self) -> bool:
        return self.registry is not None and bool(self.registry.confirmed_by) and not self.changes

    @property
    def seen(self) -> str:
        """Names what a person looks at: what has changed since is not confirmed with it."""
        return digest(self.now)


@dataclass(frozen=True, slots=True)
class Registering:
    channels: Sequence[str]
    speakers: Speakers
    records: Registries
    alarms: Alarms
    clock: Clock
    new_id: NewId

    async def look(self) -> None:
        """Puts down who may speak where nothing was; alerts where it differs. Raises StoreError."""
        for channel in self.channels:
            await self._compare(channel)

    async def standing(self, channel: str) -> Standing:
        """Raises NotFound, StoreError."""
        self._require(channel)
        return Standing(await self.records.latest(channel), await self.speakers(channel))

    async def confirm(self, channel: str, seen: str, by: str, reason: str) -> None:
        """Raises Conflict where it is no longer what was `seen`; Invalid without a reason; NotFound."""
        standing = await self.standing(channel)
        if not reason.strip():
            raise Invalid("a reason is required")
        if standing.registry is None or standing.seen != seen:
            raise Conflict("who may speak has changed meanwhile")
        now, before = self.clock(), standing.registry
        entry = AuditEntry(
            now,
            by,
            "registry.confirm",
            f"channel:{channel}",
            digest(before.speakers),
            f"{seen}: {told(standing.now)}",
            reason.strip(),
        )
        confirmed = Registry(self.new_id(), channel, now, tuple(standing.now), by, reason.strip())
        await self.records.confirm(confirmed, before.id, now, entry)
        await self.alarms.look()

    async def _compare(self, channel: str) -> None:
        standing = await self.standing(channel)
        if standing.registry is None:
            now, found = self.clock(), tuple(standing.now)
            entry = AuditEntry(
                now, ACTOR, "registry.begin", f"channel:{channel}", after=f"{digest(found)}: {told(found)}"
            )
            await self.records.begin(Registry(self.new_id(), channel, now, found), entry)
            return
        news = [told_change(one) for one in alarming(standing.registry, standing.now)]
        for one in news:
            await self.alarms.sound(Suspicion(channel, AlertKind.SPEAKER, one, one))
        await self.alarms.over(channel, AlertKind.SPEAKER, news)

    def _require(self, channel: str) -> None:
        if channel not in self.channels:
            raise NotFound("there is no such channel")


def told(speakers: Sequence[Speaker | None]) -> str:
    return "; ".join(f"{one.kind}:{one.name} {one.detail}".strip() for one in speakers if one is not None)


def told_change(change: Change) -> str:
    return f"{told([change.before])} -> {told([change.now])}".strip()
