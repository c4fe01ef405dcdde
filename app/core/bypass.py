"""Ways past the guard, as values: what was noticed, and for how long the same thing is one alert.

Nothing here has a field for what anybody wrote: names, ids, times and counts only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AlertKind(StrEnum):
    SPEAKER = "speaker"
    """Who may speak on the channel is not what a person confirmed."""
    REDIRECT = "redirect"
    """The bot sent us to another host; nobody went there."""
    RETIRED_TOKEN = "retired-token"  # noqa: S105
    """A vendor's token or secret that no longer counts was used."""
    AUTOREPLY = "autoreply"
    """The platform answers by itself."""
    FOREIGN = "foreign"
    """The platform shows messages of the account's that we did not send."""
    CANARY_WRONG = "canary-wrong"
    """A test message was answered with a text that is not ours."""
    CANARY_MISSING = "canary-missing"
    """No test message has come through."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that looks like a way past the guard."""

    channel: str
    kind: AlertKind
    key: str
    """What it is about: the same key is the same thing again."""
    detail: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """A suspicion on record, until a person says what became of it."""

    id: str
    channel: str
    kind: AlertKind
    key: str
    detail: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    raised: int = 1
    """How many times it was told anew, each with an audit row of its own."""
    over_at: datetime | None = None
    """When it was seen that it is no longer so; None: it is, or nobody can see."""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    reason: str = ""


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
QUIET: Mapping[AlertKind, timedelta] = {
    AlertKind.SPEAKER: 7 * _DAY,
    AlertKind.REDIRECT: _HOUR,
    AlertKind.RETIRED_TOKEN: _HOUR,
    AlertKind.AUTOREPLY: _DAY,
    AlertKind.FOREIGN: _HOUR,
    AlertKind.CANARY_WRONG: _HOUR,
    AlertKind.CANARY_MISSING: _DAY,
}
"""So long the same thing is only counted: nobody floods the audit trail, or the desk."""

STATES = frozenset({AlertKind.SPEAKER, AlertKind.AUTOREPLY, AlertKind.CANARY_MISSING})
"""What lasts until it is seen to be over: while it does, who has acknowledged it is not told again within
QUIET."""


def is_old_news(alert: Alert, now: datetime) -> bool:
    """Whether the same thing again is only counted. `alert`: the latest of it."""
    if alert.acknowledged_at is not None and (alert.kind not in STATES or alert.over_at is not None):
        return False
    return now < alert.last_at + QUIET[alert.kind]
