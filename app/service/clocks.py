"""A clock that was set is noticed by one that nobody sets: where the records have no clock of their own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.ports import Clock

SETTLES_IN = timedelta(minutes=10)
"""Then what the clock says is taken for right: NTP may have set it, and nobody will set it back."""


def steady() -> float:
    """Seconds that go on evenly whoever sets the clock, and while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(slots=True)
class Jumps:
    clock: Clock
    within: timedelta
    """A smaller step is none."""
    steady: Callable[[], float] = steady
    moved_s: float = 0.0
    """How far ahead the clock was set lately; 0: it was not, or was set back."""
    _ahead_s: float | None = None
    _moved_at: float = 0.0

    def look(self) -> bool:
        """Whether it was set since the last look."""
        now = self.steady()
        ahead_s = self.clock().timestamp() - now
        step_s = 0.0 if self._ahead_s is None else ahead_s - self._ahead_s
        self._ahead_s = ahead_s
        if abs(step_s) > self.within.total_seconds():
            self.moved_s, self._moved_at = self.moved_s + step_s, now
            return True
        if now - self._moved_at > SETTLES_IN.total_seconds():
            self.moved_s = 0.0
        return False

    @property
    def trouble(self) -> str:
        """Empty: it goes on as it did."""
        if abs(self.moved_s) <= self.within.total_seconds():
            return ""
        return (
            f"this machine's clock was set by {self.moved_s:+.1f} s: nothing expires, is delivered or "
            f"archived until it has stayed so for {SETTLES_IN.total_seconds() / 60:g} minutes; set it by NTP"
        )
