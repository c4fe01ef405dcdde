"""What the records may be asked for, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.core.model import Severity
from app.core.records import HoldState

T = TypeVar("T")

MOST_COUNTED = 1_000
"""Who has more waiting does not count them."""


@dataclass(frozen=True, slots=True)
class HoldFilter:
    """Empty fields ask for nothing. `text` is searched in the message and the reply."""

    states: tuple[HoldState, ...] = (HoldState.PENDING, HoldState.CLAIMED)
    channels: tuple[str, ...] | None = None
    """None: every channel; an empty tuple: none."""
    severity: Severity | None = None
    claimed_by: str = ""
    claims_as_of: datetime | None = None
    """Claims that have run out by then count for nothing: with `claimed_by` only that person's live ones,
    without only holds that nobody is at."""
    category: str = ""
    likeness: str = ""
    """`core.likeness.likeness` of the reply."""
    text: str = ""
    after: str = ""
    """The `next` of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields ask for nothing."""

    actor: str = ""
    action: str = ""
    """What it begins with: "hold.", "user.sign-in"."""
    subject: str = ""
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next: str = ""
    """Pass as `after` for the next page; empty: this was the last."""
