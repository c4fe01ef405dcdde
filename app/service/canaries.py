"""Test messages: did one come through us lately, and was it answered with our own text?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.core.bypass import AlertKind, Suspicion
from app.core.canary import Canary
from app.core.errors import Invalid
from app.ports import Clock
from app.service.alarms import Alarms
from app.service.overhearing import Mark

REPORTED = "canary"
"""Names the mark of the last report of our own text."""


class Watching(Protocol):
    """The part of the records that knows of test messages. Raises StoreError."""

    async def mark(self, channel: str, name: str) -> Mark | None: ...
    async def put(self, channel: str, name: str, value: str, at: datetime) -> None: ...
    async def last_canary(self, channel: str, users: Sequence[str]) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of a channel's test messages."""

    came_at: datetime | None
    """When one last came through the webhook."""
    reported_at: datetime | None
    """When our own text was last reported."""
    reported_by: str
    keyword: str
    every: timedelta | None
    """None: none is expected."""


@dataclass(frozen=True, slots=True)
class Canaries:
    known: Mapping[str, Canary]
    """By channel."""
    every: Mapping[str, timedelta]
    """How often one is expected, where it is."""
    records: Watching
    alarms: Alarms
    clock: Clock
    started_at: datetime

    async def look(self) -> None:
        """Raises StoreError. After a start there is a whole interval's time for the first one."""
        for channel, every in self.every.items():
            came = await self._came(channel)
            since = max(came, self.started_at) if came else self.started_at
            if self.clock() < since + every:
                await self.alarms.over(channel, AlertKind.CANARY_MISSING)
                continue
            last = came.isoformat(timespec="seconds") if came else "-"
            await self.alarms.sound(Suspicion(channel, AlertKind.CANARY_MISSING, "webhook", last))

    async def report(self, channel: str, text: str, by: str) -> bool:
        """Whether what a test message was answered with is ours; else it is told.

        Raises Invalid, StoreError.
        """
        canary, now = self.known.get(channel), self.clock()
        if canary is None:
            raise Invalid(f"there is no [channels.{channel}.canary]")
        if canary.is_ours(text, now):
            await self.records.put(channel, REPORTED, by, now)
            return True
        await self.alarms.sound(Suspicion(channel, AlertKind.CANARY_WRONG, "answer", f"reported by {by}"))
        return False

    async def sighting(self, channel: str) -> Sighting | None:
        """None: the channel has no test account. Raises StoreError."""
        if channel not in self.known:
            return None
        mark = await self.records.mark(channel, REPORTED)
        return Sighting(
            await self._came(channel),
            mark.at if mark else None,
            mark.value if mark else "",
            self.known[channel].keyword,
            self.every.get(channel),
        )

    async def _came(self, channel: str) -> datetime | None:
        return await self.records.last_canary(channel, sorted(self.known[channel].users))
