"""The words of Shenyan as frozen values. One thing has one name here, in SQL, in YAML and on screen."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from functools import total_ordering


class Platform(StrEnum):
    WECHAT = "wechat"
    WEIBO = "weibo"


# --- what came in -----------------------------------------------------------------------------

SUBMITTED = "reply:"
"""How the key of a message begins that another system handed in under /v1/replies, with a text to judge."""


class MessageKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    SHORT_VIDEO = "shortvideo"
    LOCATION = "location"
    LINK = "link"
    MINI_PROGRAM = "miniprogrampage"
    EVENT = "event"
    COMMENT = "comment"
    MENTION = "mention"
    UNKNOWN = "unknown"


class BodyFormat(StrEnum):
    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """How the platform wrapped one push, so that its answer is wrapped alike."""

    format: BodyFormat
    key_index: int | None = None
    """Which AES key opened it (0 current, 1 previous); None: it was not encrypted."""
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """How long, and how often, the platform lets us write to a follower after one message."""

    closes_at: datetime
    messages: int
    """How many messages may be sent in it; the passive answer does not count."""
    reviewable: bool = True
    """False where it is too short for a person to decide in (1 minute after a follow or a click)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a follower wrote or did, as one push of the platform told it."""

    channel: str
    key: str
    """Names the message for ever within its channel: the platform's id, or sender + time + event."""
    user: str
    account: str
    kind: MessageKind
    sent_at: datetime
    """The platform's clock."""
    received_at: datetime
    """Our clock."""
    envelope: Envelope
    raw: bytes = b""
    """The push as it was, decrypted: what a bot is sent, byte for byte, whatever we understood of it."""
    text: str = ""
    """What the follower wrote or said (recognised speech), or the caption of what was sent."""
    event: str = ""
    """Lower-case name of an event ("subscribe", "click"), else empty."""
    event_key: str = ""
    kind_name: str = ""
    """The kind as the platform spelled it; differs from `kind` where that is UNKNOWN."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further fields by the platform's own names (MediaId, Location_X, cid, ...)."""
    window: SendWindow | None = None
    """None: nothing can be sent to this follower after the passive answer."""
    passive: bool = True
    """False where the platform takes no passive answer (comments): whatever goes out is a delivery."""

    @property
    def digest(self) -> str:
        """SHA-256 of the decrypted push: the same message with another body is not the same message."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def submitted(self) -> bool:
        """Whether another system, the `account`, handed it in: it is told of the end, no platform is."""
        return self.key.startswith(SUBMITTED)


# --- what would go out ------------------------------------------------------------------------


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    MUSIC = "music"
    MINI_PROGRAM = "miniprogrampage"
    CARD = "wxcard"
    ARTICLE = "mpnews"
    TEMPLATE = "template"
    """A message the platform composes from its own template and our values."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    description: str = ""
    url: str = ""
    picture_url: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """A news or link message."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class MenuItem:
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Menu:
    """A question with choices to tap."""

    head: str
    items: tuple[MenuItem, ...]
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """Something the checker cannot look into; its captions are readable all the same."""

    kind: MediaKind
    media_id: str = ""
    title: str = ""
    description: str = ""
    url: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further fields by the platform's own names (ThumbMediaId, HQMusicUrl, appid, pagepath)."""


@dataclass(frozen=True, slots=True)
class Position:
    longitude: str
    latitude: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hands the follower over to a human desk of the platform. Says nothing by itself."""

    account: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """One of a draft's, as the platform keeps it: published whole, edited only where it lies."""

    title: str
    author: str = ""
    digest: str = ""
    text: str = ""
    """The words of its HTML, links and captions among them."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A part no codec knows. It is always held."""

    kind: str


Part = Text | Cards | Menu | Media | Article | Position | Transfer | Opaque


def _readable(part: Part) -> tuple[str, ...]:
    match part:
        case Text(text):
            return (text,)
        case Cards(cards):
            return tuple(
                s for card in cards for s in (card.title, card.description, card.url, card.picture_url)
            )
        case Menu(head, items, tail):
            return (head, *(item.label for item in items), tail)
        case Media():
            return (part.title, part.description, part.url, *part.extra.values())
        case Article(title, author, digest, text, url):
            return (title, author, digest, text, url)
        case Position() | Transfer() | Opaque():
            return ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a bot, or a person, would say."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All that a person can read in it, a line for each piece, in order. Spans point into this."""
        return "\n".join(s for part in self.parts for s in _readable(part) if s)

    @property
    def unreadable(self) -> bool:
        """Whether a part of it cannot be judged by its words (image, voice, video, an article's pictures)."""
        return any(
            isinstance(part, Media | Article | Opaque | Position)
            or (isinstance(part, Cards) and any(card.picture_url for card in part.cards))
            for part in self.parts
        )

    @classmethod
    def of(cls, text: str) -> "Reply":
        return cls((Text(text),))


# --- the judgement ----------------------------------------------------------------------------


@total_ordering
class Severity(Enum):
    """S1 to S4 of the policy: note, flag, hold, hold and alert."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        return _SEVERITY_RANK[self]

    def __lt__(self, other: "Severity") -> bool:
        return self.rank < other.rank


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Category(StrEnum):
    TONE = "tone"
    MOCKERY = "mockery"
    AUTHORITY = "authority"
    PRIVACY = "privacy"
    FABRICATION = "fabrication"
    VULGAR = "vulgar"
    LEAK = "leak"
    OFF_ROLE = "off_role"
    DIVERSION = "diversion"
    SYSTEM = "system"
    """Not about words: the checker failed, the reply cannot be read or cannot be sent."""


class Disposition(StrEnum):
    RELEASE = "release"
    HOLD = "hold"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of code points in `Reply.text`, as written."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's claim about a reply, with the spans that prove it."""

    rule: str
    category: Category
    severity: Severity
    why: str
    spans: tuple[Span, ...] = ()
    quote: str = ""
    """The text of `span`, as written; empty for findings about the whole reply."""
    shadow: bool = False
    """Measured only: a rule in shadow mode never changes the disposition."""
    subclass: str = ""
    """Of `core.taxonomy`; empty for findings of the system."""
    message_quote: str = ""
    """The citizen's words that mattered, as written and cut short; empty where none did."""
    source: str = ""
    """The clause of policy behind the rule; empty for findings of the system."""

    @property
    def span(self) -> Span:
        """The smallest range that covers all proof."""
        if not self.spans:
            return Span(0, 0)
        return Span(min(s.start for s in self.spans), max(s.end for s in self.spans))


@dataclass(frozen=True, slots=True)
class Verdict:
    disposition: Disposition
    findings: tuple[Finding, ...]
    ruleset: str
    """The content hash of the rules, lexicons and policy it was made with."""

    @property
    def severity(self) -> Severity:
        """The worst finding that counts; INFO where there is none."""
        return max((f.severity for f in self.findings if not f.shadow), default=Severity.INFO)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange with the same follower."""

    asked: str
    answered: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the checker may know beside the reply: the message it answers, the turns before (oldest first)."""

    message: str = ""
    turns: tuple[Turn, ...] = ()
    channel: str = ""


NO_CONVERSATION = Conversation()
