"""Looks for what the desk should hear of, and tells it: merged, at a bounded pace, again until it arrives."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Protocol

from app.core.bypass import Alert
from app.core.errors import PostError
from app.core.model import Severity
from app.core.notices import LOUD, Notice, NoticeKind, told
from app.core.records import DeliveryState, Hold
from app.ports import Clock, Coordinator, HoldFilter, Observer, Store
from app.service.switches import Switches

LOOKED_AT = 200
"""Holds of a look: those that are due first, and the severe ones."""
REMEMBERED = timedelta(days=3)
"""Longer than any window: nothing is told twice meanwhile."""
MOST_PENDING = 500
"""Notices that wait for a robot that does not answer; of more, the oldest that are not LOUD go first."""
LONGEST_WAIT_S = 300.0


class Robot(Protocol):
    """A group robot, or a webhook, that the desk hears from."""

    async def say(self, text: str) -> None:
        """Returns when the group has it. Raises PostError with a code, never with their words."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """When a robot's group wants to hear what. None of them: everything, always."""

    kinds: frozenset[NoticeKind] | None = None
    channels: frozenset[str] | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None
    every_s: float = 5.0
    """Between two messages; 20 a minute is what the robots take."""

    def wants(self, notice: Notice) -> bool:
        of_kind = self.kinds is None or notice.kind in self.kinds
        return of_kind and (self.channels is None or not notice.channel or notice.channel in self.channels)

    def is_quiet(self, now: datetime) -> bool:
        """By the clock on the machine's wall."""
        if self.quiet_from is None or self.quiet_to is None:
            return False
        here = now.astimezone().time()
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= here < self.quiet_to
        return here >= self.quiet_from or here < self.quiet_to


@dataclass(frozen=True, slots=True)
class Thresholds:
    queue_longer_than: int = 50
    window_closes_within: timedelta = timedelta(hours=2)
    digest_every: timedelta | None = None


@dataclass(slots=True)
class Mouth:
    """One robot, and what still waits to be said by it."""

    name: str
    robot: Robot
    manners: Manners
    observer: Observer
    clock: Clock
    link: str
    pending: list[Notice] = field(default_factory=list)
    _failures: int = 0

    def hear(self, notices: Iterable[Notice]) -> None:
        self.pending += [one for one in notices if self.manners.wants(one)]
        too_many = len(self.pending) - MOST_PENDING
        if too_many > 0:
            self.observer.failed(
                "notices", PostError("too many wait"), robot=self.name, dropped=str(too_many)
            )
            self.pending = _without_least(self.pending, too_many)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.speak()
            await asyncio.sleep(min(self.manners.every_s * 2**self._failures, LONGEST_WAIT_S))

    async def speak(self) -> None:
        quiet = self.manners.is_quiet(self.clock())
        now = [one for one in self.pending if not quiet or one.kind in LOUD]
        if not now:
            return
        self.pending = [one for one in self.pending if quiet and one.kind not in LOUD]
        try:
            await self.robot.say(told(now, self.link))
        except Exception as error:  # whatever it is, the group has not heard it
            self.pending = now + self.pending
            self._failures = min(self._failures + 1, 10)
            self.observer.failed("notices", error, robot=self.name)
        else:
            self._failures = 0


class Alarms(Protocol):
    async def standing(self) -> Sequence[Alert]:
        """Alerts that nobody has acknowledged. Raises StoreError."""
        ...


class Checklists(Protocol):
    @property
    def due(self) -> Mapping[str, Collection[object]]:
        """What a person should look at again, by channel."""
        ...


@dataclass(slots=True)
class Lookout:
    """Looks at the records; every replica may, since the coordinator remembers what was told."""

    store: Store
    switches: Switches
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    thresholds: Thresholds
    mouths: Sequence[Mouth]
    is_emergency: Callable[[Hold], bool] = lambda hold: False
    """Whether the citizen's message tells of one."""
    every_s: float = 5.0
    alarms: Alarms | None = None
    checklists: Checklists | None = None
    _read: frozenset[str] = frozenset()
    """The holds whose messages were looked into."""
    _stopped: frozenset[str] = frozenset()
    _long: bool = False
    _digest_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled; the robots speak beside it."""
        async with asyncio.TaskGroup() as tasks:
            for mouth in self.mouths:
                tasks.create_task(mouth.run())
            while True:
                try:
                    await self.look()
                except Exception as error:  # nobody would see that the lookout is gone
                    self.observer.failed("notices", error)
                await asyncio.sleep(self.every_s)

    async def look(self) -> None:
        now = self.clock()
        # Told one by one: what is found counts as told, and must not be lost where the next look-up fails.
        self.tell(await self._holds(now))
        self.tell(await self._queue(now))
        self.tell(await self._deliveries(now))
        self.tell(self._switched(now))
        self.tell(await self._bypassed())
        self.tell(await self._unchecked(now))
        self.tell(await self._digest(now))

    def tell(self, notices: Sequence[Notice]) -> None:
        for mouth in self.mouths:
            mouth.hear(notices)

    # --- what there is to tell ----------------------------------------------------------------

    async def _holds(self, now: datetime) -> list[Notice]:
        due = (await self.store.holds(HoldFilter(limit=LOOKED_AT))).items
        severe = (await self.store.holds(HoldFilter(severity=Severity.HIGH, limit=LOOKED_AT))).items
        found = [(NoticeKind.URGENT_HOLD, hold) for hold in (*severe, *self._emergencies(due))]
        found += [(NoticeKind.WINDOW_CLOSING, hold) for hold in due if self._closes_soon(hold, now)]
        found += [(NoticeKind.OVERDUE, hold) for hold in due if hold.decide_by and hold.decide_by <= now]
        return [
            Notice(kind, hold.created_at, hold.channel)
            for kind, hold in found
            if await self._is_news(kind, hold.id)
        ]

    def _emergencies(self, holds: Sequence[Hold]) -> list[Hold]:
        unread = [hold for hold in holds if hold.id not in self._read]
        self._read = frozenset(hold.id for hold in holds)
        return [hold for hold in unread if self._may_be_emergency(hold)]

    def _may_be_emergency(self, hold: Hold) -> bool:
        try:
            return self.is_emergency(hold)
        except Exception as error:  # a message that cannot be read is looked at by a person
            self.observer.failed("notices", error, hold=hold.id)
            return True

    def _closes_soon(self, hold: Hold, now: datetime) -> bool:
        return (
            hold.reviewable
            and hold.deliver_by is not None
            and now < hold.deliver_by <= now + self.thresholds.window_closes_within
        )

    async def _queue(self, now: datetime) -> list[Notice]:
        waiting = await self.store.count_holds(HoldFilter())
        was_long, self._long = self._long, waiting > self.thresholds.queue_longer_than
        return [Notice(NoticeKind.QUEUE_LONG, now, count=waiting)] if self._long and not was_long else []

    async def _deliveries(self, now: datetime) -> list[Notice]:
        page = await self.store.deliveries((DeliveryState.UNCERTAIN,), None, "", LOOKED_AT)
        return [
            Notice(NoticeKind.DELIVERY_UNCERTAIN, one.created_at, one.channel)
            for one in page.items
            if await self._is_news(NoticeKind.DELIVERY_UNCERTAIN, one.id)
        ]

    def _switched(self, now: datetime) -> list[Notice]:
        stopped = frozenset(self.switches.stopped)
        before, self._stopped = self._stopped, stopped
        return [Notice(NoticeKind.STOPPED, now, channel) for channel in sorted(stopped - before)] + [
            Notice(NoticeKind.RESUMED, now, channel) for channel in sorted(before - stopped)
        ]

    async def _bypassed(self) -> list[Notice]:
        """Again after a while, until somebody has acknowledged it."""
        alerts = await self.alarms.standing() if self.alarms else ()
        return [
            Notice(NoticeKind.BYPASS, one.last_at, one.channel)
            for one in alerts
            if await self._is_news(NoticeKind.BYPASS, f"{one.id}:{one.raised}")
        ]

    async def _unchecked(self, now: datetime) -> list[Notice]:
        due = self.checklists.due if self.checklists else {}
        return [
            Notice(NoticeKind.CHECKLIST_DUE, now, channel, len(items))
            for channel, items in due.items()
            if await self._is_news(NoticeKind.CHECKLIST_DUE, channel)
        ]

    async def _digest(self, now: datetime) -> list[Notice]:
        every = self.thresholds.digest_every
        if every is None:
            return []
        if self._digest_at is None:
            self._digest_at = now + every
        if now < self._digest_at:
            return []
        self._digest_at = now + every
        return [Notice(NoticeKind.DIGEST, now, count=await self.store.count_holds(HoldFilter()))]

    async def _is_news(self, kind: NoticeKind, name: str) -> bool:
        key = f"notice:{kind}:{name}"
        if await self.coordinator.get(key) is not None:
            return False
        await self.coordinator.put(key, "told", REMEMBERED)
        return True


def _without_least(notices: Sequence[Notice], too_many: int) -> list[Notice]:
    """Less `too_many`: the oldest, and those first that may wait through a night."""
    by_weight = sorted(range(len(notices)), key=lambda place: (notices[place].kind in LOUD, place))
    dropped = frozenset(by_weight[:too_many])
    return [one for place, one in enumerate(notices) if place not in dropped]
