"""How often somebody may try."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    times: int
    within: timedelta
    """Whole seconds."""


class Pace(Protocol):
    """A port; it stands beside its one value."""

    async def allows(self, limit: Limit, who: str) -> bool:
        """Count one try; False: `who` has tried too often. Never raises, never hangs."""
        ...

    async def exhausted(self, limit: Limit, who: str) -> bool:
        """Whether `who` has tried too often; this look counts for nothing. Never raises, never hangs."""
        ...
