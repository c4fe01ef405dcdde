"""Speed with PostgreSQL and Redis on the same machine: beside a bare relay, beside the embedded mode, and by
two processes on the same records.

`python -m scripts.bench.shared`. Requests/s of two processes, their servers and the load on two cores would
say how the cores were shared out; what can be told there is the processor time of each exchange.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.storage.migrate import upgrade
from scripts.bench.load import Load, full
from scripts.bench.servers import (
    TOKEN,
    Server,
    cores,
    cpu_seconds,
    free_port,
    start_bare_relay,
    start_guard,
    start_upstream,
)
from scripts.postgres import Postgres, running_postgres
from tests.coordination.valkey import KEY, PASSWORD, Valkey, plain, running, url_of

CONNECTIONS = 32
"""To each process."""
WARM_S = 2
REPORT = Path("build/shared.json")
DURABLE = {"autovacuum": "on", "shared_buffers": "256MB", "max_wal_size": "2GB"}

CHANNEL = """
[server]
port = {port}
[monitoring]
log_level = "warning"
[bots.upstream]
kind = "webhook"
url = "{upstream}"
token = "{token}"
[channels.bench]
platform = "wechat"
bot = "upstream"
app_id = "wx-bench"
token = "{token}"
mode = "plaintext"
signature_max_age_s = 86400
"""
EMBEDDED = '[storage]\nurl = "sqlite:///{folder}/embedded.db"\n'
SHARED = """
[storage]
url = "{postgres}"
[coordination]
url = "{redis}"
password = "{password}"
secret_key = "{key}"
"""

Entry = dict[str, str | float]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one exchange."""

    per_second: float
    p50_ms: float
    cpu_ms: float
    """Of the guard's processes, or the relay's."""
    errors: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What an exchange costs on the other side, and a process by being there."""

    postgres_cpu_ms: float
    redis_cpu_ms: float
    postgres_bytes: float
    """Tables and indexes."""
    wal_bytes: float
    redis_commands: float
    postgres_connections: int
    """Of each process."""
    redis_connections: int


@dataclass(frozen=True, slots=True)
class Backing:
    """The two servers that processes share."""

    postgres: Postgres
    redis: Valkey
    url: str
    empty: int
    """Bytes of the database before anything was recorded."""


def measure(seconds: int, rounds: int) -> list[Entry]:
    """One entry for each ratio that has a target, then those that the plan of scale is made from."""
    with TemporaryDirectory() as folder, ExitStack() as opened:
        backing = _backing(Path(folder), opened)
        bare, embedded, one, two = _start(Path(folder), backing, opened)
        for server in (bare, embedded, one, two):
            full(server.port, server.path, CONNECTIONS, WARM_S, cores()[1])
        runs: dict[str, Sequence[Server]] = {
            "bare relay": [bare],
            "embedded": [embedded],
            "PostgreSQL and Redis": [one],
            "two of them": [one, two],
        }
        found: dict[str, list[Cost]] = {name: [] for name in runs}
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("with PostgreSQL and Redis", total=rounds * len(runs) + 1)
            for _ in range(rounds):
                for name, servers in runs.items():
                    found[name].append(_cost(servers, seconds))
                    progress.advance(bar)
            beside = _beside(one, backing, seconds)
    costs = {name: _middle(many) for name, many in found.items()}
    _show(costs, beside)
    return _entries(costs, beside)


def _backing(folder: Path, opened: ExitStack) -> Backing:
    postgres = opened.enter_context(running_postgres(DURABLE))
    redis = opened.enter_context(running(plain(folder / "redis")))
    upgrade(postgres.url())
    with postgres.connect() as connection:
        (empty,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    return Backing(postgres, redis, postgres.url(), empty)


def _start(folder: Path, backing: Backing, opened: ExitStack) -> Sequence[Server]:
    bot_port = start_upstream(opened)
    servers = [start_bare_relay(opened, bot_port)]
    shared = SHARED.format(
        postgres=backing.url, redis=url_of(backing.redis), password=PASSWORD, key=KEY, folder=folder
    )
    for name, tables in (("embedded", EMBEDDED.format(folder=folder)), ("one", shared), ("two", shared)):
        port, file = free_port(), folder / f"{name}.toml"
        bot = f"http://127.0.0.1:{bot_port}/wechat"
        file.write_text(CHANNEL.format(port=port, upstream=bot, token=TOKEN) + tables)
        servers.append(start_guard(opened, name, file, port))
    return servers


def _cost(servers: Sequence[Server], seconds: int) -> Cost:
    before = sum(cpu_seconds(server.pid) for server in servers)
    loads = _load(servers, seconds)
    spent = sum(cpu_seconds(server.pid) for server in servers) - before
    done = sum(load.requests for load in loads)
    return Cost(
        sum(load.per_second for load in loads),
        median(load.p50_ms for load in loads),
        spent / max(1, done) * 1_000,
        sum(load.errors for load in loads),
    )


def _load(servers: Sequence[Server], seconds: int) -> Sequence[Load]:
    with ThreadPoolExecutor(len(servers)) as hands:
        return list(
            hands.map(lambda one: full(one.port, one.path, CONNECTIONS, seconds, cores()[1]), servers)
        )


def _beside(server: Server, backing: Backing, seconds: int) -> Beside:
    before = _standing(backing)
    done = max(1, _load([server], seconds)[0].requests)
    after = _standing(backing)
    changed = {name: (after[name] - before[name]) / done for name in before}
    with backing.postgres.connect() as connection:
        connections = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shenyan'"
        ).fetchone()
        # Of the whole run: the database takes room in large pieces, ahead of what it needs.
        (each,) = connection.execute(
            "SELECT (pg_database_size(current_database()) - %s) / count(*)::float FROM exchanges",
            (backing.empty,),
        ).fetchone() or (0.0,)
    clients = _said(backing.redis.tell("INFO", "clients"), "connected_clients")
    return Beside(
        changed["postgres"] * 1_000,
        changed["redis"] * 1_000,
        each,
        changed["wal"],
        changed["commands"],
        round((connections[0] if connections else 0) / 2),  # two processes are open
        round((clients - 1) / 2),
    )


def _standing(backing: Backing) -> Mapping[str, float]:
    with backing.postgres.connect() as connection:
        (wal,) = connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone() or (0,)
    assert backing.redis.process is not None
    return {
        "postgres": sum(map(_spent_by, backing.postgres.processes())),
        "redis": cpu_seconds(backing.redis.process.pid),
        "wal": float(wal),
        "commands": _said(backing.redis.tell("INFO", "stats"), "total_commands_processed"),
    }


def _spent_by(pid: int) -> float:
    """Seconds of processor time; none by one that has just ended, as those that tidy up do."""
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _said(info: str, name: str) -> float:
    (line,) = [line for line in info.splitlines() if line.startswith(f"{name}:")]
    return float(line.partition(":")[2])


def _middle(costs: Sequence[Cost]) -> Cost:
    """By processor time."""
    return sorted(costs, key=lambda cost: cost.cpu_ms)[len(costs) // 2]


def _entries(costs: Mapping[str, Cost], beside: Beside) -> list[Entry]:
    bare, embedded = costs["bare relay"], costs["embedded"]
    one, two = costs["PostgreSQL and Redis"], costs["two of them"]
    wanted = (
        ("shared_throughput_ratio", one.per_second / bare.per_second, 0.25, "higher"),
        ("shared_cpu_over_embedded", one.cpu_ms / embedded.cpu_ms, 1.5, "lower"),
        ("two_processes_cpu_over_one", two.cpu_ms / one.cpu_ms, 1.15, "lower"),
    )
    entries: list[Entry] = [
        {"name": name, "value": round(value, 3), "reach": reach, "better": better}
        for name, value, reach, better in wanted
    ]
    measured = {
        "embedded_cpu_ms": embedded.cpu_ms,
        "shared_cpu_ms": one.cpu_ms,
        "two_processes_cpu_ms": two.cpu_ms,
        **asdict(beside),
    }
    entries += [{"name": f"scale_{name}", "value": round(value, 3)} for name, value in measured.items()]
    return entries


def _show(costs: Mapping[str, Cost], beside: Beside) -> None:
    console = Console()
    table = Table(title=f"{CONNECTIONS} connections to each process, the median round by CPU")
    for column in ("servers", "requests/s", "p50 ms", "CPU ms each", "errors"):
        table.add_column(column, justify="left" if column == "servers" else "right")
    for name, cost in costs.items():
        table.add_row(
            name, f"{cost.per_second:,.0f}", f"{cost.p50_ms:.2f}", f"{cost.cpu_ms:.3f}", str(cost.errors)
        )
    console.print(table)
    for name, value in asdict(beside).items():
        console.print(f"{name}: {value:,.3f}")


def main() -> None:
    seconds, rounds = int(os.environ.get("BENCH_SECONDS", "8")), int(os.environ.get("BENCH_ROUNDS", "3"))
    entries = measure(seconds, rounds)
    for entry in entries:
        print(entry["name"], entry["value"], "to reach", entry.get("reach", "-"))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
