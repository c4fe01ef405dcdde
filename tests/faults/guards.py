"""The guard processes: born from the nursery, killed, stopped, born again, always on the same ports."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.faults.ledger import Ledger
from tests.faults.steps import Step, Strings

ENDED_STARTING = "(a guard gave up starting: the records were away)"
ENDED_RUNNING = "(a guard ended by itself while running)"
NEVER_STARTED = "(a guard did not answer for long after its start)"
"""Not faults of ours, but counted beside them."""

READY_WITHIN_S = 90.0
"""Also behind records that do not answer for a while, and on a machine that does other things."""


@dataclass(slots=True)
class GuardProcess:
    """One of the fleet's places: its port stays, its process comes and goes."""

    name: str
    url: str
    config: Path
    strings: Strings
    strings_path: Path
    log: Path
    pid: int = 0
    """0: none runs."""
    up_since: float = 0.0
    """When it answered for the first time; 0: not yet."""
    stopped: bool = False
    born: "asyncio.Future[int] | None" = None
    """Its process's number, once there is one."""
    disturbed: list[float] = field(default_factory=list)
    """When it was killed, stopped or let go on."""

    @property
    def up(self) -> bool:
        return bool(self.pid and self.up_since)

    def undisturbed(self, since: float, until: float) -> bool:
        """Whether it was up and running from `since` to `until`."""
        if not self.up_since or self.up_since > since or self.stopped:
            return False
        return not any(since <= at <= until for at in self.disturbed)

    def waited_s(self) -> float:
        """For how long in its life its event loop's thread was ready to run and was not let."""
        try:
            schedule = Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii")
        except OSError:
            return 0.0
        return int(schedule.split()[1]) / 1e9

    def signal(self, number: signal.Signals) -> bool:
        """False where there is nobody to hear it."""
        if not self.pid:
            return False
        self.disturbed.append(time.monotonic())
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:  # it has just died by itself
            return False
        return True


@dataclass(slots=True)
class Fleet:
    guards: Sequence[GuardProcess]
    ledger: Ledger
    chance: random.Random
    pause_s: tuple[float, float] = (0.0, 1.0)
    """How long a dead guard stays dead."""
    reborn: bool = True
    _turn: int = 0
    _nursery: asyncio.subprocess.Process | None = None
    _starved: list[tuple[float, float]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def by_turns(self) -> list[GuardProcess]:
        """Whom to ask, in turn; those that answer already before those that are just starting."""
        self._turn += 1
        start = self._turn % len(self.guards)
        turned = [*self.guards[start:], *self.guards[:start]]
        return sorted(turned, key=lambda guard: not guard.up)

    def running(self) -> list[GuardProcess]:
        return [guard for guard in self.guards if guard.up and not guard.stopped]

    def starved_s(self, since: float, until: float) -> float:
        """For how long an idle process beside us was given no processor."""
        return sum(by for at, by in self._starved if at <= until and at + by >= since)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator["Fleet"]:
        """All up when the block begins; all killed at its end."""
        self._nursery = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.nursery"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("SHENYAN_")},
        )
        hearing = asyncio.create_task(self._hear(self._nursery))
        try:
            await asyncio.gather(*(self.bear(guard) for guard in self.guards))
            yield self
        finally:
            self.reborn = False
            for task in (hearing, *self._tasks):
                task.cancel()
            await asyncio.gather(hearing, *self._tasks, return_exceptions=True)
            for guard in self.guards:
                if guard.pid:
                    with suppress(ProcessLookupError):
                        os.kill(guard.pid, signal.SIGKILL)
            self._nursery.kill()
            await self._nursery.wait()

    async def bear(self, guard: GuardProcess) -> None:
        """Start it and wait until it answers, or is dead again. Raises TimeoutError."""
        assert self._nursery is not None
        assert self._nursery.stdin is not None
        guard.up_since, guard.stopped = 0.0, False
        guard.strings.doom_to(Step.NONE)
        wish = {
            "name": guard.name,
            "config": str(guard.config),
            "strings": str(guard.strings_path),
            "log": str(guard.log),
        }
        born = guard.born = asyncio.get_running_loop().create_future()
        self._nursery.stdin.write(json.dumps(wish).encode() + b"\n")
        async with asyncio.timeout(READY_WITHIN_S):
            await self._until_healthy(guard, await born)

    async def _until_healthy(self, guard: GuardProcess, pid: int) -> None:
        """Or until it is dead, or somebody has stopped it."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as http:
            while guard.pid == pid:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(f"{guard.url}/healthz") as response:
                        if response.status == 200 and guard.pid == pid:
                            guard.up_since = time.monotonic()
                            self.ledger.befell(f"{guard.name} answers again")
                            return
                await asyncio.sleep(0.05)

    async def _hear(self, nursery: asyncio.subprocess.Process) -> None:
        assert nursery.stdout is not None
        while told := await nursery.stdout.readline():
            match json.loads(told):
                case {"pid": pid, "status": status}:
                    self._died(pid, os.waitstatus_to_exitcode(status))
                case {"pid": pid, "name": name}:
                    self._is_born(name, pid)
                case {"late_at": at, "by_s": by_s}:
                    self._starved = [one for one in self._starved if one[0] > at - 60] + [(at, by_s)]

    def _is_born(self, name: str, pid: int) -> None:
        for guard in self.guards:
            if guard.name == name and guard.born is not None:
                guard.pid = pid
                if not guard.born.done():
                    guard.born.set_result(pid)

    def _died(self, pid: int, code: int) -> None:
        for guard in self.guards:
            if guard.pid != pid:
                continue
            guard.disturbed.append(time.monotonic())
            self.ledger.befell(f"{guard.name} is dead")
            if code != -signal.SIGKILL:
                self.ledger.faults[ENDED_RUNNING if guard.up else ENDED_STARTING] += 1
            guard.pid, guard.up_since, guard.stopped = 0, 0.0, False
            if guard.strings.died_at is not Step.NONE:
                self.ledger.kills[f"guard {guard.strings.died_at.spelled}"] += 1
                guard.strings.dying(Step.NONE)
            if self.reborn:
                self.during(self._again(guard))

    async def _again(self, guard: GuardProcess) -> None:
        await asyncio.sleep(self.chance.uniform(*self.pause_s))
        if self.reborn and not guard.pid:
            try:
                await self.bear(guard)
            except TimeoutError:
                self.ledger.faults[NEVER_STARTED] += 1
                guard.signal(signal.SIGKILL)

    def during(self, work: "asyncio._CoroutineLike[None]") -> asyncio.Task[None]:
        """Run it beside everything else, at most until the fleet's end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what is done to them -----------------------------------------------------------------

    def kill(self, guard: GuardProcess) -> None:
        """At this very instant, whatever it is doing."""
        if guard.signal(signal.SIGKILL):
            self.ledger.kills["guard at random"] += 1

    async def stop(self, guard: GuardProcess, for_s: float) -> None:
        """SIGSTOP: its connections stand, its clock runs on, it does nothing."""
        pid = guard.pid
        if not guard.signal(signal.SIGSTOP):
            return
        guard.stopped = True
        await asyncio.sleep(for_s)
        if guard.pid == pid:
            guard.signal(signal.SIGCONT)
            guard.stopped = False

    async def restart_all(self, clock_offset_s: int) -> None:
        """Kill all and have them born again, with their clocks moved."""
        self.reborn = False
        await asyncio.gather(*self._tasks)  # those that are being born
        for guard in self.guards:
            guard.strings.doom_to(Step.NONE)
            guard.strings.move_clock(clock_offset_s)
            guard.signal(signal.SIGKILL)
        while any(guard.pid for guard in self.guards):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self.reborn = True
        await asyncio.gather(*(self.bear(guard) for guard in self.guards))


def make_fleet(
    folder: Path,
    count: int,
    config_of: Callable[[int], str],
    port_of: Callable[[], int],
    ledger: Ledger,
    chance: random.Random,
) -> Fleet:
    """`count` guards, each with its own port and configuration file in `folder`."""
    guards = []
    for number in range(1, count + 1):
        port = port_of()
        config = folder / f"guard-{number}.toml"
        config.write_text(config_of(port), encoding="utf-8")
        strings = folder / f"guard-{number}.strings"
        guards.append(
            GuardProcess(
                f"guard-{number}",
                f"http://127.0.0.1:{port}",
                config,
                Strings.at(strings),
                strings,
                folder / f"guard-{number}.log",
            )
        )
    return Fleet(guards, ledger, chance)
