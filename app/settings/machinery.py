"""How the guard itself runs: its door, its records, its workers."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field

from app.settings.values import Closed, Secret


class Server(Closed):
    host: str = "127.0.0.1"
    port: int = Field(8900, ge=0, le=65535)
    """0: any free port, printed at the start."""
    max_body_bytes: int = Field(65_536, ge=1_024, le=10_485_760)
    """A webhook push is at most a few KiB on both platforms."""
    read_body_within_s: float = Field(3.0, gt=0, lt=5)
    """A push that trickles in longer than this is refused: the platform's own limit is 5 s."""
    workers: int = Field(1, ge=1, le=64)
    """Processes behind one port; more than one need PostgreSQL and Redis."""
    drain_within_s: float = Field(20.0, gt=0)
    """After SIGTERM, exchanges under way are finished for at most this long."""


class Storage(Closed):
    url: str = "sqlite:///var/shenyan.db"
    """An SQLAlchemy URL: of an SQLite file, or of a PostgreSQL database."""
    password: Secret | None = None
    """PostgreSQL's, where it does not stand in the URL."""
    busy_timeout_s: float = Field(2.0, gt=0, lt=4)
    """How long a locked database, or one that does not answer, is waited for; below the platform's 5 s."""
    statement_timeout_s: float = Field(10.0, ge=1, le=600)
    """The longest read on PostgreSQL."""
    readers: int = Field(2, ge=1, le=32)
    """Connections for reading, beside the one that writes."""
    clock_within_s: float = Field(5.0, gt=0, le=3_600)
    """How far this machine's clock may be from the records'; a guard further away is not ready."""
    sole_process: bool | None = None
    """Whether no other process is at the records; None: on SQLite none is, on PostgreSQL others may be."""
    spool_dir: Path | None = None
    """Keeps messages while the records cannot be written; None: beside the SQLite file, as its name and
    -spool, or var/spool."""
    spool_max_bytes: int = Field(67_108_864, ge=131_072, le=10_737_418_240)
    """How much one process keeps there; at least a push of the largest size, its JSON included."""


class Conversations(Closed):
    """What the bot and the checker see of the talk so far."""

    turns: int = Field(6, ge=0, le=50)
    within_s: float = Field(1800, ge=0)
    """Older turns belong to another conversation."""


class Courier(Closed):
    poll_every_s: float = Field(1.0, gt=0)
    lease_s: float = Field(60, ge=20)
    """Longer than one send with its time-outs: past it the delivery's fate is unknown."""
    max_attempts: int = Field(6, ge=1)
    margin_s: float = Field(5, ge=0)
    """Nothing is sent in the last moments of a window."""


class Sweeper(Closed):
    every_s: float = Field(5.0, gt=0)
    abandoned_after_s: float = Field(60, ge=0)
    """How long after its lease ran out a message waits for the platform's resend before it is listed."""


class Monitoring(Closed):
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = ()
    """Who may read /metrics; empty: whoever reaches the port."""
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Rules(Closed):
    rules_dir: Path | None = None
    """None: the rules that came with this version."""
    lexicons_dir: Path | None = None
    cache_dir: Path | None = None
    """Where the segmenter keeps its compiled dictionary; None: the system's temporary folder."""
