"""The published rules, followed: loaded ahead, switched to when they take effect, on every replica alike.

Whoever cannot be sure to judge by the current rules releases nothing: a replica that has not seen the records
for a while, and one that could not load what has taken effect.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol, TypeVar

from app.core.errors import ConfigError, GuardError, StoreError
from app.core.model import Conversation, Reply, Verdict
from app.core.publications import (
    BLIND_AFTER,
    BLIND_AFTER_PROPOSAL,
    REPORT_EVERY,
    Replica,
    Standing,
)
from app.core.terms import OWN_FILES, Terms, doubted
from app.ports import Check, Clock, Coordinator, Observer
from app.service import topics
from app.service.clocks import Jumps

LOOK_EVERY_S = 0.5
TRY_AGAIN_S = 30.0
"""What could not be loaded may have been this machine's disk."""

K = TypeVar("K")
V = TypeVar("V")


class Publications(Protocol):
    """The part of the records that knows what was published. Raises StoreError."""

    async def standing(self) -> Standing: ...
    async def document(self, number: int) -> bytes: ...
    async def report(self, replica: Replica) -> None: ...
    async def leave(self, replica_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Failure:
    why: str
    again_at: float


@dataclass(slots=True)
class Following:
    """Judges by the current terms. Nothing is judged before `open`."""

    publications: Publications
    load: Callable[[int, bytes | None], Terms]
    """The terms of a document, or of this machine's own files; raises ConfigError. It takes seconds."""
    me: Replica
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    switched: Callable[[Terms], None]
    """Hears of the first terms and of every later ones."""
    clock_within: timedelta = timedelta(seconds=5)
    """How far this machine's clock may be from the records'."""
    jumps: Jumps | None = None
    """Whether this machine's clock was set; None: the records have one of their own to compare it with."""
    monotonic: Callable[[], float] = time.monotonic
    clock_offset_s: float = 0.0
    """How far this machine's clock is ahead of the records', when they were last seen."""
    _terms: Terms | None = None
    _standing: Standing | None = None
    _looked_at: float = 0.0
    _loaded: dict[int, Terms] = field(default_factory=dict)
    _failed: dict[int, _Failure] = field(default_factory=dict)
    _loading: asyncio.Task[None] | None = None
    _reported: tuple[Replica, float] | None = None

    @property
    def terms(self) -> Terms:
        """The ones that are judged by, current or not."""
        if self._terms is None:
            raise AssertionError("nothing was loaded yet")
        return self._terms

    @property
    def trouble(self) -> str:
        """Why the current rules are not the ones that are judged by; empty: they are, as far as was seen."""
        if self._standing is None:
            return "the rules that count were never seen"
        number = self._standing.number
        if self.terms.number == number:
            return ""
        failure = self._failed.get(number)
        return f"publication {number} {failure.why if failure else 'is being loaded'}"

    @property
    def is_blind(self) -> bool:
        """The records were not seen for so long that other rules may have taken effect."""
        coming = self._standing.coming if self._standing else None
        ready = coming is not None and coming.number in self._loaded
        after = BLIND_AFTER_PROPOSAL if ready else BLIND_AFTER
        return self.monotonic() - self._looked_at > after.total_seconds()

    @property
    def clock_trouble(self) -> str:
        """How far this machine's clock is off, where that is too far; empty: it will do."""
        if abs(self.clock_offset_s) <= self.clock_within.total_seconds():
            return ""
        return f"this machine's clock is {self.clock_offset_s:+.1f} s away from the records': set it by NTP"

    @property
    def clock_off_s(self) -> float:
        """How far this machine's clock is ahead of the records', or of where it was before it was set."""
        return self.jumps.moved_s if self.jumps else self.clock_offset_s

    @property
    def jump_trouble(self) -> str:
        """That this machine's clock was set lately, where it is the records', too; empty: it was not."""
        return self.jumps.trouble if self.jumps else ""

    def is_on_time(self) -> bool:
        """Whether what is final may be done by this machine's clock: expire, send late, archive."""
        self._look_at_clock()  # it may have been set since the last look, and this is what must not go by it
        return not self.clock_trouble and not self.jump_trouble

    @property
    def is_sure(self) -> bool:
        """Whether the rules that are judged by are the current ones."""
        return not self.trouble and not self.is_blind

    def check(self, channel: str | None, reply: Reply, conversation: Conversation) -> Verdict:
        """By the channel's policy; None: by the default one. A hold wherever the rules may be old."""
        terms = self.terms
        verdict = terms.check(channel, reply, conversation)
        if self.trouble:
            return doubted(verdict, terms.policy(channel), "现行规则在这台机器上没有装载成功，一律等人决定")
        if self.is_blind:
            return doubted(verdict, terms.policy(channel), "联系不上记录库，不能确定规则是不是最新的")
        return verdict

    def check_of(self, channel: str | None) -> Check:
        return lambda reply, conversation: self.check(channel, reply, conversation)

    # --- at the start -------------------------------------------------------------------------

    async def open(self) -> None:
        """Load what counts. Where that fails, everything is held until it can be loaded.

        Raises ConfigError where this machine's own files are of no use either; StoreError.
        """
        standing = await self._look()
        try:
            terms = await asyncio.to_thread(self.load, standing.number, await self._document(standing.number))
        except ConfigError as error:
            if standing.number == OWN_FILES:
                raise
            self._note_failure(standing.number, error)
            terms = await asyncio.to_thread(self.load, OWN_FILES, None)
        self._switch(terms)
        await self._look()
        await self._report()

    async def _document(self, number: int) -> bytes | None:
        return None if number == OWN_FILES else await self.publications.document(number)

    # --- from then on -------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled. While the records are away, this replica grows blind."""
        try:
            while True:
                await self.coordinator.wait(topics.RULES, self._until_next_look())
                try:
                    await self.look()
                except StoreError as error:
                    self.observer.failed("rules", error)
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._loading is not None:
                self._loading.cancel()

    async def close(self) -> None:
        """Nobody needs to wait for this replica any more."""
        with suppress(StoreError):  # then it is waited for in vain, for some seconds
            await self.publications.leave(self.me.id)

    async def look(self) -> None:
        """See what counts; switch, or load what is missing. Raises StoreError."""
        standing = await self._look()
        number = standing.number
        if self.terms.number != number and number in self._loaded:
            self._switch(self._loaded.pop(number))
        coming = standing.coming.number if standing.coming else number
        missing = [one for one in (number, coming) if one != self.terms.number and one not in self._loaded]
        self._begin_loading(missing)
        self._forget(frozenset({number, coming}))
        await self._report()

    async def _look(self) -> Standing:
        """What was seen is as old as the question, not as the answer."""
        asked = self.monotonic()
        self._standing = await self.publications.standing()
        self._looked_at = asked
        # The records' clock was read somewhere between.
        middle_s = (self.monotonic() - asked) / 2
        was_off = self.clock_trouble
        self.clock_offset_s = (self.clock() - self._standing.now).total_seconds() - middle_s
        if self.clock_trouble and not was_off:
            self.observer.failed("clock", StoreError(self.clock_trouble))
        self._look_at_clock()
        return self._standing

    def _look_at_clock(self) -> None:
        if self.jumps is not None and self.jumps.look() and self.jump_trouble:
            self.observer.failed("clock", StoreError(self.jump_trouble))

    def _until_next_look(self) -> float:
        """Seconds; less where something takes effect sooner."""
        coming = self._standing.coming if self._standing else None
        if self._standing is None or coming is None or coming.effective_at is None:
            return LOOK_EVERY_S
        left_s = (coming.effective_at - self._standing.now).total_seconds()
        left_s -= self.monotonic() - self._looked_at
        return min(LOOK_EVERY_S, max(0.01, left_s))

    def _begin_loading(self, missing: list[int]) -> None:
        """One at a time: each takes a processor for seconds."""
        if self._loading is not None and not self._loading.done():
            return
        for number in missing:
            failure = self._failed.get(number)
            if failure is None or failure.again_at <= self.monotonic():
                self._loading = asyncio.create_task(self._load(number))
                return

    async def _load(self, number: int) -> None:
        try:
            document = await self._document(number)
            self._loaded[number] = await asyncio.to_thread(self.load, number, document)
        except StoreError as error:  # no word about the document: the next look tries again
            self.observer.failed("rules", error, publication=str(number))
            return
        except Exception as error:  # whatever a document does to the loader, this replica holds and says so
            self._note_failure(number, error)
        else:
            self._failed.pop(number, None)
        await self.coordinator.announce(topics.RULES)

    def _note_failure(self, number: int, error: Exception) -> None:
        self.observer.failed("rules", error, publication=str(number))
        what = str(error) if isinstance(error, GuardError) else type(error).__name__
        first = (what.splitlines() or [""])[0]
        self._failed[number] = _Failure(f"cannot be loaded: {first}", self.monotonic() + TRY_AGAIN_S)

    def _switch(self, terms: Terms) -> None:
        self._terms = terms
        self.switched(terms)

    def _forget(self, wanted: frozenset[int]) -> None:
        self._loaded = {number: one for number, one in self._loaded.items() if number in wanted}
        self._failed = {number: one for number, one in self._failed.items() if number in wanted}

    async def _report(self) -> None:
        failed = max(self._failed, default=OWN_FILES)
        said = replace(
            self.me,
            number=self.terms.number,
            version=self.terms.version,
            ready_for=max((self.terms.number, *self._loaded)),
            failed=failed,
            trouble=self._failed[failed].why if failed else "",
        )
        now = self.monotonic()
        if self._reported is not None:
            before, at = self._reported
            if before == said and now - at < REPORT_EVERY.total_seconds():
                return
        await self.publications.report(said)
        self._reported = said, now


class Current(Mapping[K, V]):
    """A mapping of the current terms, for who was given one at the start."""

    def __init__(self, now: Callable[[], Mapping[K, V]]) -> None:
        self._now = now

    def __getitem__(self, key: K) -> V:
        return self._now()[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
