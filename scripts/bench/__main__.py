"""Start an upstream bot, a bare relay and Shenyan, load them alike, print figures and ratios.

The guard and the relay get one core, the bot and the load the other, as far as the machine has two.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.bench import checker
from scripts.bench.load import Load, full, steady

TOKEN = "benchtoken"  # noqa: S105
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
REPORT = Path("build/bench.json")

CONFIG = """
[server]
port = {port}
[storage]
url = "sqlite:///{folder}/bench.db"
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


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    path: str
    pid: int


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
        peak = {server.name: _peak_mb(server.pid) for server in (bare, guard)}
        _report(rounds, added, peak, checked)


def _start(folder: Path, running: ExitStack) -> tuple[Server, Server]:
    server_core, load_core = _cores()
    upstream_port, bare_port, guard_port = _free_port(), _free_port(), _free_port()
    upstream = f"http://127.0.0.1:{upstream_port}/wechat"
    (folder / "bench.toml").write_text(
        CONFIG.format(port=guard_port, folder=folder, upstream=upstream, token=TOKEN)
    )
    query = _signed_query()
    uvicorn = [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"]
    running.enter_context(
        _process([*load_core, *uvicorn, "--port", str(upstream_port), "scripts.bench.upstream:app"], {})
    )
    relay = running.enter_context(
        _process(
            [*server_core, *uvicorn, "--port", str(bare_port), "scripts.bench.bare_relay:app"],
            {"BENCH_UPSTREAM": upstream},
        )
    )
    guard = running.enter_context(
        _process(
            [*server_core, sys.executable, "-m", "app", "serve", "--config", str(folder / "bench.toml")], {}
        )
    )
    for port in (upstream_port, bare_port, guard_port):
        _wait_for_port(port)
    _wait_until_ready(guard_port)
    return (
        Server("bare relay", bare_port, f"/wechat?{query}", relay.pid),
        Server("shenyan", guard_port, f"/hooks/bench?{query}", guard.pid),
    )


def _round(servers: tuple[Server, Server], number: int) -> Mapping[tuple[str, int], Measured]:
    found = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"round {number + 1} of {ROUNDS}", total=4)
        for connections in (16, 64):
            for server in servers:
                before = _cpu_seconds(server.pid)
                load = full(server.port, server.path, connections, SECONDS, _cores()[1])
                spent = _cpu_seconds(server.pid) - before
                found[server.name, connections] = Measured(load, spent / max(1, load.requests) * 1000)
                progress.advance(bar)
    return found


def _steady(servers: tuple[Server, Server]) -> Mapping[str, Load]:
    return {server.name: steady(server.port, server.path, 100, SECONDS) for server in servers}


def _report(
    rounds: list[Mapping[tuple[str, int], Measured]],
    added: Mapping[str, Load],
    peak: Mapping[str, float],
    checked: list[checker.Entry],
) -> None:
    console = Console()
    table = Table(title=f"{ROUNDS} rounds of {SECONDS} s, the median round by requests/s")
    for column in ("server", "connections", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "errors"):
        table.add_column(column, justify="left" if column == "server" else "right")
    entries = []
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


def _signed_query() -> str:
    timestamp, nonce = str(int(time.time())), "bench"
    signature = sha1("".join(sorted([TOKEN, timestamp, nonce])).encode(), usedforsecurity=False).hexdigest()
    return f"signature={signature}&timestamp={timestamp}&nonce={nonce}"


def _cores() -> tuple[list[str], list[str]]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2 or shutil.which("taskset") is None:
        return [], []
    return ["taskset", "-c", str(cores[0])], ["taskset", "-c", str(cores[1])]


@contextmanager
def _process(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env={**os.environ, **environ})  # noqa: S603
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for_port(port: int, within_s: float = 30) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")


def _wait_until_ready(port: int, within_s: float = 30) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz"):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError("the guard did not become ready")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
