"""一键停机: a channel whose bot is not let speak, whatever it says, on every process."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import Invalid, StoreError
from app.core.records import AuditEntry, Stop
from app.ports import Clock, Coordinator, Observer
from app.service import topics

LOOK_EVERY_S = 0.5
"""So soon another process knows, also where nobody can announce it."""


class Stops(Protocol):
    """The part of the records that knows what is stopped. Raises StoreError."""

    async def stops(self) -> Sequence[Stop]: ...
    async def stop(self, stop: Stop, audit: AuditEntry) -> None: ...
    async def resume(self, channel: str, audit: AuditEntry) -> None: ...


@dataclass(slots=True)
class Switches:
    records: Stops
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    _stopped: Mapping[str, Stop] = field(default_factory=dict)

    @property
    def stopped(self) -> Mapping[str, Stop]:
        """By channel, as last seen."""
        return self._stopped

    def is_stopped(self, channel: str) -> bool:
        return channel in self._stopped

    async def look(self) -> None:
        """Before the first message, too: raises StoreError where nobody knows what is stopped."""
        self._stopped = {stop.channel: stop for stop in await self.records.stops()}

    async def run(self) -> None:
        """Until cancelled. While the records are away, what was last seen counts."""
        while True:
            await self.coordinator.wait(topics.SWITCHES, LOOK_EVERY_S)
            try:
                await self.look()
            except StoreError as error:
                self.observer.failed("switches", error)
                await asyncio.sleep(LOOK_EVERY_S)

    async def stop(self, channel: str, by: str, reason: str) -> None:
        """Raises Invalid without a reason."""
        now = self.clock()
        entry = AuditEntry(now, by, "channel.stop", f"channel:{channel}", reason=_required(reason))
        await self.records.stop(Stop(channel, by, now, entry.reason), entry)
        await self._changed()

    async def resume(self, channel: str, by: str, reason: str) -> None:
        """Raises Invalid without a reason."""
        entry = AuditEntry(self.clock(), by, "channel.resume", f"channel:{channel}", reason=_required(reason))
        await self.records.resume(channel, entry)
        await self._changed()

    async def _changed(self) -> None:
        await self.look()
        await self.coordinator.announce(topics.SWITCHES)


def _required(reason: str) -> str:
    if not reason.strip():
        raise Invalid("a reason is required")
    return reason.strip()
