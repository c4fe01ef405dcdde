"""What goes wrong, and when: a deck of faults, shuffled by the seed, and a hangman who keeps pace."""

import asyncio
import random
import resource
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.cable import Cable, Condition
from tests.faults.guards import Fleet
from tests.faults.ledger import Ledger
from tests.faults.steps import STEPS, Step

CLOCKS_S = (-300, -61, 61, 300)
"""How far a guard's clock is moved: below the 10 minutes after which a push's signature is too old."""
LITTLE_ROOM_BYTES = 4_096
UNLIMITED = resource.RLIM_INFINITY


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    lasts_s: tuple[float, float]
    make: Callable[[float], Awaitable[None]]
    """Makes it, for so many seconds, and mends it."""


@dataclass(slots=True)
class Weather:
    faults: Sequence[Fault]
    ledger: Ledger
    chance: random.Random
    calm_s: tuple[float, float] = (0.5, 4.0)

    async def blow(self) -> None:
        """Until cancelled; each fault as often as every other."""
        for fault in _dealt(self.faults, self.chance):
            await asyncio.sleep(self.chance.uniform(*self.calm_s))
            self.ledger.faults[fault.name] += 1
            self.ledger.befell(fault.name)
            await fault.make(self.chance.uniform(*fault.lasts_s))
            self.ledger.befell(f"{fault.name} is over")


def _dealt(deck: Sequence[Fault], chance: random.Random) -> Iterator[Fault]:
    while True:
        yield from chance.sample(deck, len(deck))


@dataclass(slots=True)
class Hangman:
    """Kills guards: half of them at a named step, half at a random instant."""

    fleet: Fleet
    ledger: Ledger
    chance: random.Random
    wanted: Callable[[], int]
    """How many should be dead by now."""
    servers: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = ()
    """Of the records and of the coordination: how each is killed, and comes back."""
    look_every_s: float = 0.1
    _steps: list[Step] = field(default_factory=list)

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * self.look_every_s)
            if self.dead_or_doomed < self.wanted():
                await self._kill_one()

    @property
    def dead_or_doomed(self) -> int:
        doomed = sum(guard.strings.doom is not Step.NONE for guard in self.fleet.guards if guard.up)
        return self.ledger.kills.total() + doomed

    async def _kill_one(self) -> None:
        if self.servers and self.chance.random() < 0.1:
            name, kill = self.chance.choice(self.servers)
            self.ledger.kills[name] += 1
            self.ledger.befell(name)
            await kill()
            self.ledger.befell(f"{name} is over")
            return
        running = self.fleet.running()
        if not running:
            return
        free = [guard for guard in running if guard.strings.doom is Step.NONE]
        guard = self.chance.choice(free or running)
        if not free or self.chance.random() < 0.4:  # a step that nobody comes by is waited for in vain
            self.fleet.kill(guard)
            return
        self._steps = self._steps or self.chance.sample(STEPS, len(STEPS))
        guard.strings.doom_to(self._steps.pop())


# --- the faults -------------------------------------------------------------------------------


def guard_faults(fleet: Fleet, chance: random.Random, stop_s: tuple[float, float]) -> Iterator[Fault]:
    async def stop(for_s: float) -> None:
        if running := fleet.running():
            await fleet.stop(chance.choice(running), for_s)

    async def move_clock(for_s: float) -> None:
        guard = chance.choice(fleet.guards)
        guard.strings.move_clock(chance.choice(CLOCKS_S))
        await asyncio.sleep(for_s)
        guard.strings.move_clock(0)

    yield Fault("guard: SIGSTOP", stop_s, stop)
    yield Fault("guard: clock moved", (2, 8), move_clock)


def cable_faults(name: str, cable: Cable) -> Iterator[Fault]:
    def spoiling(condition: Condition) -> Callable[[float], Awaitable[None]]:
        async def spoil(for_s: float) -> None:
            cable.spoil(condition)
            try:
                await asyncio.sleep(for_s)
            finally:
                cable.mend()

        return spoil

    yield Fault(f"{name}: cut", (0.1, 2), spoiling(Condition.CUT))
    yield Fault(f"{name}: slow", (1, 6), spoiling(Condition.SLOW))
    yield Fault(f"{name}: half-open", (1, 8), spoiling(Condition.HALF_OPEN))


def file_faults(file: Path, fleet: Fleet) -> Iterator[Fault]:
    """Of records in an SQLite file."""

    async def lock(for_s: float) -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as other:
            while not other.in_transaction:
                with suppress(sqlite3.OperationalError):  # somebody else is just writing
                    other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(0.005)
            await asyncio.sleep(for_s)
            other.execute("ROLLBACK")

    async def fill_disk(for_s: float) -> None:
        limited = [guard.pid for guard in fleet.running()]
        for pid in limited:
            _allow_files(pid, LITTLE_ROOM_BYTES)
        try:
            await asyncio.sleep(for_s)
        finally:
            for pid in limited:
                _allow_files(pid, UNLIMITED)

    async def lock_and_kill(for_s: float) -> None:
        """What was heard meanwhile sits in memory alone, and then there is no memory."""
        async with asyncio.TaskGroup() as both:
            both.create_task(lock(for_s))
            await asyncio.sleep(for_s * 0.9)
            for guard in fleet.running():
                fleet.kill(guard)

    yield Fault("records: locked", (1, 7), lock)
    yield Fault("records: locked, then kill -9", (5, 8), lock_and_kill)
    yield Fault("records: disk full", (1, 6), fill_disk)


def _allow_files(pid: int, size: int) -> None:
    """No write of that process may reach beyond `size` bytes of any file: as on a full disk, it fails."""
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
