"""What the services need from the world, as small Protocols that state their errors.

Times come in as aware UTC arguments; nobody behind a port reads the clock for a decision.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from app.core.audit import Link
from app.core.bypass import Alert
from app.core.model import Conversation, Finding, Message, Reply, Verdict
from app.core.opinion import Opinion
from app.core.questions import MOST_COUNTED as MOST_COUNTED
from app.core.questions import AuditFilter as AuditFilter
from app.core.questions import HoldFilter as HoldFilter
from app.core.questions import Page as Page
from app.core.records import (
    AuditEntry,
    Callback,
    Claim,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
    Pressing,
    WorkOrder,
)

Clock = Callable[[], datetime]
"""Aware UTC now."""

T = TypeVar("T")

NewId = Callable[[], str]
"""A new id: unique, sorts by time, safe in a URL."""

Check = Callable[[Reply, Conversation], Verdict]
"""Pure. Does not raise: an error inside is the finding `system.check-failed`."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A push as one side sends it to the other: query string values and body."""

    query: Mapping[str, str]
    body: bytes
    media_type: str


class Codec(Protocol):
    """One account's wire format, toward the platform and a vendor's bot alike. Pure: bytes in, bytes out."""

    media_type: str
    """Content type of what `encode` returns."""

    def verify(self, query: Mapping[str, str], now: datetime) -> bytes:
        """Answer the platform's URL check. Raises BadSignature."""
        ...

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> Message:
        """Read a push. Raises BadSignature, DecodeError."""
        ...

    def encode(self, message: Message, reply: Reply | None, now: datetime) -> bytes:
        """Write the passive answer, wrapped as `message` was; None is the platform's "no answer".

        Raises DecodeError for a reply that `objections` names.
        """
        ...

    def objections(self, message: Message, reply: Reply) -> Sequence[Finding]:
        """Why this reply cannot go out on this platform: too long, a part it has no form for, illegal
        characters. Findings of category SYSTEM; empty when it can."""
        ...

    def pieces(self, message: Message, reply: Reply) -> Sequence[Reply]:
        """The reply in as many messages as this platform needs for it, in order; usually itself."""
        ...

    def encode_push(self, message: Message, now: datetime) -> SignedRequest:
        """Write the push anew for a vendor, signed and wrapped with this codec's own credentials.

        The inner bytes are `message.raw`, unchanged.
        """
        ...

    def decode_answer(self, message: Message, body: bytes) -> Reply | None:
        """Read a vendor's passive answer to `message`, strictly; None: it chose to say nothing.

        Raises BotMalformed.
        """
        ...


class Bot(Protocol):
    name: str

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        """The bot's reply, or None where it chose to say nothing. Raises BotError; never hangs."""
        ...


class SecondOpinion(Protocol):
    version: str
    """A short hash of what it judges by (instructions, model); it goes into the verdict's version."""

    async def ask(self, reply: str, message: str, findings: Sequence[Finding]) -> Opinion:
        """What it thinks of a reply to the citizen's `message` in which the rules found `findings`.

        Raises OpinionError; never hangs.
        """
        ...


class PlatformClient(Protocol):
    async def send(self, delivery: Delivery) -> str:
        """Send `delivery.reply` to its follower. Returns when the platform confirmed it: what it answered
        beside that, as a JSON object ("msg_id", "publish_id", a comment's "id"), or nothing.

        Raises PlatformError: RateLimited and PlatformBusy say it was not sent, FateUnknown that nobody knows,
        ContentChanged that the draft it names is no longer the one that was judged, every other that it
        never will be sent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the platform still lets us send to one follower, from what we recorded."""

    closes_at: datetime | None
    """None: this follower has never opened a window, or left."""
    left: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How we stand with one follower."""

    allowance: Allowance
    history: Sequence[Exchange]


class Store(Protocol):
    """The records. Every write is durable when it returns. Raises StoreError when it cannot be."""

    async def claim(self, exchange: Exchange, now: datetime) -> Claim:
        """Make a message durable before the bot hears of it.

        Unseen: stores `exchange` (state CLAIMED), extends `deliver_by` of this follower's open holds and
        unsent deliveries to the new window where that is later, and returns it with the conversation so far.
        Seen, still CLAIMED and `claimed_until` < now: takes it over (fence + 1, new `claimed_until`), fresh.
        Seen otherwise: returns what became of it. Raises BodyChanged where `message.digest` differs.
        """
        ...

    async def record(self, outcome: Outcome) -> None:
        """Write exchange, hold, delivery and audit, or none. Raises Conflict where the exchange is no longer
        CLAIMED or its fence has moved on."""
        ...

    async def put_down(self, outcome: Outcome) -> None:
        """Write what was over as soon as it came: claim and record in one, where nobody was asked in between.
        Its message extends no window. Raises Conflict where the message, or the exchange's id, is there."""
        ...

    async def exchange(self, exchange_id: str) -> Exchange:
        """Raises NotFound."""
        ...

    async def find_exchange(self, channel: str, key: str) -> Exchange:
        """Raises NotFound."""
        ...

    async def exchanges(
        self, states: Sequence[ExchangeState], channels: Sequence[str] | None, after: str, limit: int
    ) -> Page[Exchange]:
        """Newest first."""
        ...

    async def abandoned(self, now: datetime, grace: timedelta, limit: int) -> Sequence[Exchange]:
        """CLAIMED exchanges whose `claimed_until` lies more than `grace` back."""
        ...

    async def orphan_claims(self, now: datetime) -> int:
        """At the start of a sole process: nobody is at any claimed exchange, so a resend may take it over."""
        ...

    async def amend(self, outcome: Outcome, was: ExchangeState) -> None:
        """Write the new state of a finished or abandoned exchange with its delivery and audit, or none.
        Raises NotFound; Conflict unless the stored state is `was` and the fence is unchanged."""
        ...

    async def repeat(self, exchange: Exchange) -> None:
        """Take the right to give a recorded answer once more; who recorded it makes no delivery of it then.
        Raises Conflict unless it is still answered and the fence is unchanged."""
        ...

    async def hold(self, hold_id: str) -> Hold:
        """Raises HoldNotFound."""
        ...

    async def holds(self, wanted: HoldFilter) -> Page[Hold]:
        """Open ones: earliest `due_at` first (those without one last), then the most severe, then the oldest.
        Decided ones: the latest decision first."""
        ...

    async def count_holds(self, wanted: HoldFilter) -> int:
        """At most MOST_COUNTED."""
        ...

    async def history(self, channel: str, user: str, before: datetime, limit: int) -> Sequence[Exchange]:
        """What one citizen wrote before, and what became of it: the last ones, oldest first."""
        ...

    async def settle(
        self,
        hold: Hold,
        delivery: Delivery | None,
        audit: AuditEntry,
        work_order: WorkOrder | None = None,
        more: Sequence[Delivery] = (),
        callback: Callback | None = None,
    ) -> None:
        """Write all of them or none; `more`: what follows `delivery`, in pieces.

        Raises HoldNotFound; Conflict unless the stored version is one less.
        """
        ...

    async def expired_holds(self, now: datetime, limit: int) -> Sequence[Hold]:
        """PENDING or CLAIMED, with `deliver_by` <= now."""
        ...

    async def pressing_holds(self, now: datetime, soon: timedelta) -> Mapping[str, Pressing]:
        """By channel, those that have any; of either kind at most MOST_COUNTED in all are counted."""
        ...

    async def waiting(self, now: datetime) -> Sequence[str]:
        """The channels that have something due."""
        ...

    async def due(
        self, now: datetime, limit: int, lease: timedelta, channel: str | None = None
    ) -> Sequence[Delivery]:
        """Lease deliveries for one courier: QUEUED or RETRYING with `next_at` <= now become SENDING, with
        `leased_until`, `attempts` + 1 and `fence` + 1, durably, before they are returned. At most one per
        follower, oldest first, so that a follower's messages keep their order."""
        ...

    async def deliver(self, delivery: Delivery, audit: AuditEntry | None = None) -> None:
        """Write what became of a leased delivery. Raises Conflict unless it is SENDING with this fence, or,
        with an audit entry (a person's act), unless it is FAILED or UNCERTAIN with this fence."""
        ...

    async def lost_deliveries(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """SENDING with `leased_until` < now: their fate is unknown."""
        ...

    async def delivery(self, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        ...

    async def deliveries(
        self, states: Sequence[DeliveryState], channels: Sequence[str] | None, after: str, limit: int
    ) -> Page[Delivery]:
        """Newest first."""
        ...

    async def allowance(self, channel: str, user: str, excluding: str) -> Allowance:
        """The follower's window that stays open longest, less what was DELIVERED, UNCERTAIN or is SENDING
        since it opened (the delivery `excluding` not counted)."""
        ...

    async def standing(self, channel: str, user: str, before: datetime, limit: int) -> Standing:
        """`allowance` and `history` in one look."""
        ...

    async def audit_entries(self, wanted: AuditFilter) -> Page[AuditEntry]:
        """Newest first."""
        ...

    async def append_audit(self, entry: AuditEntry) -> None: ...

    async def audit_anchor(self) -> Link:
        """What the oldest entry follows: the newest one that lies in an archive alone."""
        ...

    def audit_trail(self) -> AsyncIterator[AuditEntry]:
        """All that is not in an archive alone, oldest first."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Sizes for gauges: "holds_pending", "deliveries_queued", "deliveries_uncertain", "unanswered",
        "callbacks_queued", "callbacks_failed"."""
        ...

    async def ping(self) -> None:
        """Prove that a write would succeed. Raises StoreError."""
        ...

    async def aclose(self) -> None: ...


Posted = TypeVar("Posted", WorkOrder, Callback)


class Outbox(Protocol[Posted]):
    """What is to be posted, signed, to another system. Raises StoreError."""

    async def take(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Posted]:
        """Those that are due, longest first, put off by `lease` so that nobody else takes them meanwhile;
        each with `attempts` + 1."""
        ...

    async def mark(self, item: Posted, audit: AuditEntry | None = None) -> None:
        """What became of a try; nothing where it was taken again since."""
        ...


class WorkOrders(Outbox[WorkOrder], Protocol):
    """The work orders among the records. Raises StoreError."""

    async def work_order(self, hold_id: str) -> WorkOrder | None: ...


class Coordinator(Protocol):
    """What replicas tell each other. Nothing here is a record: losing all of it loses nothing.

    Nothing here raises or hangs when what carries it is away: then each process knows what it knew by itself.
    """

    @property
    def trouble(self) -> str:
        """Why nobody else hears or is heard now; empty: all is well."""
        ...

    async def announce(self, topic: str) -> None:
        """Wake everybody who waits for `topic`. It may be lost: who depends on it also looks by himself."""
        ...

    async def wait(self, topic: str, timeout_s: float) -> bool:
        """True when `topic` was, or may have been, announced meanwhile; False after `timeout_s` seconds."""
        ...

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str, lifetime: timedelta) -> None: ...

    def lock(self, key: str, lease: timedelta) -> AbstractAsyncContextManager[None]:
        """Only one holder at a time, for at most `lease`; one in each process while these are apart."""
        ...

    async def aclose(self) -> None: ...


class Observer(Protocol):
    """Hears what happened, for metrics and logs. Never raises, never waits."""

    def exchange_finished(self, exchange: Exchange) -> None: ...

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None:
        """`answer`: "reply", "holding", "none", "replay", "refused"."""
        ...

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None:
        """`answer`: "fine", "doubtful", "failed"."""
        ...

    def hold_settled(self, hold: Hold) -> None: ...

    def delivery_finished(self, delivery: Delivery) -> None: ...

    def coordination_changed(self, trouble: str) -> None:
        """`trouble`: the kind of error for which this process is by itself now; empty: it is not any more."""
        ...

    def alert_raised(self, alert: Alert) -> None: ...

    def message_spooled(self, message: Message) -> None:
        """It is durable on this machine, since the records could not be written."""
        ...

    def failed(self, where: str, error: BaseException, **ids: str) -> None:
        """Something went wrong at `where` ("relay", "courier", ...); `ids` name things, never quote them."""
        ...
