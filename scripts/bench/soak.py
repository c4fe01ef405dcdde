"""Load in steps to saturation and back, then for minutes at half of it: what is answered, what leaks.

`python -m scripts.bench.soak --minutes 10` in the embedded mode; `--shared` with a PostgreSQL and a Redis of
its own. Writes build/soak.json; the exit code is 1 where a promise is not kept.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from app.settings.channels import HOLDING_TEXT
from app.storage.migrate import upgrade
from scripts.bench.load import new_pushes, posted
from scripts.bench.servers import (
    TOKEN,
    Server,
    descriptors,
    free_port,
    resident_mb,
    start_guard,
    start_upstream,
)
from scripts.bench.shared import CHANNEL, EMBEDDED, SHARED
from scripts.postgres import running_postgres
from tests.coordination.valkey import KEY, PASSWORD, plain, running, url_of

STEPS = (4, 16, 64, 256)
"""Connections, each of which sends as fast as it is answered."""
STEP_S = 5.0
GROWTH_PERCENT = 5.0
RECOVERED_WITHIN_S = 10.0
SPARE_DESCRIPTORS = 2
"""A reader of the records that was opened late is no leak."""
REST_S = 6.0
"""After so long both sides have closed what is idle."""
IDLE_S = 2.0
HOLDING = HOLDING_TEXT.encode()
REPORT = Path("build/soak.json")


@dataclass(slots=True)
class Tally:
    """Of some seconds of load."""

    took: list[float] = field(default_factory=list)
    """Milliseconds of each answer."""
    holding: int = 0
    """Answered with the holding text: back-pressure."""
    errors: int = 0

    @property
    def p50_ms(self) -> float:
        return median(self.took) if self.took else float("inf")

    @property
    def p99_ms(self) -> float:
        return quantiles(self.took, n=100)[98] if len(self.took) > 1 else float("inf")


@dataclass(frozen=True, slots=True)
class Step:
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    holding: int
    errors: int


@dataclass(frozen=True, slots=True)
class Soaked:
    """At an even rate."""

    per_second: float
    seconds: float
    answered: int
    holding: int
    errors: int
    p50_ms: float
    p99_ms: float
    memory_mb: tuple[float, float]
    """After the first minute (of a short run: its first third), and at the end."""
    descriptors: tuple[int, int]
    """Before and after, with nothing under way and every idle connection closed."""

    @property
    def growth_percent(self) -> float:
        first, last = self.memory_mb
        return (last / first - 1) * 100


@dataclass(frozen=True, slots=True)
class Report:
    steps: Sequence[Step]
    recovered_s: float
    """From the last step until a second whose median is at most twice the first step's; inf: it did not."""
    soaked: Soaked

    @property
    def kept(self) -> dict[str, bool]:
        """Each promise and whether it was."""
        first, last = self.soaked.descriptors
        return {
            "no error in any step": not any(step.errors for step in self.steps),
            f"recovered within {RECOVERED_WITHIN_S:g} s": self.recovered_s <= RECOVERED_WITHIN_S,
            "no error at half of saturation": not self.soaked.errors,
            f"memory grows by less than {GROWTH_PERCENT:g}%": self.soaked.growth_percent < GROWTH_PERCENT,
            "no descriptor leaks": last - first <= SPARE_DESCRIPTORS,
        }


async def measure(
    guard: Server, soak_s: float, step_s: float, progress: Progress, steps: Sequence[int] = STEPS
) -> Report:
    bar = progress.add_task("steps", total=step_s * len(steps))
    bodies = new_pushes()
    climbed = []
    for connections in steps:
        progress.update(bar, description=f"{connections} connections")
        climbed.append(await _step(guard, bodies, connections, step_s))
        progress.advance(bar, step_s)
    progress.update(bar, description="and back")
    recovered_s = await _recovery(guard, bodies, steps[0], 2 * climbed[0].p50_ms)
    rate = max(step.per_second for step in climbed) / 2
    progress.update(bar, description=f"{rate:,.0f}/s", total=soak_s, completed=0)
    soaked = await _soak(guard, bodies, rate, soak_s, progress, bar)
    return Report(climbed, recovered_s, soaked)


# --- load ---------------------------------------------------------------------------------------


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Lines:
    """Connections that are used again while they are fresh: a server hangs up on idle ones."""

    port: int
    open: int = 0
    _free: deque[tuple[float, Pair]] = field(default_factory=deque)

    async def take(self) -> Pair:
        if self._free and self._free[-1][0] + IDLE_S > time.monotonic():
            return self._free.pop()[1]
        self.open += 1
        return await asyncio.open_connection("127.0.0.1", self.port)

    def give(self, pair: Pair) -> None:
        self._free.append((time.monotonic(), pair))

    def close(self, idle_s: float) -> None:
        """Those that nobody has used for so long."""
        while self._free and self._free[0][0] + idle_s <= time.monotonic():
            self._free.popleft()[1][1].close()
            self.open -= 1


async def _ask(pair: Pair, guard: Server, body: bytes, tally: Tally) -> None:
    began = time.perf_counter()
    try:
        good, answer = await posted(*pair, guard.path, body)
    except (OSError, asyncio.IncompleteReadError):
        good, answer = False, b""
    if not good:
        tally.errors += 1
        return
    tally.took.append((time.perf_counter() - began) * 1_000)
    tally.holding += HOLDING in answer


async def _closed(guard: Server, bodies: Iterator[bytes], connections: int, seconds: float) -> Tally:
    """So many connections, each as fast as it is answered."""
    tally, end = Tally(), time.perf_counter() + seconds

    async def one() -> None:
        pair = await asyncio.open_connection("127.0.0.1", guard.port)
        while time.perf_counter() < end and not tally.errors:
            await _ask(pair, guard, next(bodies), tally)
        pair[1].close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return tally


async def _step(guard: Server, bodies: Iterator[bytes], connections: int, seconds: float) -> Step:
    began = time.perf_counter()
    tally = await _closed(guard, bodies, connections, seconds)
    rate = len(tally.took) / (time.perf_counter() - began)
    return Step(connections, rate, tally.p50_ms, tally.p99_ms, tally.holding, tally.errors)


async def _recovery(guard: Server, bodies: Iterator[bytes], connections: int, wanted_ms: float) -> float:
    for second in range(round(2 * RECOVERED_WITHIN_S)):
        if (await _closed(guard, bodies, connections, 1.0)).p50_ms <= wanted_ms:
            return float(second)
    return float("inf")


async def _soak(
    guard: Server, bodies: Iterator[bytes], rate: float, seconds: float, progress: Progress, bar: TaskID
) -> Soaked:
    """Each message on time, whether or not the one before has been answered."""
    tally, lines = Tally(), Lines(guard.port)
    memory = list[float]()
    files = await _at_rest(guard)
    tasks = set[asyncio.Task[None]]()

    async def one(body: bytes) -> None:
        pair = await lines.take()
        await _ask(pair, guard, body, tally)
        lines.give(pair)

    started, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            tasks.add(task := asyncio.create_task(one(next(bodies))))
            task.add_done_callback(tasks.discard)
            sent += 1
        if len(memory) <= now:
            memory.append(resident_mb(guard.pid))
            lines.close(IDLE_S)
            progress.update(bar, completed=now)
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)
    lines.close(0)
    settled = min(60, len(memory) // 3)
    some = max(1, min(10, len(memory) // 6))
    return Soaked(
        rate,
        seconds,
        len(tally.took),
        tally.holding,
        tally.errors,
        tally.p50_ms,
        tally.p99_ms,
        (median(memory[settled : settled + some]), median(memory[-some:])),
        (files, await _at_rest(guard)),
    )


async def _at_rest(guard: Server) -> int:
    await asyncio.sleep(REST_S)
    return descriptors(guard.pid)


# --- the guard ----------------------------------------------------------------------------------


@contextmanager
def running_guard(shared: bool) -> Iterator[Server]:
    """With a bot of its own."""
    with TemporaryDirectory() as made, ExitStack() as opened:
        folder, port, bot = Path(made), free_port(), start_upstream(opened)
        tables = EMBEDDED.format(folder=folder)
        if shared:
            postgres = opened.enter_context(running_postgres({"autovacuum": "on"}))
            redis = opened.enter_context(running(plain(folder / "redis")))
            upgrade(postgres.url())
            tables = SHARED.format(postgres=postgres.url(), redis=url_of(redis), password=PASSWORD, key=KEY)
        config = folder / "soak.toml"
        at = f"http://127.0.0.1:{bot}/wechat"
        config.write_text(CHANNEL.format(port=port, upstream=at, token=TOKEN) + tables)
        yield start_guard(opened, "shenyan", config, port)


# --- the report ---------------------------------------------------------------------------------


def show(report: Report, console: Console) -> None:
    table = Table(title="each connection as fast as it is answered")
    for column in ("connections", "answers/s", "p50 ms", "p99 ms", "holding text", "errors"):
        table.add_column(column, justify="right")
    for step in report.steps:
        colour = "red" if step.errors else "green"
        table.add_row(
            str(step.connections),
            f"{step.per_second:,.0f}",
            f"{step.p50_ms:.1f}",
            f"{step.p99_ms:.1f}",
            f"{step.holding:,}",
            f"[{colour}]{step.errors}",
        )
    console.print(table)
    soaked = report.soaked
    (first_mb, last_mb), (first, last) = soaked.memory_mb, soaked.descriptors
    console.print(
        f"{soaked.seconds / 60:.1f} min at {soaked.per_second:,.0f}/s: {soaked.answered:,} answers, "
        f"{soaked.holding} of them the holding text, p50 {soaked.p50_ms:.1f} ms, p99 {soaked.p99_ms:.1f} ms; "
        f"memory {first_mb:.1f} to {last_mb:.1f} MB ({soaked.growth_percent:+.1f}%), "
        f"descriptors {first} to {last}; recovered after {report.recovered_s:g} s"
    )
    for promise, kept in report.kept.items():
        console.print(f"[{'green' if kept else 'red'}]{'✓' if kept else '✗'} {promise}")


def written(report: Report, file: Path = REPORT) -> None:
    file.parent.mkdir(exist_ok=True)
    document = {**asdict(report), "growth_percent": report.soaked.growth_percent, "kept": report.kept}
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


async def _main(minutes: float, shared: bool) -> Report:
    bars = Progress(console=Console(stderr=True), transient=True)
    with running_guard(shared) as guard, bars as progress:
        return await measure(guard, minutes * 60, STEP_S, progress)


def main() -> None:
    parser = argparse.ArgumentParser(description="Loads a guard to saturation and back, then soaks it.")
    parser.add_argument("--minutes", type=float, default=10, help="at half of saturation")
    parser.add_argument("--shared", action="store_true", help="with PostgreSQL and Redis")
    wanted = parser.parse_args()
    report = asyncio.run(_main(wanted.minutes, wanted.shared))
    show(report, Console())
    written(report)
    if not all(report.kept.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
