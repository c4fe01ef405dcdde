"""The services on a real store, with a bot and a platform that do what a test tells them to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from app.assembly.conduct import conduct_of
from app.coordination.local import LocalCoordinator
from app.core.bypass import Alert
from app.core.delivery import Backoff
from app.core.errors import PlatformError, StoreError
from app.core.model import Category, Conversation, Finding, Message, Reply, Severity, Verdict
from app.core.records import Claim, Delivery, Exchange, ExchangeState, Hold, Outcome
from app.ports import SignedRequest, Store
from app.service.courier import Courier
from app.service.manuscripts import ChannelTerms, Manuscripts
from app.service.relay import Relay
from app.service.review import Desk, Review
from app.service.spooling import Spool, Spooling
from app.service.sweeper import Sweeper
from app.settings.channels import ChannelConduct
from app.storage.manuscripts import SqlManuscripts
from app.storage.sql import SqlStore
from tests.values import BLOCKED, MOCKED, NEARLY, NOON, RELEASED

HOLDING = Reply.of("您的留言已收到，请稍候。")
POLITE = Reply.of("办事大厅九点开门。")
MOCKING = Reply.of("呵呵，您真行。")
BLOCKING = Reply.of("滚，别再来问。")
ENDLESS = Reply.of("请" * 40)
CURT = Reply.of("自己看公告。")


def toy_check(reply: Reply, conversation: Conversation) -> Verdict:
    if "滚" in reply.text:
        return BLOCKED
    if "自己看" in reply.text:
        return NEARLY
    return MOCKED if "呵呵" in reply.text else RELEASED


@dataclass
class ToyClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class ToyBot:
    """Says `reply` (or raises it) as soon as `may_answer` is set."""

    reply: Reply | Exception | None = field(default_factory=lambda: POLITE)
    name: str = "vendor"
    asked: list[Message] = field(default_factory=list)
    heard: list[Conversation] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        self.asked.append(message)
        self.heard.append(conversation)
        self.was_asked.set()
        await self.may_answer.wait()
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@dataclass
class ToyCodec:
    """A platform that takes texts of up to 30 characters."""

    media_type: str = "text/plain"

    def objections(self, message: Message, reply: Reply) -> Sequence[Finding]:
        if len(reply.text) <= 30:
            return ()
        return (Finding("system.too-long", Category.SYSTEM, Severity.MEDIUM, "回复过长"),)

    def pieces(self, message: Message, reply: Reply) -> Sequence[Reply]:
        return (reply,)

    def verify(self, query: Mapping[str, str], now: datetime) -> bytes:
        return query["echostr"].encode()

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> Message:
        raise NotImplementedError

    def encode(self, message: Message, reply: Reply | None, now: datetime) -> bytes:
        return reply.text.encode() if reply else b"success"

    def encode_push(self, message: Message, now: datetime) -> SignedRequest:
        return SignedRequest({}, message.raw, self.media_type)

    def decode_answer(self, message: Message, body: bytes) -> Reply | None:
        return Reply.of(body.decode()) if body else None


@dataclass
class ToyPlatform:
    """Answers each send with the next of `answers`; None, or nothing left, is a success."""

    answers: list[Exception | None] = field(default_factory=list)
    received: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> str:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or not isinstance(answer, PlatformError):
            self.received.append((delivery.user, delivery.reply.text))
        if answer is not None:
            raise answer
        return ""


@dataclass
class Heard:
    """An Observer that remembers where things failed."""

    failures: list[tuple[str, str]] = field(default_factory=list)
    opinions: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    spooled: list[str] = field(default_factory=list)

    def exchange_finished(self, exchange: Exchange) -> None: ...

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None: ...

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None:
        self.opinions.append(answer)

    def hold_settled(self, hold: Hold) -> None: ...

    def delivery_finished(self, delivery: Delivery) -> None: ...

    def coordination_changed(self, trouble: str) -> None: ...
    def message_spooled(self, message: Message) -> None:
        self.spooled.append(message.key)

    def alert_raised(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        self.failures.append((where, type(error).__name__))


@dataclass
class FlakyStore:
    """The real store behind a switch: while `away`, writes and what a twin reads fail."""

    inner: Store
    away: bool = False
    slow: asyncio.Event | None = None
    """When set to an event, a record or an amendment waits for it first."""
    confirms: asyncio.Event | None = None
    """When set to an event, a record is written at once and confirmed only after it."""
    unheard: int = 0
    """How many of the next claims and records are written, but not confirmed."""

    async def claim(self, exchange: Exchange, now: datetime) -> Claim:
        if self.away:
            raise StoreError("away")
        claim = await self.inner.claim(exchange, now)
        self._lose_the_answer()
        return claim

    async def exchange(self, exchange_id: str) -> Exchange:
        if self.away:
            raise StoreError("away")
        return await self.inner.exchange(exchange_id)

    async def record(self, outcome: Outcome) -> None:
        if self.away:
            raise StoreError("away")
        if self.slow is not None:
            await self.slow.wait()
        await self.inner.record(outcome)
        if self.confirms is not None:
            await self.confirms.wait()
        self._lose_the_answer()

    def _lose_the_answer(self) -> None:
        if self.unheard:
            self.unheard -= 1
            raise StoreError("the commit was not confirmed")

    async def ping(self) -> None:
        if self.away:
            raise StoreError("away")
        await self.inner.ping()

    async def amend(self, outcome: Outcome, was: ExchangeState) -> None:
        if self.away:
            raise StoreError("away")
        if self.slow is not None:
            await self.slow.wait()
        await self.inner.amend(outcome, was)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@dataclass
class Stage:
    """Everything a test may look at or pull on."""

    store: SqlStore
    clock: ToyClock
    bot: ToyBot
    platform: ToyPlatform
    heard: Heard
    relay: Relay
    courier: Courier
    sweeper: Sweeper
    review: Review
    manuscripts: Manuscripts
    """Of the tokens, `press` and `wiki` are called back; `wiki` waits a day for a decision."""
    stopped: set[str]
    spooling: Spooling | None

    def behave(self, **changes: Any) -> None:
        """The channel's conduct, otherwise than it was."""
        conduct = replace(self.relay.conduct(), **changes)
        self.relay.conduct = lambda: conduct


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    answer_within_s: float = 30.0,
    flaky: list[FlakyStore] | None = None,
    spool: Spool | None = None,
) -> AsyncIterator[Stage]:
    """A stage on the SQLite file in `folder`. With `flaky`, the relay's store stands behind a switch, put
    there; with `spool`, messages are kept in it while the records are away."""
    records = await SqlStore.open(f"sqlite:///{folder}/stage.db", busy_timeout_s=2.0)
    store: Store = records
    if flaky is not None:
        switch = FlakyStore(records)
        flaky.append(switch)
        store = switch  # type: ignore[assignment]  # __getattr__ supplies the rest of the port
    clock, bot, platform, heard = ToyClock(), ToyBot(), ToyPlatform(), Heard()
    coordinator, codec, ids = LocalCoordinator(), ToyCodec(), count(1)

    def new_id() -> str:
        return f"id-{next(ids):04d}"

    conduct = conduct_of(ChannelConduct(holding_text=HOLDING.text))
    spooling = None
    if spool is not None:
        wait = timedelta(seconds=60)
        spooling = Spooling(spool, store, heard, clock, new_id, {"hall": conduct.fallbacks}, 1.0, wait)
    relay = Relay(
        codec,
        bot,
        toy_check,
        store,
        coordinator,
        heard,
        clock,
        new_id,
        lambda: conduct,
        timedelta(seconds=answer_within_s),
        spooling=spooling,
    )
    courier = Courier(
        records,
        {"hall": platform},
        coordinator,
        heard,
        clock,
        Backoff(),
        timedelta(seconds=60),
        timedelta(seconds=5),
        poll_every_s=0.05,
    )
    called_back, stopped = frozenset({"press", "wiki"}), set[str]()
    sweeper = Sweeper(records, heard, clock, 1.0, timedelta(seconds=60), called_back)
    desks = {"hall": Desk(toy_check, codec)}
    review = Review(
        records, desks, coordinator, heard, clock, new_id, timedelta(minutes=10), called_back=called_back
    )
    terms = ChannelTerms(toy_check, {Severity.MEDIUM: timedelta(hours=2)})
    manuscripts = Manuscripts(
        {"hall": terms, "weibo": terms},
        store,
        SqlManuscripts(records.database),
        coordinator,
        heard,
        clock,
        new_id,
        stopped.__contains__,
        {"wiki": timedelta(days=1)},
        called_back,
    )
    try:
        yield Stage(
            records,
            clock,
            bot,
            platform,
            heard,
            relay,
            courier,
            sweeper,
            review,
            manuscripts,
            stopped,
            spooling,
        )
    finally:
        bot.may_answer.set()
        await relay.drain(5)
        await records.aclose()
