"""The one use case: a citizen's message comes in, a checked answer (or none) goes out.

One Relay serves one channel. Nothing leaves before it is durable; whatever goes wrong, the citizen hears
the channel's fallback and the message stays on record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from math import inf
from time import perf_counter
from typing import TypeVar

from app.core import canary
from app.core.canary import Canary
from app.core.conduct import Conduct
from app.core.disposition import defer, dispose, doubted, fail, with_objections
from app.core.errors import BodyChanged, BotError, Conflict, StoreError
from app.core.label import labelled
from app.core.model import Category, Conversation, Disposition, Finding, Message, Reply, Severity, Verdict
from app.core.records import CLAIM_LEASE, STOPPED, Claim, Exchange, ExchangeState, Outcome
from app.core.takeover import NO_DRAFT
from app.ports import Bot, Check, Clock, Codec, Coordinator, NewId, Observer, Store
from app.service import topics
from app.service.consultation import Consultation
from app.service.share import BUSY
from app.service.spooling import Keeping, Spooling, Unheard
from app.service.takeovers import Reception
from app.service.window import Window, remaining_s

T = TypeVar("T")

NOT_NOTED = "nobody could note that the answer being recorded was not given"

STORE_RETRIES_S = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Waits between tries while the records cannot be written; the last one repeats."""

GRACE_S = 0.3
"""How much longer an answer is waited for that is just being written down; 4.5 s + this is below 5 s."""

WRITING_S = 0.2
"""How much of the answer window a second opinion leaves for writing the answer down."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the webhook says now."""

    reply: Reply | None
    kind: str
    """ "reply", "holding", "none" or "replay": for the metric."""


@dataclass(slots=True)
class Relay:
    codec: Codec
    bot: Bot
    check: Check
    store: Store
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    conduct: Callable[[], Conduct]
    answer_within: timedelta
    consultation: Consultation | None = None
    """None: the rules alone judge."""
    stopped: Callable[[], bool] = lambda: False
    """Whether the channel's bot is not let speak now."""
    reception: Reception | None = None
    """Who looks whether a message is for a person; None: all go to the bot."""
    canary: Canary | None = None
    """Test messages that we answer ourselves; None: there is no test account."""
    decide_within: Mapping[Severity, timedelta] = field(default_factory=dict)
    """How long people may take over a hold, by its severity."""
    spooling: Spooling | None = None
    """Where a message is durable while the records are away; None: nowhere."""
    backlog: int = 500
    """How many messages may wait in memory for records that cannot be written; what comes beyond waits in the
    spool alone, and is listed for a person."""
    crowded_at: int = 1_000
    """Past so many under way a further one is written down and the bot is not asked: what that saves goes to
    those that wait."""
    most_under_way: int = 5_000
    """What comes faster than it can be written down is not taken in."""
    _under_way: set[asyncio.Task[Answer]] = field(default_factory=set)
    _stuck: int = 0

    async def respond(self, message: Message, waited_s: float = 0.0) -> Answer:
        """The webhook's answer, in time whatever happens; of that `waited_s` seconds are over already.

        Raises BodyChanged; StoreError where the message could be made durable neither in the records nor in
        the spool in that time, or where too much is under way: nobody is told that it was received before it
        is, and the platform pushes it again.
        """
        if len(self._under_way) >= self.most_under_way:
            raise StoreError("too many messages are under way")
        within_s = remaining_s(self.answer_within.total_seconds(), waited_s)
        window = Window(asyncio.get_running_loop().time() + within_s)
        keeping = Keeping(message, self.spooling, window.note_on_record)
        task = asyncio.create_task(self._guarded(message, window, keeping))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        if await _done_within(task, within_s):
            return task.result()
        unheard = Unheard(message, self.spooling) if window.may_be_answered else None
        window.take()
        patient = not window.repeats  # who writes down an answer of its own may just have it there
        grace_s = window.grace_s(asyncio.get_running_loop().time(), GRACE_S)
        if unheard is not None and await unheard.heard_after_all(task, grace_s, patient=patient):
            return task.result()
        if not window.close():
            return await task
        task.add_done_callback(self._report)
        if unheard is not None and not unheard.is_kept:
            window.refuse()
            raise StoreError(NOT_NOTED)
        return await self._fallback(message, window, keeping)

    async def drain(self, within_s: float) -> None:
        """Let what is under way finish; what does not is on record, and a resend or the sweeper finds it."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=within_s)

    async def answer(self, message: Message, window: Window, keeping: Keeping) -> Answer:
        """Claim, ask, check (twice where it is close), dispose, record."""
        claim = await self._claim(message)
        window.note_on_record()
        if not claim.fresh:
            replayed = await self._others_answer(claim.exchange, window)
            keeping.recorded()
            return replayed
        keeping.recorded()
        exchange, code = await self._ask(claim, window)
        try:
            outcome = await self._record(exchange, code, window)
        except Conflict:  # this one slept past its lease and somebody took the message over
            taken_over = await self._persist(partial(self.store.exchange, exchange.id))
            return await self._others_answer(taken_over, window)
        self.observer.exchange_finished(outcome.exchange)
        await self._announce(outcome)
        return self._spoken(outcome.exchange)

    # --- the steps ----------------------------------------------------------------------------

    async def _claim(self, message: Message) -> Claim:
        exchange_id = self.new_id()

        async def write() -> Claim:
            now = self.clock()
            bot = self.bot.name if self._test_answer(message) is None else canary.BOT
            exchange = Exchange(exchange_id, message, ExchangeState.CLAIMED, now + CLAIM_LEASE, bot=bot)
            return await self.store.claim(exchange, now)

        return await self._persist(write)

    async def _ask(self, claim: Claim, window: Window) -> tuple[Exchange, str]:
        """The exchange with reply and verdict, and the code of the bot's failure, if any."""
        exchange, message = claim.exchange, claim.exchange.message
        if (reply := self._test_answer(message)) is not None:
            judged = self._judged(message, reply, claim.conversation)
            return replace(exchange, reply=reply, verdict=judged), ""
        if self.stopped():
            return exchange, STOPPED
        if len(self._under_way) > self.crowded_at:
            return exchange, BUSY
        if self.reception is not None and (verdict := await self.reception.verdict(message)) is not None:
            return replace(exchange, reply=NO_DRAFT, verdict=verdict), ""
        started = perf_counter()
        try:
            reply = await self.bot.ask(message, claim.conversation)
        except BotError as error:
            self.observer.failed("bot", error, channel=message.channel, exchange=exchange.id)
            return replace(exchange, bot_seconds=perf_counter() - started), error.code
        asked = perf_counter()
        if self.stopped():  # while it was asked
            return replace(exchange, reply=reply, bot_seconds=asked - started), STOPPED
        if reply is None:
            return replace(exchange, bot_seconds=asked - started), ""
        reply = labelled(reply, self.conduct().label)
        verdict = self._judged(message, reply, claim.conversation)
        verdict = await self._affordable(verdict, message, reply)
        checked = perf_counter()
        return (
            replace(
                exchange,
                reply=reply,
                verdict=await self._consult(exchange, reply, verdict, window),
                bot_seconds=asked - started,
                check_seconds=checked - asked,
            ),
            "",
        )

    def _test_answer(self, message: Message) -> Reply | None:
        return None if self.canary is None else self.canary.reply(message)

    def _judged(self, message: Message, reply: Reply, conversation: Conversation) -> Verdict:
        return with_objections(self.check(reply, conversation), self.codec.objections(message, reply))

    async def _affordable(self, verdict: Verdict, message: Message, reply: Reply) -> Verdict:
        """A long reply goes out whole or waits: half of it would be worse than none."""
        pieces = self.codec.pieces(message, reply)
        if len(pieces) == 1 or verdict.disposition is not Disposition.RELEASE:
            return verdict
        needed = len(pieces) - (1 if message.passive else 0)
        try:
            left = (await self.store.allowance(message.channel, message.user, "")).left
        except StoreError as error:
            self.observer.failed("relay", error, channel=message.channel)
            left = 0
        if needed <= left:
            return verdict
        why = f"这条回复还要再发 {needed} 条，平台只让再发 {left} 条，请改短。"
        return with_objections(verdict, [Finding("system.quota", Category.SYSTEM, Severity.MEDIUM, why)])

    async def _consult(self, exchange: Exchange, reply: Reply, verdict: Verdict, window: Window) -> Verdict:
        """A passive answer is not kept waiting past its window; one that is late already may wait."""
        if self.consultation is None:
            return verdict
        now = asyncio.get_running_loop().time()
        left_s = window.left_s(now) - WRITING_S if exchange.message.passive else inf
        return await self.consultation.consult(exchange, reply, verdict, left_s)

    async def _record(self, exchange: Exchange, code: str, window: Window) -> Outcome:
        """Write what became of it. A passive answer that became durable too late turns into a delivery."""
        ours = window.take()
        new_id = self.new_id()

        async def write() -> Outcome:
            in_time = ours and not window.closed
            outcome = self._dispose(exchange, code, in_time=in_time, new_id=new_id)
            try:
                await self.store.record(outcome)
            except Conflict:
                return await self._recorded_unheard(exchange)
            return outcome

        outcome = await self._persist(write)
        answered = outcome.exchange.state is ExchangeState.ANSWERED
        if not answered or window.finalise():
            return outcome
        late = defer(outcome, fallbacks=self.conduct().fallbacks, now=self.clock(), new_id=new_id)
        try:
            await self._persist(lambda: self.store.amend(late, ExchangeState.ANSWERED))
        except Conflict:  # a resend has given the answer meanwhile, or was about to
            await self._doubt(exchange.message)
            return outcome
        return late

    async def _recorded_unheard(self, exchange: Exchange) -> Outcome:
        """What an earlier try of ours has written, whose commit the records never confirmed: an answer that
        nobody has heard yet is still ours to speak or to send. Raises Conflict: it was somebody else, or
        there is nothing to speak. Nobody but the holder of a fence records an answer under it."""
        stored = await self.store.exchange(exchange.id)
        if stored.fence != exchange.fence or stored.state is not ExchangeState.ANSWERED:
            raise Conflict("the exchange was taken over by somebody else", state=stored.state.value)
        return Outcome(stored)

    def _dispose(self, exchange: Exchange, code: str, *, in_time: bool, new_id: str) -> Outcome:
        fallbacks = self.conduct().fallbacks
        if code:
            return fail(exchange, code, fallbacks=fallbacks, now=self.clock())
        if self.reception is not None:
            fallbacks = self.reception.fallbacks(exchange.verdict, fallbacks)
        return dispose(
            exchange,
            exchange.reply,
            exchange.verdict,
            in_time=in_time,
            fallbacks=fallbacks,
            now=self.clock(),
            new_id=new_id,
            decide_within=self.decide_within,
            pieces=self._pieces(exchange),
        )

    def _pieces(self, exchange: Exchange) -> Sequence[Reply]:
        released = exchange.verdict is not None and exchange.verdict.disposition is Disposition.RELEASE
        return self.codec.pieces(exchange.message, exchange.reply) if released and exchange.reply else ()

    async def _others_answer(self, exchange: Exchange, window: Window) -> Answer:
        window.note_repeat()
        replayed = await self._replay(exchange)
        if window.told:  # whatever another push of it has heard, or not
            await self._doubt(exchange.message)
        return replayed

    async def _replay(self, exchange: Exchange) -> Answer:
        """A resend gets the recorded answer, and waits for it while the first push is still under way.

        An answer is given only where it stays one: whoever recorded it may have come too late with it, and be
        about to make a delivery of it.
        """
        read = partial(self.store.exchange, exchange.id)
        while True:
            while exchange.state is ExchangeState.CLAIMED:
                await self.coordinator.wait(topics.answer_to(exchange.id), timeout_s=0.5)
                exchange = await self._persist(read)
            if exchange.state is not ExchangeState.ANSWERED:
                return Answer(exchange.answer, "replay")
            try:
                await self._persist(partial(self.store.repeat, exchange))
            except Conflict:
                exchange = await self._persist(read)
            else:
                return Answer(exchange.answer, "replay")

    async def _doubt(self, message: Message) -> None:
        """This push has heard the holding text, whatever is on record."""
        exchange = await self._persist(lambda: self.store.find_exchange(message.channel, message.key))
        fallbacks = self.conduct().fallbacks
        outcome = doubted(exchange, fallbacks=fallbacks, now=self.clock(), new_id=self.new_id())
        if outcome is None:
            return
        try:
            await self._persist(lambda: self.store.amend(outcome, exchange.state))
        except Conflict:
            return  # somebody else has, or an earlier try of ours
        self.observer.exchange_finished(outcome.exchange)

    async def _announce(self, outcome: Outcome) -> None:
        await self.coordinator.announce(topics.answer_to(outcome.exchange.id))
        if outcome.delivery is not None or outcome.more:
            await self.coordinator.announce(topics.DELIVERIES)
        if outcome.hold is not None:
            await self.coordinator.announce(topics.QUEUE)

    # --- when things go wrong -----------------------------------------------------------------

    async def _guarded(self, message: Message, window: Window, keeping: Keeping) -> Answer:
        """The outer guard: whatever breaks, the citizen hears the fallback and the message stays listed."""
        try:
            return await self.answer(message, window, keeping)
        except BodyChanged:
            keeping.recorded()  # under its name another message is
            raise
        except Exception as error:
            self.observer.failed("relay", error, channel=message.channel, message=message.key)
            if window.may_be_answered and not await Unheard(message, self.spooling).kept_within(GRACE_S):
                window.refuse()
                raise StoreError(NOT_NOTED) from error
            return await self._fallback(message, window, keeping)
        finally:
            keeping.leave()

    async def _persist(self, trip: Callable[[], Awaitable[T]]) -> T:
        """To the records, again and again while they are away: a message let go here would be lost."""
        tries = 0
        while True:
            try:
                return await trip()
            except Conflict:
                raise
            except StoreError as error:
                self.observer.failed("store", error)
                if self._stuck >= self.backlog:
                    raise
            self._stuck += 1
            try:
                await asyncio.sleep(STORE_RETRIES_S[min(tries, len(STORE_RETRIES_S) - 1)])
            finally:
                self._stuck -= 1
            tries += 1

    def _spoken(self, exchange: Exchange) -> Answer:
        if exchange.state is ExchangeState.ANSWERED:
            return Answer(exchange.answer, "reply")
        return Answer(exchange.answer, "holding" if exchange.answer else "none")

    async def _fallback(self, message: Message, window: Window, keeping: Keeping) -> Answer:
        """Raises StoreError for a message that is not durable: a kill now would lose it."""
        if not await window.on_record(0):
            keeping.begin()
            if not await window.on_record(GRACE_S):
                window.refuse()
                raise StoreError("the message could not be made durable in time")
        reply = self.conduct().fallbacks.late if message.passive else None
        return Answer(reply, "holding" if reply else "none")

    def _report(self, task: asyncio.Task[Answer]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.observer.failed("relay", error)


async def _done_within(task: asyncio.Task[Answer], seconds: float) -> bool:
    done, _ = await asyncio.wait((task,), timeout=seconds)
    return bool(done)
