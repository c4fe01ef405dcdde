"""What the pages work with, opened by whoever starts the guard."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.elements.model import Elements
from app.core.explanation import Explanation
from app.core.label import Label
from app.core.model import Message
from app.core.pace import Pace
from app.core.phrases import Phrase
from app.core.policy import CheckPolicy
from app.core.statistics import Figures, Period
from app.ports import Check, Clock, Coordinator, NewId, Store, WorkOrders
from app.service.alarms import Alarms
from app.service.canaries import Canaries
from app.service.checklists import Checklists
from app.service.handing_over import Handovers
from app.service.registering import Registering
from app.service.review import Review
from app.service.signing_in import SigningIn
from app.service.switches import Switches
from app.service.takeovers import Takeovers


class Statistics(Protocol):
    """Figures of the records. Raises StoreError."""

    async def figures(self, period: Period, channels: Sequence[str] | None) -> Figures: ...


@dataclass(frozen=True, slots=True)
class Channel:
    """What the pages tell of a channel."""

    check: Check
    title: str = ""
    bot: str = ""
    policy: Callable[[], CheckPolicy] = CheckPolicy
    label: Callable[[], Label | None] = lambda: None
    """Of generated content; a person's own words begin without it."""

    @property
    def shadow_all(self) -> bool:
        return self.policy().shadow_all

    @property
    def shadow(self) -> Sequence[str]:
        """The rules that are measured and hold nothing."""
        return sorted(self.policy().shadow)


@dataclass(frozen=True, slots=True)
class Watch:
    """What looks for ways past the guard."""

    alarms: Alarms
    registering: Registering
    canaries: Canaries
    checklists: Checklists


Explain = Callable[[str, str, str], Explanation]
"""Of a channel, a reply, and the citizen's message."""


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    store: Store
    review: Review
    signing_in: SigningIn
    coordinator: Coordinator
    clock: Clock
    channels: Mapping[str, Channel]
    switches: Switches
    phrases: Mapping[str, Phrase]
    explain: Explain
    handovers: Handovers
    work_orders: WorkOrders
    new_id: NewId
    extract: Callable[[Message], Elements]
    """The elements of a citizen's request."""
    statistics: Statistics
    takeovers: Takeovers
    pace: Pace
    watch: Watch
