"""Processes of the bench: started on a core of their own, waited for, ended; what they cost."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TOKEN = "benchtoken"  # noqa: S105
STARTS_WITHIN_S = 120.0
"""Longer than the rules take to load on a busy machine."""
UVICORN = (sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning")
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    path: str
    """Where pushes go."""
    pid: int


def start_upstream(opened: ExitStack, app: str = "upstream") -> int:
    """Start the bot, or another of `scripts.bench`'s applications, on the core of the load; its port."""
    return _application(opened, app, cores()[1], NOTHING)[0]


def start_bare_relay(opened: ExitStack, bot_port: int) -> Server:
    """What does nothing but pass on, on the core of the servers."""
    environ = {"BENCH_UPSTREAM": f"http://127.0.0.1:{bot_port}/wechat"}
    port, pid = _application(opened, "bare_relay", cores()[0], environ)
    return Server("bare relay", port, f"/wechat?{signed_query()}", pid)


def start_guard(opened: ExitStack, name: str, config: Path, port: int) -> Server:
    """A guard whose channel is `bench`, on the core of the servers; returns when it is ready."""
    command = [*cores()[0], sys.executable, "-m", "app", "serve", "--config", str(config)]
    started = opened.enter_context(process(command, NOTHING))
    _await(started, lambda: _is_ready(port), "become ready")
    return Server(name, port, f"/hooks/bench?{signed_query()}", started.pid)


def _application(opened: ExitStack, app: str, pin: list[str], environ: Mapping[str, str]) -> tuple[int, int]:
    """Port and process id."""
    port = free_port()
    command = [*pin, *UVICORN, "--port", str(port), f"scripts.bench.{app}:app"]
    started = opened.enter_context(process(command, environ))
    _await(started, lambda: _listens(port), "listen")
    return port, started.pid


def signed_query() -> str:
    timestamp, nonce = str(int(time.time())), "bench"
    signature = sha1("".join(sorted([TOKEN, timestamp, nonce])).encode(), usedforsecurity=False).hexdigest()
    return f"signature={signature}&timestamp={timestamp}&nonce={nonce}"


def cores() -> tuple[list[str], list[str]]:
    """How to start the server and the load on a core each; nothing where the machine has not two."""
    found = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(found) < 2 or shutil.which("taskset") is None:
        return [], []
    return ["taskset", "-c", str(found[0])], ["taskset", "-c", str(found[1])]


@contextmanager
def process(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, env={**os.environ, **environ})  # noqa: S603
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await(started: subprocess.Popen[bytes], holds: Callable[[], bool], what: str) -> None:
    """Raises RuntimeError, at once where the process has ended."""
    end = time.monotonic() + STARTS_WITHIN_S
    while not holds():
        if started.poll() is not None:
            raise RuntimeError(f"{started.args!r} ended with {started.returncode}; its reason stands above")
        if time.monotonic() > end:
            raise RuntimeError(f"{started.args!r} did not {what} within {STARTS_WITHIN_S:g} s")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz"):
            return True
    except (URLError, ConnectionError):
        return False


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0
