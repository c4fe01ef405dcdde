"""How late the event loop was: what it reads then may have lain there for as long, and nobody knew."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

EVERY_S = 0.05
_KEPT = 4


@dataclass(slots=True)
class Lateness:
    """One event loop's. Nothing is known of it before `run`."""

    _notes: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """When a timer went off, and how much too late, in seconds."""

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._notes.append((loop.time(), loop.time() - due))

    def before(self, moment: float) -> float:
        """Seconds that what was read at `moment`, by the loop's clock, may have waited to be read.

        After a halt the timers go off first and then the sockets are read, so the note is there already.
        """
        near = (by for at, by in self._notes if -EVERY_S <= moment - at <= 2 * EVERY_S)
        return max(near, default=0.0)
