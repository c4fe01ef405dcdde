"""What came in while the records were away: kept on this machine's disk, brought into the records later."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from app.core.disposition import Fallbacks, doubted, unasked
from app.core.errors import BodyChanged, Conflict, StoreError
from app.core.model import Message
from app.core.records import CLAIM_LEASE, Claim, Exchange, ExchangeState, Outcome
from app.ports import Clock, NewId, Observer, Store

T = TypeVar("T")

AT_ONCE = 64
NOTHING = Fallbacks(None, None)
"""Of a channel that is configured no more."""


class Spool(Protocol):
    """A place that is durable without the records. Raises StoreError."""

    async def keep(self, message: Message) -> str:
        """Durable when it returns; the name by which it is dropped."""
        ...

    async def drop(self, names: Collection[str]) -> None:
        """These are in the records. Names that are not known do no harm."""
        ...

    async def adopt(self) -> Mapping[str, Message]:
        """By name, the messages that dead processes have left here, each once: they are ours from now on."""
        ...


@dataclass(slots=True)
class Spooling:
    """One process's. A message whose relay still tries is the relay's; here is who sees to all others."""

    spool: Spool
    store: Store
    observer: Observer
    clock: Clock
    new_id: NewId
    fallbacks: Mapping[str, Fallbacks]
    """By channel."""
    every_s: float
    resends_within: timedelta
    """How long a message is left to the platform's resend, which the bot would answer."""
    _left: dict[str, Message] = field(default_factory=dict)
    _dropping: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                self.observer.failed("spool", error)
            await asyncio.sleep(self.every_s)

    async def run_once(self) -> None:
        """Raises StoreError while the records, or the spool, are away."""
        self._left |= await self.spool.adopt()
        ripe = [name for name, message in self._left.items() if self._is_ripe(message)]
        if not ripe:
            return
        await self.store.ping()
        for some in (ripe[start : start + AT_ONCE] for start in range(0, len(ripe), AT_ONCE)):
            done = await asyncio.gather(*(self._bring_in(self._left[name]) for name in some))
            listed = [name for name, recorded in zip(some, done, strict=True) if recorded]
            await self.spool.drop(listed)
            for name in listed:
                del self._left[name]
            if len(listed) < len(some):
                await self.store.ping()  # one that cannot be written, or records that are away again?

    def see_to(self, name: str, message: Message) -> None:
        """Its relay has let go of it."""
        self._left[name] = message

    def forget(self, name: str) -> None:
        """Its relay has it in the records."""
        task = asyncio.create_task(self._drop(name))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)

    async def _drop(self, name: str) -> None:
        try:
            await self.spool.drop((name,))
        except StoreError as error:  # read once more after the next start, and found to be in the records
            self.observer.failed("spool", error)

    def _is_ripe(self, message: Message) -> bool:
        """A clock that was moved is no reason to wait for longer."""
        return abs(self.clock() - message.received_at) >= self.resends_within

    async def _bring_in(self, message: Message) -> bool:
        """Whether it is in the records: listed for a person, unless it came in another way meanwhile."""
        now = self.clock()
        exchange = Exchange(self.new_id(), message, ExchangeState.CLAIMED, now + CLAIM_LEASE)
        try:
            claim = await self.store.claim(exchange, now)
            if (outcome := self._outcome(claim, now)) is not None:
                was = ExchangeState.CLAIMED if claim.fresh else claim.exchange.state
                await self.store.amend(outcome, was)
                self.observer.exchange_finished(outcome.exchange)
        except BodyChanged as error:  # what has this name on record is the message
            self.observer.failed("spool", error, channel=message.channel, message=message.key)
        except Conflict:
            pass  # somebody else was at it meanwhile
        except Exception as error:  # one that cannot be written keeps no other waiting
            self.observer.failed("spool", error, channel=message.channel, message=message.key)
            return False
        return True

    def _outcome(self, claim: Claim, now: datetime) -> Outcome | None:
        """What is in the spool has been answered with the holding text."""
        fallbacks = self.fallbacks.get(claim.exchange.message.channel, NOTHING)
        if claim.fresh:
            return unasked(claim.exchange, fallbacks=fallbacks, now=now)
        return doubted(claim.exchange, fallbacks=fallbacks, now=now, new_id=self.new_id())


class Unheard:
    """An answer that is being recorded as given, and whose time is over before anybody knows whether it is.

    A kill between that commit and its correction would leave an answer on record that nobody has heard. So
    the spool remembers the message first: whoever finds it there doubts such an answer.
    """

    def __init__(self, message: Message, spooling: Spooling | None) -> None:
        self._kept = asyncio.Event()
        self._keeping = Keeping(message, spooling, self._kept.set)

    @property
    def is_kept(self) -> bool:
        return self._kept.is_set()

    async def kept_within(self, within_s: float) -> bool:
        """Put it down for others, where nobody of ours goes on: whether that was done."""
        self._keeping.begin()
        self._keeping.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._kept.wait()
        return self.is_kept

    async def heard_after_all(self, recording: asyncio.Task[T], within_s: float, *, patient: bool) -> bool:
        """Whether it was recorded in the end, waiting at most `within_s` seconds; put down beside that.

        Not `patient`: no longer than until it is put down.
        """
        self._keeping.begin()
        recording.add_done_callback(self._part)
        kept = asyncio.create_task(self._kept.wait())
        awaited: set[asyncio.Task[Any]] = {recording} if patient else {recording, kept}
        done, _ = await asyncio.wait(awaited, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        kept.cancel()
        return recording in done

    def _part(self, recording: asyncio.Task[T]) -> None:
        """It is known now. Where its recorder broke, or was stopped, it is left to others."""
        if recording.cancelled() or recording.exception() is not None:
            self._keeping.leave()
        else:
            self._keeping.recorded()


@dataclass(slots=True)
class Keeping:
    """One message's stay in the spool, if it needs one: until it is in the records."""

    message: Message
    spooling: Spooling | None
    """None: there is no spool."""
    on_kept: Callable[[], None]
    """Called once it is durable there."""
    _task: asyncio.Task[None] | None = None
    _name: str = ""
    _recorded: bool = False
    _left: bool = False

    def begin(self) -> None:
        """Put it there; a second call does nothing, unless the first try has failed."""
        if self.spooling is not None and self._task is None and not self._recorded:
            self._task = asyncio.create_task(self._keep(self.spooling))

    def recorded(self) -> None:
        """It is in the records: the spool is not needed any more."""
        self._recorded = True
        self._part()

    def leave(self) -> None:
        """Nobody tries any more to write it down, or needs to."""
        self._left = True
        self._part()

    async def _keep(self, spooling: Spooling) -> None:
        try:
            self._name = await spooling.spool.keep(self.message)
        except StoreError as error:
            self._task = None
            spooling.observer.failed("spool", error, channel=self.message.channel, message=self.message.key)
            return
        spooling.observer.message_spooled(self.message)
        self.on_kept()
        self._part()

    def _part(self) -> None:
        if not self._name or self.spooling is None:
            return
        if self._recorded:
            self.spooling.forget(self._name)
        elif self._left:
            self.spooling.see_to(self._name, self.message)
        else:
            return
        self._name = ""
