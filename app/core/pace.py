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


@dataclass(frozen=True, slots=True)
class Spent:
    """Where somebody stands after a try."""

    allowed: bool
    left: int
    """Tries."""
    resets_s: float
    """After so many seconds the oldest try counts no more."""


class Pace(Protocol):
    """A port; it stands beside its one value. Nothing here raises or hangs."""

    async def allows(self, limit: Limit, who: str) -> bool:
        """Count one try; False: `who` has tried too often, and this one is not counted."""
        ...

    async def spend(self, limit: Limit, who: str, cost: int) -> Spent:
        """Count `cost` tries, or none where not all of them fit."""
        ...

    async def exhausted(self, limit: Limit, who: str) -> bool:
        """Whether `who` has tried too often; this look counts for nothing."""
        ...
