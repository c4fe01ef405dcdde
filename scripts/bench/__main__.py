"""Start an upstream bot, a bare relay and Shenyan, load them alike, print figures and ratios.

The guard and the relay get one core, the bot and the load the other, as far as the machine has two.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.bench import checker, egress, queue, shared
from scripts.bench.load import Load, full, steady
from scripts.bench.servers import (
    TOKEN,
    Server,
    cores,
    cpu_seconds,
    free_port,
    peak_mb,
    start_bare_relay,
    start_guard,
    start_upstream,
)
from scripts.bench.shared import CHANNEL, EMBEDDED

SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
HOLDS = int(os.environ.get("BENCH_HOLDS", "1000000"))
"""Open, in a queue that is asked. To make a million takes minutes."""
REPORT = Path("build/bench.json")


@dataclass(frozen=True, slots=True)
class Measured:
    load: Load
    cpu_ms: float
    """Processor time of the server for each exchange."""


def main() -> None:
    checked = checker.measure()
    with TemporaryDirectory() as folder, ExitStack() as running:
        bare, guard = _start(Path(folder), running)
        rounds = [_round((bare, guard), n) for n in range(ROUNDS)]
        added = _steady((bare, guard))
        peak = {server.name: peak_mb(server.pid) for server in (bare, guard)}
    doors = egress.measure(SECONDS)
    both = shared.measure(SECONDS, ROUNDS)
    _report(rounds, added, peak, [*checked, *doors, *both, *queue.entries(HOLDS)])


def _start(folder: Path, running: ExitStack) -> tuple[Server, Server]:
    bot_port, port = start_upstream(running), free_port()
    config = folder / "bench.toml"
    bot = f"http://127.0.0.1:{bot_port}/wechat"
    config.write_text(CHANNEL.format(port=port, upstream=bot, token=TOKEN) + EMBEDDED.format(folder=folder))
    return start_bare_relay(running, bot_port), start_guard(running, "shenyan", config, port)


def _round(servers: tuple[Server, Server], number: int) -> Mapping[tuple[str, int], Measured]:
    found = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"round {number + 1} of {ROUNDS}", total=4)
        for connections in (16, 64):
            for server in servers:
                before = cpu_seconds(server.pid)
                load = full(server.port, server.path, connections, SECONDS, cores()[1])
                spent = cpu_seconds(server.pid) - before
                found[server.name, connections] = Measured(load, spent / max(1, load.requests) * 1000)
                progress.advance(bar)
    return found


def _steady(servers: tuple[Server, Server]) -> Mapping[str, Load]:
    return {server.name: steady(server.port, server.path, 100, SECONDS) for server in servers}


def _report(
    rounds: list[Mapping[tuple[str, int], Measured]],
    added: Mapping[str, Load],
    peak: Mapping[str, float],
    checked: Sequence[Mapping[str, str | float]],
) -> None:
    console = Console()
    table = Table(title=f"{ROUNDS} rounds of {SECONDS} s, the median round by requests/s")
    for column in ("server", "connections", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "errors"):
        table.add_column(column, justify="left" if column == "server" else "right")
    entries: list[Mapping[str, str | float]] = []
    for connections in (16, 64):
        ratios = sorted(
            one["shenyan", connections].load.per_second / one["bare relay", connections].load.per_second
            for one in rounds
        )
        entries.append(_entry(f"throughput_ratio_{connections}", ratios[len(ratios) // 2], 0.35, "higher"))
        for name in ("bare relay", "shenyan"):
            row = sorted((one[name, connections] for one in rounds), key=lambda m: m.load.per_second)
            middle = row[len(row) // 2]
            table.add_row(
                name,
                str(connections),
                f"{middle.load.per_second:,.0f}",
                f"{middle.load.p50_ms:.2f}",
                f"{middle.load.p99_ms:.2f}",
                f"{middle.cpu_ms:.3f}",
                str(sum(one.load.errors for one in row)),
            )
    extra = added["shenyan"].p50_ms - added["bare relay"].p50_ms
    entries.append(_entry("added_p50_ms_at_100_per_s", extra, 3.0, "lower"))
    entries.append(_entry("peak_memory_mb", peak["shenyan"], 250.0, "lower"))
    entries += checked
    console.print(table)
    for name, load in added.items():
        console.print(
            f"{name} at 100/s: p50 {load.p50_ms:.2f} ms, p99 {load.p99_ms:.2f} ms; {peak[name]:.0f} MB"
        )
    for entry in entries:
        if "reach" not in entry:  # a figure for the plan of scale
            console.print(f"{entry['name']}: {entry['value']}")
            continue
        reached = _reached(entry)
        console.print(
            f"[{'green' if reached else 'red'}]{entry['name']}: {entry['value']} (to reach: {entry['reach']})"
        )
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(entries, indent=2) + "\n")
    console.print(f"written to {REPORT}")


def _entry(name: str, value: float, reach: float, better: str) -> dict[str, str | float]:
    return {"name": name, "value": round(value, 3), "reach": reach, "better": better}


def _reached(entry: Mapping[str, str | float]) -> bool:
    value, reach = float(entry["value"]), float(entry["reach"])
    return value >= reach if entry["better"] == "higher" else value <= reach


if __name__ == "__main__":
    main()
