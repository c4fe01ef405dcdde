"""The driver's own book: what every citizen sent and received and when, what the platform was asked to send,
what moderators decided. Nothing in it comes from the guard's records."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.script import Line, markers_in


class Via(StrEnum):
    PASSIVE = "passive"
    API = "api"


class Fate(StrEnum):
    """What whoever asked the platform to send can know of it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """The platform said that it did not send it."""
    UNKNOWN = "unknown"
    """No answer, or none that says."""


class Reception(StrEnum):
    """What a moderator heard of a decision."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What appeared on a citizen's screen."""

    at: float
    user: str
    via: Via
    text: str


@dataclass(frozen=True, slots=True)
class Send:
    """One call of the send API."""

    at: float
    user: str
    text: str
    how: str
    fate: Fate
    arrived: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One push of a message."""

    at: float
    took_s: float
    guard: str
    problem: str
    """Empty: answered with HTTP 200 in time."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One decision of a moderator, as far as they know."""

    at: float
    by: str
    action: str
    """As the audit names it: "hold.approve", "delivery.retry"."""
    subject: str
    """"hold:..."."""
    version: int
    """Of the hold they saw; 0 for what has none."""
    marker: str
    text: str
    """What they would let out; empty: nothing."""
    heard: Reception
    status: int


@dataclass(slots=True)
class Conversation:
    line: Line
    opened_at: int = field(default_factory=lambda: int(time.time()))
    """By the platform's clock, in seconds: the same at every push."""
    asked: int = 0
    """How often the bot was."""
    tries: list[Try] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    notice: bool = False
    """The citizen was told by the platform that the account is out of service."""
    story: list[tuple[float, str]] = field(default_factory=list)

    def tell(self, what: str) -> None:
        self.story.append((time.monotonic(), what))


@dataclass(slots=True)
class Ledger:
    began: float = field(default_factory=time.monotonic)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    """How often each fault was made."""
    kills: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """Of the webhook, as the platform heard them."""
    events: list[tuple[float, str]] = field(default_factory=list)
    """What befell guards and servers, and when."""
    strange: list[Receipt] = field(default_factory=list)
    """What reached somebody and bears no marker of a conversation of theirs."""
    late: list[tuple[Conversation, Try]] = field(default_factory=list)
    not_judged: Counter[str] = field(default_factory=Counter)
    """Pushes without an answer in 5 s whose guard was not let run, and why."""

    def open(self, line: Line) -> Conversation:
        made = self.conversations[line.marker] = Conversation(line)
        return made

    def befell(self, what: str) -> None:
        self.events.append((time.monotonic(), what))

    def receive(self, user: str, via: Via, text: str, of: Conversation | None = None) -> None:
        """Note what a citizen sees. `of`: where it is known which push it answers."""
        receipt = Receipt(time.monotonic(), user, via, text)
        conversation = of or self.of_text(text)
        if conversation is None or conversation.line.user != user:
            self.strange.append(receipt)
            return
        conversation.receipts.append(receipt)
        conversation.tell(f"citizen receives by {via}: {text}")

    def of_text(self, text: str) -> Conversation | None:
        """The conversation whose marker a text bears; None where that is not exactly one."""
        found = {marker for marker in markers_in(text)}
        return self.conversations.get(found.pop()) if len(found) == 1 else None

    def attempts_at(self, marker: str) -> Sequence[Attempt]:
        return [attempt for attempt in self.attempts if attempt.marker == marker]

    def stories(self, marker: str) -> Iterator[str]:
        """One conversation's events, oldest first."""
        conversation = self.conversations[marker]
        events = [
            *conversation.story,
            *(
                (one.at, f"{one.by}: {one.action} {one.subject} v{one.version} -> {one.heard} {one.status}")
                for one in self.attempts_at(marker)
            ),
        ]
        begins, ends = min(at for at, _ in events) - 2, max(at for at, _ in events) + 2
        events += ((at, f"    {what}") for at, what in self.events if begins <= at <= ends)
        line = conversation.line
        yield f"{line.marker} {line.user} MsgId {line.message_id} bot: {line.act}"
        for at, what in sorted(events):
            yield f"{at - self.began:9.3f} s  {what}"
