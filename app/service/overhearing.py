"""Looks at the platform: does it answer by itself, and does it show messages that we did not send?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.bypass import AlertKind, Suspicion
from app.core.shown import TOLERANCE, Look, Said, strangers, told
from app.ports import Clock
from app.service.alarms import Alarms

SHOWN = "shown"
"""Names the mark up to which the platform's list was looked through."""


class Mark(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class Watching(Protocol):
    """The part of the records that knows how far was looked. Raises StoreError."""

    async def mark(self, channel: str, name: str) -> Mark | None: ...
    async def put(self, channel: str, name: str, value: str, at: datetime) -> None: ...
    async def said(self, channel: str, first: datetime, last: datetime) -> Sequence[Said]: ...


class Switchboard(Protocol):
    async def switched_on(self) -> Sequence[str]:
        """Names of the platform's own replies that are on. Raises PlatformError."""
        ...


class Listing(Protocol):
    async def shown(self, mark: str, now: datetime) -> Look:
        """The account's messages since `mark`; an empty mark: none, only where to begin from.

        What is too new to compare is left for the next look. Raises PlatformError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Switchwatch:
    channel: str
    board: Switchboard
    alarms: Alarms

    async def look(self) -> None:
        """Raises PlatformError, StoreError."""
        on = await self.board.switched_on()
        for name in on:
            await self.alarms.sound(Suspicion(self.channel, AlertKind.AUTOREPLY, name, name))
        await self.alarms.over(self.channel, AlertKind.AUTOREPLY, on)


@dataclass(frozen=True, slots=True)
class Comparison:
    channel: str
    listing: Listing
    records: Watching
    alarms: Alarms
    clock: Clock

    async def look(self) -> None:
        """Raises PlatformError, StoreError. Killed on the way, it looks at the same again."""
        now, before = self.clock(), await self.records.mark(self.channel, SHOWN)
        mark = before.value if before else ""
        seen = await self.listing.shown(mark, now)
        if seen.shown:
            times = [one.at for one in seen.shown]
            said = await self.records.said(self.channel, min(times) - TOLERANCE, max(times) + TOLERANCE)
            found = strangers(seen.shown, said)
            if found:
                await self.alarms.sound(
                    Suspicion(self.channel, AlertKind.FOREIGN, "messages", told(found), len(found))
                )
        if seen.mark != mark:
            await self.records.put(self.channel, SHOWN, seen.mark, now)
