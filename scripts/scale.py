"""What so many messages a second would take, computed from what one exchange was measured to cost.

`python -m scripts.scale` prints the table of docs/scale.md from the figures recorded beside it; `--measured
build/shared.json` (or build/bench.json) takes those of one's own machine, `--rates` other rates.
"""

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "docs" / "scale.json"
RATES = (10, 1_000, 100_000)

BUSY = 0.5
"""How much of a core a process, or a server, may use on the average: a burst of twice as many still fits."""
AT_LEAST = 2
"""Processes: one may be restarted, or die."""
WAL_PER_PRIMARY = 100e6
"""Bytes a second that one primary and its standby write and send without trouble on common SSDs."""
ROWS_PER_PARTITION = 100e6
"""An index of so many rows still fits in memory, and its partition is dropped in moments."""
SPANS = (("月 month", 30 * 86_400), ("周 week", 7 * 86_400), ("天 day", 86_400), ("小时 hour", 3_600))
MINUTE, BURST_AT, BURST_S, BURST = 60.0, 30.0, 5.0, 2.0
"""Simulated: a minute, with twice as many messages for five seconds of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one exchange; as `scripts.bench.shared` measures it."""

    shared_cpu_ms: float
    two_processes_cpu_ms: float
    postgres_cpu_ms: float
    redis_cpu_ms: float
    postgres_bytes: float
    wal_bytes: float
    redis_commands: float
    postgres_connections: float
    """Of each process."""
    redis_connections: float

    @classmethod
    def of(cls, entries: Sequence[Mapping[str, object]]) -> "Measured":
        """From a report of the bench. Raises KeyError where a figure is missing."""
        found = {str(entry["name"]): float(str(entry["value"])) for entry in entries}
        return cls(**{one.name: found[f"scale_{one.name}"] for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class Plan:
    rate: int
    processes: int
    guard_cores: float
    postgres_cores: float
    redis_cores: float
    postgres_connections: int
    primaries: int
    """Each with the channels that are its own."""
    wal_mb_per_s: float
    gb_per_day: float
    partition: str
    redis_per_s: float
    wait_p99_ms: float
    """For the processor, in the minute with the burst."""


def plan(measured: Measured, rate: int) -> Plan:
    cpu_s = max(measured.shared_cpu_ms, measured.two_processes_cpu_ms) / 1_000
    processes = max(AT_LEAST, ceil(rate * cpu_s / BUSY))
    primaries = max(1, ceil(rate * measured.wal_bytes / WAL_PER_PRIMARY))
    return Plan(
        rate,
        processes,
        rate * cpu_s / BUSY,
        rate * measured.postgres_cpu_ms / 1_000 / BUSY,
        rate * measured.redis_cpu_ms / 1_000 / BUSY,
        ceil(processes * measured.postgres_connections / primaries),
        primaries,
        rate * measured.wal_bytes / 1e6,
        rate * measured.postgres_bytes * 86_400 / 1e9,
        _partition(rate / primaries),
        rate * measured.redis_commands,
        waits_p99_ms(rate / processes, cpu_s),
    )


def _partition(rate: float) -> str:
    """The longest span whose rows are not too many; the shortest where all are."""
    fitting = [name for name, seconds in SPANS if rate * seconds <= ROWS_PER_PARTITION]
    return fitting[0] if fitting else SPANS[-1][0]


def waits_p99_ms(per_second: float, cpu_s: float) -> float:
    """One process, one message after the other: how long 99% of them wait for it at most.

    Messages come as chance will have it (Poisson); each takes `cpu_s`. The same numbers give the same answer.
    """
    chance = random.Random(1)  # noqa: S311
    at = free_at = 0.0
    waits: list[float] = []
    while at < MINUTE:
        bursting = BURST_AT <= at < BURST_AT + BURST_S
        at += chance.expovariate(per_second * (BURST if bursting else 1.0))
        waits.append(max(0.0, free_at - at))
        free_at = max(free_at, at) + cpu_s
    return sorted(waits)[int(len(waits) * 0.99)] * 1_000


# --- the table ----------------------------------------------------------------------------------

HEADINGS = (
    "每秒消息 messages/s",
    "慎言进程 processes",
    "慎言核数 cores",
    "PostgreSQL 核数 cores",
    "主库 primaries",
    "每主库连接 connections",
    "WAL MB/s",
    "每天 per day",
    "每月 per month",
    "分区 partition",
    "Redis 命令/s",
    "等处理器 p99 ms",
)


def table(measured: Measured, rates: Sequence[int]) -> str:
    """Markdown."""
    rows = [HEADINGS, tuple("---:" for _ in HEADINGS)]
    rows += [_row(plan(measured, rate)) for rate in rates]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(one: Plan) -> tuple[str, ...]:
    return (
        f"{one.rate:,}",
        f"{one.processes:,}",
        _number(one.guard_cores),
        _number(one.postgres_cores),
        f"{one.primaries:,}",
        f"{one.postgres_connections:,}",
        _number(one.wal_mb_per_s),
        _size(one.gb_per_day),
        _size(one.gb_per_day * 30),
        one.partition,
        _number(one.redis_per_s),
        _number(one.wait_p99_ms),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _size(gb: float) -> str:
    return f"{_number(gb / 1_000)} TB" if gb >= 1_000 else f"{_number(gb)} GB"


def main() -> None:
    parser = argparse.ArgumentParser(description="What so many messages a second would take.")
    parser.add_argument("--measured", type=Path, default=RECORDED, help="a report of the bench")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="PER_SECOND")
    for one in fields(Measured):
        parser.add_argument(
            f"--{one.name.replace('_', '-')}", type=float, help="in place of the measured one"
        )
    wanted = parser.parse_args()
    entries = json.loads(wanted.measured.read_text())
    given = {one.name: getattr(wanted, one.name) for one in fields(Measured)}
    entries += [
        {"name": f"scale_{name}", "value": value} for name, value in given.items() if value is not None
    ]
    sys.stdout.write(table(Measured.of(entries), wanted.rates) + "\n")


if __name__ == "__main__":
    main()
