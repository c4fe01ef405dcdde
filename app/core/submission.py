"""What a vendor wants said by a call of its own, and by which call of the platform it would leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.model import Message, MessageKind, Reply

KEY = "egress:"
"""What the key begins with of an exchange that a vendor began, not a citizen."""
TO = "shenyan.to"
"""The field of such a message that names the citizen a template goes to."""


class Way(StrEnum):
    """The value is the event of the message that stands for what a vendor sent."""

    MESSAGE = "push"
    """To one citizen who wrote, inside the window that opened."""
    MASS = "push.mass"
    PREVIEW = "push.preview"
    """To one person, of what is to go to many."""
    PUBLISH = "push.publish"
    """A draft becomes an article that everybody can read."""
    TEMPLATE = "push.template"
    SUBSCRIPTION = "push.subscription"
    ONE_OFF = "push.one-off"
    """A subscription message that was agreed to for once."""
    COMMENT = "push.comment"
    """Below an article or a status, for everybody to read."""
    STATUS = "push.status"
    """A post of the account's on Weibo."""


POSTS = frozenset({Way.MASS, Way.PUBLISH, Way.STATUS})
"""What goes to everybody: reviewed before it is published, whatever it says (先审后发)."""


@dataclass(frozen=True, slots=True)
class Submission:
    way: Way
    reply: Reply
    to: str
    """The citizen, as the platform names them; for many, or nobody in particular, empty."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """What the call needs beside the words, by the platform's own names."""
    kind: MessageKind = MessageKind.EVENT


def way_of(message: Message) -> Way | None:
    """None: the message is a citizen's, whatever event it names."""
    ours = not message.passive and message.key.startswith(KEY)
    return Way(message.event) if ours and message.event in frozenset(Way) else None


def addressee(message: Message) -> str:
    """The citizen whom an answer to `message` is for, as the platform names them."""
    return message.extra.get(TO, message.user)
