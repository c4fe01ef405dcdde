"""What is PostgreSQL's own: a connection's settings, what a refused one means, what became of a commit.

Nothing here may wait for ever: the server bounds each statement (`statement_timeout`), the kernel each
silence of the network (`tcp_user_timeout`, keepalives), and `Line.cut` ends the wait for a server that
still acknowledges packets and answers nothing.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from app.core.errors import ConfigError, GuardError, StoreError
from app.storage.failures import NoTransaction

OLDEST = 14
"""The oldest version its makers still look after (September 2026)."""
NO_ANSWER = "the records failed: no answer in time"
_ASK_AGAIN_S = 0.05
_READING_KB = 32 << 10
"""Of a search: with less, the server forgets which holds its index has found, and looks at whole pages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `busy`: for a lock, a connection, a silence; `statement`: for one statement."""

    busy: float
    statement: float


# --- a connection -----------------------------------------------------------------------------


def connect_args(url: URL, limits: Limits) -> dict[str, Any]:
    """For libpq; what the URL itself says stays."""
    busy_s = max(2, math.ceil(limits.busy))  # libpq knows no less
    wanted = {
        "application_name": "shenyan",
        "client_encoding": "UTF8",
        "connect_timeout": busy_s,
        "keepalives_idle": busy_s,
        "keepalives_interval": 1,
        "keepalives_count": 2,
        "tcp_user_timeout": busy_s * 1_000,
    }
    return {name: value for name, value in wanted.items() if name not in url.query}


_SESSION = """
SELECT set_config('timezone', 'UTC', false),
       set_config('lock_timeout', %(lock)s, false),
       set_config('statement_timeout', %(statement)s, false),
       set_config('idle_in_transaction_session_timeout', %(idle)s, false),
       set_config('jit', 'off', false),
       set_config('plan_cache_mode', %(plans)s, false),
       set_config('work_mem',
           greatest(pg_size_bytes(current_setting('work_mem')) / 1024, %(memory_kb)s) || 'kB', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
           WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
"""Whatever the server's own settings are: what we call durable is on its disk."""


def set_up(engine: Engine, limits: Limits, *, read_only: bool) -> None:
    """Have every new connection of `engine` set for its work."""
    values = {
        "lock": _milliseconds(limits.busy),
        "statement": _milliseconds(limits.statement),
        "idle": _milliseconds(limits.busy + limits.statement),  # of a guard that is gone, with its locks
        # A plan made for any search text suits none; a write finds its rows by key, whatever the key.
        "plans": "force_custom_plan" if read_only else "auto",
        "memory_kb": _READING_KB if read_only else 0,
    }

    def on_connect(connection: Any, _: Any) -> None:
        from psycopg import IsolationLevel

        connection.autocommit = True
        connection.execute(_SESSION, values)
        connection.autocommit = False
        if read_only:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ  # one view for a whole read
            connection.read_only = True

    event.listen(engine, "connect", on_connect)


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1_000)))


# --- a server that answers nothing ------------------------------------------------------------


@dataclass(slots=True)
class Line:
    """The network connection that somebody waits on, to be cut by somebody else."""

    is_cut: bool = False
    _socket: socket.socket | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def held(self, connection: Connection) -> Iterator[None]:
        """While `connection` is at work. Raises NoTransaction where it was cut before."""
        driver: Any = connection.connection.driver_connection
        # A number of its own for the same connection: the driver's may be another file by the time we cut.
        line = socket.socket(fileno=os.dup(driver.fileno()))
        with self._guard:
            self._socket = line
        try:
            if self.is_cut:
                raise NoTransaction(NO_ANSWER)
            yield
        finally:
            with self._guard:
                self._socket = None
            line.close()

    def cut(self) -> None:
        """From any thread, at any time. Whoever waits hears at once that the connection is lost."""
        with self._guard:
            self.is_cut = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


# --- a commit whose answer was lost -----------------------------------------------------------


def transaction_number(connection: Connection) -> str | None:
    """What this transaction can be asked for by later; None: it has written nothing."""
    number: str | None = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
    return number


def was_committed(engine: Engine, number: str, within_s: float) -> bool | None:
    """Whether that transaction is on disk; None: the server does not say, or nobody reaches it."""
    deadline, line = time.monotonic() + within_s, Line()
    alarm = threading.Timer(within_s, line.cut)
    alarm.start()
    try:
        while True:
            status = _status(engine, number, line)
            if status in _FATES or time.monotonic() > deadline:
                return _FATES.get(status)
            time.sleep(_ASK_AGAIN_S)
    finally:
        alarm.cancel()


_STATUS = text("SELECT pg_xact_status(CAST(:number AS xid8))")
_FATES = {"committed": True, "aborted": False}


def _status(engine: Engine, number: str, line: Line) -> str:
    """Empty where the server is away: it may be starting anew."""
    try:
        with engine.connect() as connection, line.held(connection):
            return str(connection.execute(_STATUS, {"number": number}).scalar())
    except (DBAPIError, NoTransaction):
        return ""


# --- whether it is a server we can use --------------------------------------------------------


def require_usable(connection: Connection) -> None:
    """Raises ConfigError (too old, not UTF-8), StoreError (takes no writes)."""
    row = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby, "
        "current_setting('transaction_read_only') AS read_only, "
        "current_setting('server_encoding') AS encoding"
    ).one()
    require_version(row.version)
    if row.encoding != "UTF8":
        raise ConfigError(
            f"storage.url: the database's encoding is {row.encoding}; make one with ENCODING 'UTF8'"
        )
    if row.standby or row.read_only == "on":
        kind = "a standby" if row.standby else "read-only"
        raise StoreError(
            f"the records are {kind} and take no writes: name the primary in storage.url, or all hosts "
            "and target_session_attrs=read-write"
        )


def require_version(number: int) -> None:
    """`number`: as `server_version_num` writes it. Raises ConfigError."""
    if number < OLDEST * 10_000:
        raise ConfigError(
            f"storage.url: this is PostgreSQL {number // 10_000}; the records need {OLDEST} or later"
        )


def refused(error: DBAPIError, url: URL) -> GuardError:
    """What a connection that was not to be had means: ConfigError where only a person can help.

    libpq tells no codes here, only words, in the server's language: English and Chinese are known.
    """
    said = str(error.orig)
    where = f"{url.host or url.query.get('host', 'the default host')}"
    if _says(said, "password authentication failed", "no password supplied", "Password 认证失败", "密码"):
        return ConfigError(
            f"storage.password: the database refuses the password of user {url.username!r}: "
            "set it there, or in a secret file"
        )
    if "pg_hba.conf" in said:
        return ConfigError(
            f"storage.url: the server does not let user {url.username!r} in from here: "
            "add a line to its pg_hba.conf"
        )
    if _says(said, "database ", "数据库 ") and _says(said, "does not exist", "不存在"):
        return ConfigError(f"storage.url: there is no database {url.database!r}: make it with createdb")
    if _says(said, "role ", "角色 ") and _says(said, "does not exist", "不存在"):
        return ConfigError(f"storage.url: there is no user {url.username!r}: make it with createuser")
    return StoreError(
        f"the records cannot be reached at {where}: {said.splitlines()[0] if said else 'no answer'}"
    )


def _says(said: str, *wanted: str) -> bool:
    return any(one in said for one in wanted)
