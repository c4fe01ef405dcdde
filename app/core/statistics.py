"""What happened in a period, as figures without anybody's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
SMALLEST_CELL = 5
"""Below this a cell of topic by channel is not told: it might be about one person."""
MOST_STEPS = 100


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"
    """Monday to Sunday."""
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of `first` to the last of `last`, in China's time."""

    first: date
    last: date
    step: Step

    @property
    def starts(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """Exclusive."""
        return _midnight(self.last + timedelta(days=1))

    def steps(self) -> Sequence[tuple[datetime, datetime]]:
        """Half-open; the first and the last may be parts of a week or month. At most MOST_STEPS, the last."""
        edges = [self.first]
        while edges[-1] <= self.last:
            edges.append(_next(edges[-1], self.step))
        edges[-1] = self.last + timedelta(days=1)
        return [(_midnight(a), _midnight(b)) for a, b in pairwise(edges)][-MOST_STEPS:]


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of the period."""

    starts: datetime
    received: int
    released: int
    held: int


@dataclass(frozen=True, slots=True)
class BotFigures:
    bot: str
    received: int
    held: int
    failed: int
    edited: int
    rejected: int
    mean_seconds: float | None

    @property
    def held_share(self) -> float:
        return self.held / self.received if self.received else 0.0


@dataclass(frozen=True, slots=True)
class RuleFigures:
    rule: str
    held: int
    approved: int
    """How often people released the reply as it stood: perhaps it should not have been held."""


@dataclass(frozen=True, slots=True)
class Figures:
    citizens: int
    """Distinct followers who wrote."""
    exchanges: Mapping[str, int]
    """By state."""
    holds: Mapping[str, int]
    """By state, of those made in the period."""
    deliveries: Mapping[str, int]
    minutes_to_decide: Sequence[float]
    """Sorted."""
    categories: Mapping[str, int]
    rules: Sequence[RuleFigures]
    topics: Mapping[tuple[str, str], int]
    """By topic and channel, of held and unanswered messages."""
    bots: Sequence[BotFigures]
    buckets: Sequence[Bucket]
    capped: bool
    """Rules, topics and times to decide come from the first holds only: there are too many to read."""

    @property
    def received(self) -> int:
        return sum(self.exchanges.values())

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def released(self) -> int:
        """By the machine."""
        return self.exchanges.get("answered", 0) + self.exchanges.get("queued", 0)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Of sorted values, the one below which `share` of them lie; None where there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def cell(count: int) -> str:
    """A count as it may be shown where a small one might point at somebody."""
    return str(count) if count >= SMALLEST_CELL or count == 0 else f"<{SMALLEST_CELL}"


def preset(name: str, today: date) -> Period | None:
    """today, yesterday, week, last-week, month, last-month; None for another name."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    periods = {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "week": (monday, today),
        "last-week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "month": (first, today),
        "last-month": (before, first - timedelta(days=1)),
    }
    found = periods.get(name)
    return Period(*found, Step.DAY) if found else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _next(day: date, step: Step) -> date:
    match step:
        case Step.DAY:
            return day + timedelta(days=1)
        case Step.WEEK:
            return day + timedelta(days=7 - day.weekday())
        case Step.MONTH:
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
