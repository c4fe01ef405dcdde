"""What citizens received, by whatever way it came, and when."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Via(StrEnum):
    PASSIVE = "passive"
    """The answer of the webhook."""
    API = "api"
    """A customer-service message or a private message, sent by the platform's API."""
    POST = "post"
    """An article, a mass message or a post of the account's own, for everybody to see."""
    COMMENT = "comment"
    """A comment below a post, for everybody to see."""
    NOTICE = "notice"
    """The platform's own words: the account gave no usable answer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that appeared on a citizen's screen."""

    user: str
    at: datetime
    via: Via
    kind: str
    """The platform's name of it: text, news, image, ..."""
    text: str
    """All that can be read in it, a line for each piece."""

    def as_json(self) -> dict[str, str]:
        return {
            "user": self.user,
            "at": self.at.isoformat(timespec="milliseconds"),
            "via": self.via.value,
            "kind": self.kind,
            "text": self.text,
        }


@dataclass(slots=True)
class Inbox:
    _received: dict[str, list[Received]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, received: Received) -> None:
        self._received.setdefault(received.user, []).append(received)
        self._changed.set()
        self._changed = asyncio.Event()

    def of(self, user: str) -> tuple[Received, ...]:
        """Oldest first."""
        return tuple(self._received.get(user, ()))

    async def at_least(self, user: str, count: int, within_s: float) -> tuple[Received, ...]:
        """As `of`, once there are `count`, or what there is after `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                while len(self.of(user)) < count:
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.of(user)
