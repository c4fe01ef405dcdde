"""Whom people answer instead of the bot: kept in the records, looked at by every process."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from app.core.disposition import Fallbacks
from app.core.errors import StoreError
from app.core.likeness import likeness
from app.core.model import Message, MessageKind, Reply, Verdict
from app.core.records import AuditEntry
from app.core.takeover import Reason, Takeover, asked_for, reason_of, verdict_of
from app.ports import Clock, Coordinator, Observer
from app.service import topics

LOOK_EVERY_S = 1.0
SETTLE_S = 0.25
REMEMBERED = 5_000
"""Followers whose last question is kept in mind, for the same one asked twice."""
SOON = timedelta(minutes=30)
"""What is asked again later is another conversation."""
SHORTEST_REPEAT = 4
"""Code points: 好的 and 谢谢 are said twice by everybody."""


class TakeoverRecords(Protocol):
    """The part of the records that knows takeovers. Raises StoreError."""

    async def takeovers(self, since: datetime) -> Sequence[Takeover]: ...
    async def take(self, takeover: Takeover, audit: AuditEntry) -> None: ...
    async def heard(self, takeover: Takeover) -> None: ...
    async def hand_back(self, channel: str, user: str, audit: AuditEntry) -> None: ...


@dataclass(slots=True)
class Takeovers:
    records: TakeoverRecords
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    rests_after: Mapping[str, timedelta]
    """By channel: a conversation in which the citizen did not write for so long goes back to the bot."""
    _taken: dict[tuple[str, str], Takeover] = field(default_factory=dict)

    async def look(self) -> None:
        """Raises StoreError."""
        longest = max(self.rests_after.values(), default=timedelta())
        found = await self.records.takeovers(self.clock() - longest)
        self._taken = {(one.channel, one.user): one for one in found}

    async def run(self) -> None:
        """Until cancelled. While the records are away, what was last seen counts."""
        while True:
            await self.coordinator.wait(topics.TAKEOVERS, LOOK_EVERY_S)
            await asyncio.sleep(SETTLE_S)  # many may come at once, and each look reads all of them
            try:
                await self.look()
            except StoreError as error:
                self.observer.failed("takeovers", error)
                await asyncio.sleep(LOOK_EVERY_S)

    def standing(self, channel: str, user: str) -> Takeover | None:
        taken = self._taken.get((channel, user))
        if taken is None or taken.last_at + self.rests_after[channel] <= self.clock():
            return None
        return taken

    async def take(self, channel: str, user: str, reason: Reason) -> None:
        now = self.clock()
        takeover = Takeover(channel, user, reason, now, now)
        entry = AuditEntry(now, "system", "takeover.begin", f"channel:{channel}", reason=reason.value)
        await self.records.take(takeover, entry)
        self._taken[channel, user] = takeover
        await self.coordinator.announce(topics.TAKEOVERS)

    async def heard(self, taken: Takeover) -> None:
        """The follower has written again: it does not rest yet."""
        later = replace(taken, last_at=self.clock())
        await self.records.heard(later)
        self._taken[taken.channel, taken.user] = later

    async def hand_back(self, channel: str, user: str, by: str) -> None:
        """To the bot, from the next message on."""
        entry = AuditEntry(self.clock(), by, "takeover.end", f"channel:{channel}")
        await self.records.hand_back(channel, user, entry)
        self._taken.pop((channel, user), None)
        await self.coordinator.announce(topics.TAKEOVERS)


@dataclass(slots=True)
class Reception:
    """One channel's question before the bot is asked: is this for a person?"""

    channel: str
    takeovers: Takeovers
    is_emergency: Callable[[Message], bool]
    phrases: Mapping[Reason, Reply]
    """What the citizen hears; where there is none, the channel's holding text."""
    ruleset: Callable[[], str]
    """The version of the rules."""
    wanted: Callable[[], bool] = lambda: True
    """Whether the channel lets people answer instead of the bot; else every message goes to the bot."""
    _last: OrderedDict[str, tuple[str, datetime]] = field(default_factory=OrderedDict)
    """The likeness and time of each follower's last question, of those that wrote last."""

    async def verdict(self, message: Message) -> Verdict | None:
        """None: the bot is asked."""
        if not message.text or message.kind is MessageKind.EVENT or not self.wanted():
            return None
        reason = await self._reason(message)
        return None if reason is None else verdict_of(reason, self.ruleset())

    def fallbacks(self, verdict: Verdict | None, usual: Fallbacks) -> Fallbacks:
        """What the citizen hears while a person is awaited."""
        reason = reason_of(verdict)
        spoken = self.phrases.get(reason) if reason else None
        return usual if spoken is None else replace(usual, held=spoken)

    async def _reason(self, message: Message) -> Reason | None:
        repeated, answered = self._remember(message)
        standing = self.takeovers.standing(self.channel, message.user)
        if self.is_emergency(message):
            reason: Reason | None = Reason.EMERGENCY
        else:
            reason = asked_for(message.text, answered_before=answered)
            reason = reason or (Reason.REPEATED if repeated else None)
        try:
            if standing is not None:
                await self.takeovers.heard(standing)
            elif reason is not None:
                await self.takeovers.take(self.channel, message.user, reason)
        except StoreError as error:  # this message is for a person all the same; the next may not be
            self.takeovers.observer.failed("takeovers", error, channel=self.channel)
        if standing is not None and reason is not Reason.EMERGENCY:
            return Reason.STANDING
        return reason

    def _remember(self, message: Message) -> tuple[bool, bool]:
        """Whether it is the question of just before, and whether there was one."""
        at, asked = message.received_at, likeness(message.text)
        before, then = self._last.pop(message.user, ("", at - SOON))
        self._last[message.user] = (asked, at)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        if at - then >= SOON:
            return False, False
        return before == asked and len(message.text.strip()) >= SHORTEST_REPEAT, True
