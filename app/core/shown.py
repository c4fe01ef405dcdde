"""What the platform shows of an account's messages, compared with what the guard sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape

from app.core.model import Reply, Text

TOLERANCE = timedelta(hours=1)
"""Between the platform's time of a message and ours: clocks differ, Weibo shows some comments late."""
NAMED = 5
"""Strangers that an alert names; of the rest it tells the number."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the account's, as the platform lists it."""

    id: str
    """A comment's id, or the account of the platform's customer service that sent it."""
    user: str
    """Empty where the platform does not say whom it is for."""
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the guard sent, or may have sent."""

    user: str
    at: datetime
    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """What the platform listed, and how far that goes: the next look begins there."""

    mark: str
    shown: Sequence[Shown] = ()


def strangers(shown: Sequence[Shown], said: Sequence[Said]) -> Sequence[Shown]:
    """Those that nothing of ours explains; one of ours explains one of them, the nearest in time."""
    left = list(said)
    found = []
    for one in sorted(shown, key=lambda one: one.at):
        fitting = [ours for ours in left if _explains(ours, one)]
        if not fitting:
            found.append(one)
            continue
        left.remove(min(fitting, key=lambda ours: abs(ours.at - one.at)))
    return found


def told(strangers: Sequence[Shown]) -> str:
    """Ids and times, no words and no citizen."""
    named = [f"{one.at.isoformat(timespec='seconds')} {one.id}".strip() for one in strangers[:NAMED]]
    more = len(strangers) - len(named)
    return "; ".join(named) + (f"; +{more}" if more > 0 else "")


_LINK = re.compile(r"https?://[!-~]+", re.ASCII)
_PLACEHOLDER = re.compile(r"\[[^\[\]]{1,20}\]")
"""How WeChat's records show an image, a voice or a video: [image]."""


def _explains(ours: Said, shown: Shown) -> bool:
    if (shown.user and ours.user != shown.user) or abs(ours.at - shown.at) > TOLERANCE:
        return False
    text = _bare(shown.text)
    if text == _bare(ours.reply.text):
        return True
    unlike_text = [part for part in ours.reply.parts if not isinstance(part, Text)]
    pieces = ours.reply.text.splitlines()
    return bool(unlike_text) and (
        bool(_PLACEHOLDER.fullmatch(shown.text.strip())) or text in map(_bare, pieces)
    )


def _bare(text: str) -> str:
    """Without what platforms change: entities, white space, and links, which Weibo shortens."""
    return "".join(_LINK.sub("§", unescape(text)).split())
