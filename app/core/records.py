"""What became of a message, as frozen values: what the store keeps and a person decides on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.model import NO_CONVERSATION, Conversation, Message, Reply, Verdict


class ExchangeState(StrEnum):
    CLAIMED = "claimed"
    """Durable, the bot is being asked."""
    ANSWERED = "answered"
    """A released reply went out as the passive answer."""
    QUEUED = "queued"
    """A released reply came too late for the passive answer: see its delivery."""
    HELD = "held"
    SILENT = "silent"
    """The bot chose to say nothing."""
    UNANSWERED = "unanswered"
    """The bot failed or a crash came between: listed for a person."""
    CLOSED = "closed"
    """Was unanswered; a person has dealt with it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One inbound message and what became of it."""

    id: str
    message: Message
    state: ExchangeState
    claimed_until: datetime
    """While this lies ahead, somebody is at it; after that a resend, or the sweeper, may take it over."""
    fence: int = 1
    """Grows with every take-over; a record with an older one is refused."""
    bot: str = ""
    reply: Reply | None = None
    """What the bot wanted to say."""
    verdict: Verdict | None = None
    answer: Reply | None = None
    """What the platform was, or is to be, answered: a resend gets the same."""
    finished_at: datetime | None = None
    bot_seconds: float | None = None
    check_seconds: float | None = None
    why: str = ""
    """For UNANSWERED: a code ("bot-timeout", "bot-malformed", "crash", "records-away", ...). For CLOSED: the
    person's note."""


class HoldState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    TRANSFERRED = "transferred"
    EXPIRED = "expired"


class Decision(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    """Give a claimed hold back to the queue."""
    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    TRANSFER = "transfer"
    EXPIRE = "expire"
    NOTE = "note"
    PROPOSE = "propose"
    """Write a text that somebody else may release."""


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that one person proposes; only another may release it."""

    at: datetime
    by: str
    reply: Reply
    reason: str = ""
    signed: bool = False
    """Its proposer may release, and did: the first of two people has put a name to it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reply that waits for a person."""

    id: str
    exchange_id: str
    channel: str
    user: str
    message: Message
    reply: Reply
    verdict: Verdict
    created_at: datetime
    state: HoldState = HoldState.PENDING
    version: int = 1
    """Grows with every decision; a decision carries the version it was made on."""
    deliver_by: datetime | None = None
    """When the platform's window closes; None: it was never open. Of a submitted text: when its submitter
    wants it no more; None: never."""
    decide_by: datetime | None = None
    """When the channel's policy wants it decided; None: whenever."""
    reviewable: bool = True
    """False: the window was too short for a review from the start, approving cannot deliver."""
    claimed_by: str = ""
    claimed_until: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    transferred_to: str = ""
    final: Reply | None = None
    """What a person released in its place: the draft, the edited text or the substitute."""
    notes: tuple[Note, ...] = ()
    draft: Draft | None = None
    """The text that was proposed last."""

    @property
    def due_at(self) -> datetime | None:
        """What comes first, the policy's limit or the window's end; None: nothing presses."""
        return min((at for at in (self.deliver_by, self.decide_by) if at is not None), default=None)

    def reaches(self, now: datetime) -> bool:
        """Whether what is released now still gets to anybody."""
        if self.deliver_by is None:
            return self.message.submitted
        return self.deliver_by > now


@dataclass(frozen=True, slots=True)
class Pressing:
    """How many open holds of a channel somebody must see to now."""

    late: int = 0
    """The policy wanted them decided by now."""
    closing: int = 0
    """The platform's window closes soon: after that the citizen hears nothing."""


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILED = "failed"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A reply to be sent by the platform's API before `deliver_by`."""

    id: str
    exchange_id: str
    hold_id: str
    """Empty for a late reply that passed by itself."""
    channel: str
    user: str
    message: Message
    """What it answers: a comment's reply needs the ids of the comment."""
    reply: Reply
    created_at: datetime
    deliver_by: datetime
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    next_at: datetime | None = None
    """When it is due; None: it is not waiting for a courier."""
    leased_until: datetime | None = None
    fence: int = 0
    """Grows with every lease; a courier that slept through its lease cannot record."""
    finished_at: datetime | None = None
    why: str = ""
    """The platform's error code, or a code of ours ("window-closed", "quota")."""
    receipt: str = ""
    """What the platform answered when it took it, as a JSON object; empty: nothing that matters."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which thing when. Only ever appended; the store chains and numbers it."""

    at: datetime
    actor: str
    action: str
    subject: str
    """Kind and id: "hold:0198..."."""
    before: str = ""
    after: str = ""
    reason: str = ""
    seq: int = 0
    previous_hash: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A channel whose bot is not let speak until a person lets it again."""

    channel: str
    by: str
    at: datetime
    reason: str


class PostState(StrEnum):
    """Of what is posted, signed, to another system: work orders and callbacks."""

    KEPT = "kept"
    """Nobody is posted to: a person exports it, or its reader fetches it."""
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    """Given up on after many tries; now it is as if it were kept."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """转办: what a department is told of a hold that was transferred to it."""

    hold_id: str
    department: str
    created_at: datetime
    body: str
    """JSON, as `core.work_orders` composes it."""
    state: PostState = PostState.KEPT
    attempts: int = 0
    next_at: datetime | None = None
    """When it is due; None: it waits for nobody."""
    why: str = ""
    """What went wrong with the last try."""


@dataclass(frozen=True, slots=True)
class Callback:
    """What the submitter of a text is told once a hold of it has come to its end."""

    hold_id: str
    """A hold ends once: its id names the event, however often that is told."""
    exchange_id: str
    token: str
    """The API token that handed the text in; its settings say where to post."""
    channel: str
    created_at: datetime
    body: str
    """JSON, as `core.manuscripts` composes it."""
    state: PostState = PostState.KEPT
    attempts: int = 0
    next_at: datetime | None = None
    """When it is due; None: it waits for nobody."""
    why: str = ""
    """What went wrong with the last try."""


@dataclass(frozen=True, slots=True)
class Handover:
    """交接班: what one person on duty leaves to the next; both put their name to it."""

    id: str
    from_user: str
    to_user: str
    written_at: datetime
    notes: str
    facts: str
    """JSON, as `service.handing_over` counts them when it is written."""
    taken_at: datetime | None = None
    """None: the next person has not confirmed it yet."""


ABANDONED = "crash"
"""Why an exchange that nobody finished has no answer."""

RECORDS_AWAY = "records-away"
"""Why an exchange has no answer that came in while the records were away, at a process that then died."""

STOPPED = "stopped"
"""Why an exchange of a stopped channel has no answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to do now, as a value: all of it is written in one transaction, then the answer leaves."""

    exchange: Exchange
    hold: Hold | None = None
    delivery: Delivery | None = None
    audit: AuditEntry | None = None
    more: tuple[Delivery, ...] = ()
    """Further pieces of a long reply, sent after what goes out first."""

    @property
    def response(self) -> Reply | None:
        """The passive answer; None is the platform's "no answer"."""
        return self.exchange.answer


@dataclass(frozen=True, slots=True)
class Claim:
    """What the store says of a message that has just come in."""

    exchange: Exchange
    fresh: bool
    """True: ask the bot. False: it was here before, `exchange` says what became of it."""
    conversation: Conversation = NO_CONVERSATION


CLAIM_LEASE = timedelta(seconds=90)
"""Longer than any bot is waited for; a crashed process's messages are listed after this."""
