"""Rules and policies that were published for every guard, and who follows them how far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.terms import OWN_FILES

PROPOSAL_LIVES = timedelta(minutes=10)
"""A publisher that was killed leaves its proposal behind; so long after, it is none any more."""
REPORT_EVERY = timedelta(seconds=5)
"""How often a replica says that it is there, when it has nothing new to say."""
BLIND_AFTER = timedelta(seconds=10)
"""A replica that has not seen the records for so long holds every reply: the rules may be others by now."""
BLIND_AFTER_PROPOSAL = timedelta(seconds=1.5)
"""The same for one that has loaded a proposal, which may take effect at any moment."""
LEAD = timedelta(seconds=2)
"""Between the decision and its effect. Longer than BLIND_AFTER_PROPOSAL: who cannot hear of it is blind."""
SILENT_AFTER = REPORT_EVERY + BLIND_AFTER + timedelta(seconds=1)
"""A replica that has said nothing for so long ended, or is blind."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Without its document."""

    number: int
    """From 1; a later one has a higher one."""
    version: str
    """Of the rules, as their publisher's release of the guard names it."""
    proposed_at: datetime
    proposed_by: str
    reason: str
    effective_at: datetime | None = None
    """By the records' clock; None: it is a proposal."""
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts now."""

    now: datetime
    """By the records' clock."""
    current: Publication | None
    """None: nothing was published, every guard goes by its own files."""
    coming: Publication | None
    """What guards load ahead: a living proposal, or what takes effect in a moment."""

    @property
    def number(self) -> int:
        return self.current.number if self.current else OWN_FILES


@dataclass(frozen=True, slots=True)
class Replica:
    """One guard process, as it last said."""

    id: str
    host: str
    pid: int
    release: str
    """Of the guard's program."""
    number: int
    """The publication it judges by."""
    version: str
    ready_for: int = OWN_FILES
    """The newest publication it could judge by at once."""
    failed: int = OWN_FILES
    """The newest publication it could not load."""
    trouble: str = ""
    """Why it could not."""
    seen_at: datetime | None = None
    """By the records' clock."""


class Readiness(StrEnum):
    """Whether a proposal may take effect."""

    READY = "ready"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What all replicas together say to a proposal."""

    readiness: Readiness
    about: tuple[Replica, ...] = ()
    """Those that are waited for, or refuse."""


def answer(proposal: Publication, replicas: Iterable[Replica], now: datetime) -> Answer:
    """A replica that is silent for SILENT_AFTER is not waited for: it has ended, or holds everything."""
    others = [one for one in replicas if one.ready_for != proposal.number]
    refusing = tuple(one for one in others if one.failed == proposal.number)
    if refusing:
        return Answer(Readiness.REFUSED, refusing)
    awaited = tuple(one for one in others if one.seen_at is None or now - one.seen_at < SILENT_AFTER)
    return Answer(Readiness.WAITING, awaited) if awaited else Answer(Readiness.READY)
