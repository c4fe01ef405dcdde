"""How long records are kept, and up to when they may leave for an archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

from app.core.audit import Link

CHINA = timezone(timedelta(hours=8))
"""Where the months of the archives begin and end."""

LEAST_DAYS = 184
"""Logs are kept for at least six months; the longest six (March to August, July to December) have 184 days.

Source: 中华人民共和国网络安全法 (Cybersecurity Law), article 23 (21 before 2026), item 3.
"""
LAW = (
    "网络安全法要求日志留存不少于六个月 the Cybersecurity Law (article 23) wants logs kept for six months: "
    f"at least {LEAST_DAYS} days"
)

ARCHIVED = "records.archive"
"""The audit entry's action; its subject names the archive, `after` is what the manifest says."""


class Class(StrEnum):
    """What is archived by itself, with its own limit."""

    EXCHANGES = "exchanges"
    """Exchanges that no person had to see, with their deliveries."""
    HOLDS = "holds"
    """Exchanges with a hold, with all that came of it."""
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Due:
    """All of one class that is older than `before` may be archived."""

    kind: Class
    before: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """What a finished archive says of itself: its manifest."""

    name: str
    kind: Class
    month: str
    """2026-03"""
    rows: dict[str, int]
    """By table; `exchanges`, or `audit`, counts the lines."""
    first: str
    last: str
    """Ids of the first and last line; of the audit, numbers."""
    sha256: str
    """Of the file as it lies there, compressed."""
    size_bytes: int
    before: str
    made_at: str
    made_by: str
    after: Link | None = None
    through: Link | None = None
    """Of the audit chain: what the first entry follows, and the last entry."""

    @property
    def lines(self) -> int:
        return self.rows["audit" if self.kind is Class.AUDIT else "exchanges"]


def latest_allowed(now: datetime) -> datetime:
    """What is younger than this stays, whatever anybody wants."""
    return now - timedelta(days=LEAST_DAYS)


def whole_months_before(now: datetime, days: int) -> datetime:
    """The beginning of the month, in China, in which `days` ago lies: only whole months leave so."""
    day = (now - timedelta(days=days)).astimezone(CHINA).date()
    return start_of(day.replace(day=1))


def dues(days: Mapping[Class, int | None], now: datetime) -> Sequence[Due]:
    """Whole months that are older than their class's days; a class without days is kept for ever."""
    return [Due(kind, whole_months_before(now, limit)) for kind, limit in days.items() if limit is not None]


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def month_of(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m")


def next_month(at: datetime) -> datetime:
    """The beginning of the month after the one of `at`."""
    first = at.astimezone(CHINA).date().replace(day=1)
    return start_of((first + timedelta(days=32)).replace(day=1))
