"""Who may speak on a channel, and how that differs from what a person has confirmed."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SpeakerKind(StrEnum):
    BOT = "bot"
    VENDOR = "vendor"
    PROGRAM = "program"
    """An API token that may decide on holds."""
    PERSON = "person"
    """Somebody who may release in the console."""


@dataclass(frozen=True, slots=True, order=True)
class Speaker:
    kind: SpeakerKind
    name: str
    detail: str = ""
    """What may change about it: kind, hosts and version of a bot, scopes of a vendor."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Who may speak on a channel as it was once put down."""

    id: str
    channel: str
    at: datetime
    speakers: tuple[Speaker, ...]
    """Sorted."""
    confirmed_by: str = ""
    """Empty: put down at the first start, confirmed by nobody yet."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One speaker, before and now; None: was not, or is no longer, there."""

    before: Speaker | None
    now: Speaker | None

    @property
    def name(self) -> str:
        one = self.now or self.before
        return f"{one.kind}:{one.name}" if one else ""

    @property
    def alarming(self) -> bool:
        """Who has gone says nothing any more."""
        return self.now is not None


def changes(before: Collection[Speaker], now: Collection[Speaker]) -> Sequence[Change]:
    """Sorted by kind and name."""
    was = {(one.kind, one.name): one for one in before}
    are = {(one.kind, one.name): one for one in now}
    return [Change(was.get(key), are.get(key)) for key in sorted(was | are) if was.get(key) != are.get(key)]


def alarming(registry: Registry, now: Collection[Speaker]) -> Sequence[Change]:
    """What of the changes since is to be told. Before anybody has confirmed, reviewers come and go."""
    found = [one for one in changes(registry.speakers, now) if one.alarming]
    if registry.confirmed_by:
        return found
    return [one for one in found if one.now and one.now.kind is not SpeakerKind.PERSON]


def digest(speakers: Iterable[Speaker]) -> str:
    """Names one state of the registry: 16 hexadecimal digits of a SHA-256."""
    spelled = json.dumps([[one.kind, one.name, one.detail] for one in sorted(speakers)])
    return hashlib.sha256(spelled.encode("ascii")).hexdigest()[:16]
