"""Processes of the bench: started on a core of their own, waited for, ended; what they cost."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TOKEN = "benchtoken"  # noqa: S105


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


def wait_for_port(port: int, within_s: float = 30) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")


def wait_until_ready(port: int, within_s: float = 30) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz"):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError("the guard did not become ready")


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
