"""A queue of many open holds, and what the desk's everyday questions to it take.

`python -m scripts.bench.queue 1000000` makes the records in a temporary folder (SQLite) and times each
question 200 times: the first page, one deep in the list, filters, counts, a search, a claim, a decision.
`--postgres` does so on a PostgreSQL of its own, `--database URL` on empty records that are there.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import insert, text

from app.core.model import (
    BodyFormat,
    Category,
    Disposition,
    Envelope,
    Finding,
    Message,
    MessageKind,
    Reply,
    SendWindow,
    Severity,
    Verdict,
)
from app.core.records import AuditEntry, Exchange, ExchangeState, Hold, HoldState
from app.ports import HoldFilter
from app.storage.engines import open_engine
from app.storage.migrate import upgrade
from app.storage.records import exchange_values, hold_values
from app.storage.schema import exchanges, holds
from app.storage.sql import SqlStore
from scripts.postgres import running_postgres

START = datetime(2026, 3, 2, tzinfo=UTC)
BATCH = 2_000
TIMES = 200
FEW = 5
"""Of what takes long."""
SLOW = frozenset({"one character, nobody's"})
DURABLE = {
    "autovacuum": "on",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "max_wal_size": "4GB",
}
SEVERITIES = (Severity.MEDIUM, Severity.HIGH, Severity.LOW)
CATEGORIES = (Category.TONE, Category.MOCKERY, Category.AUTHORITY, Category.PRIVACY)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds."""

    p50: float
    p99: float


async def measure(url: str, count: int) -> Mapping[str, Timing]:
    """Fills the records at `url`, which are empty, and asks them."""
    upgrade(url)
    store = await SqlStore.open(url, busy_timeout_s=3.9, statement_timeout_s=60)
    try:
        await fill(store, count)
        await asyncio.to_thread(settle_down, url)
        return await _asked(store)
    finally:
        await store.aclose()


TOGETHER = {
    "list": ("first page", "deep page", "channel", "severity", "category"),
    "claim": ("claim",),
    "decide": ("decide",),
    "search": (
        *("search", "search, 1 in 100", "search, 1 in 1,000"),
        *("rare search", "search for nothing", "two characters"),
    ),
}
"""What is promised, and the questions of which the slowest counts."""
MOST_MS = {"sqlite": 40.0, "postgresql": 20.0}


def entries(count: int) -> Sequence[Mapping[str, str | float]]:
    """The 99th percentiles among `count` open holds on either database, as `scripts.bench` reports them."""
    found: list[Mapping[str, str | float]] = []
    for kind, most in MOST_MS.items():
        with records(argparse.Namespace(database="", postgres=kind == "postgresql")) as url:
            timings = asyncio.run(measure(url, count))
        for name, questions in TOGETHER.items():
            value = round(max(timings[question].p99 for question in questions), 3)
            name = f"{name}_p99_ms_{kind}_{count}_holds"
            found.append({"name": name, "value": value, "reach": most, "better": "lower"})
    return found


async def fill(store: SqlStore, count: int) -> None:
    for first in track(range(0, count, BATCH), "待办", disable=not sys.stderr.isatty()):
        made = [_pair(number) for number in range(first, min(count, first + BATCH))]
        exchange_rows = [exchange_values(exchange) for exchange, _ in made]
        hold_rows = [hold_values(hold) for _, hold in made]

        def write(
            connection: Any,
            exchange_rows: list[dict[str, Any]] = exchange_rows,
            hold_rows: list[dict[str, Any]] = hold_rows,
        ) -> None:
            connection.execute(insert(exchanges), exchange_rows)
            connection.execute(insert(holds), hold_rows)

        await store.database.change(write)


def settle_down(url: str) -> None:
    """What a database in use has done by itself."""
    engine = open_engine(url, 3.9, statement_timeout_s=3_600)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM (ANALYZE)"))
    engine.dispose()


def _pair(number: int) -> tuple[Exchange, Hold]:
    at = START + timedelta(seconds=number % 86_400, microseconds=number)
    message = Message(
        channel=f"channel-{number % 7}",
        key=f"MsgId:{number}",
        account="gh_bench",
        user=f"citizen-{number % 50_000}",
        kind=MessageKind.TEXT,
        text=f"请问第{number}号窗口几点开门，路灯坏了找谁",
        sent_at=at,
        received_at=at,
        envelope=Envelope(BodyFormat.XML),
        window=SendWindow(at + timedelta(hours=48), 5),
        raw=b"<xml/>",
    )
    category, severity = CATEGORIES[number % 4], SEVERITIES[number % 3]
    finding = Finding(f"{category.value}.x", category, severity, "不合规范")
    exchange = Exchange(f"e{number:015d}", message, ExchangeState.HELD, at)
    hold = Hold(
        f"h{number:015d}",
        exchange.id,
        message.channel,
        message.user,
        message,
        Reply.of(f"呵呵，{number % 1_000}号窗口您自己看。"),
        Verdict(Disposition.HOLD, (finding,), "bench"),
        at,
        deliver_by=at + timedelta(hours=48),
        decide_by=at + timedelta(minutes=120),
    )
    return exchange, hold


async def _asked(store: SqlStore) -> Mapping[str, Timing]:
    every = HoldFilter()
    deep = await _deep(store)
    counter: Iterator[int] = iter(range(1_000_000))

    async def claim() -> None:
        page = await store.holds(HoldFilter(claims_as_of=START, limit=1))
        hold = page.items[0]
        claimed = replace(
            hold,
            state=HoldState.CLAIMED,
            version=hold.version + 1,
            claimed_by="bench",
            claimed_until=START + timedelta(days=30),
        )
        await store.settle(claimed, None, entry_of(hold, "hold.claim"))

    async def decide() -> None:
        hold = await store.hold(f"h{500 + next(counter):015d}")
        decided = replace(
            hold,
            state=HoldState.REJECTED,
            version=hold.version + 1,
            decided_by="bench",
            decided_at=START,
            reason="嘲讽",
        )
        await store.settle(decided, None, entry_of(hold, "hold.reject"))

    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "first page": lambda: store.holds(every),
        "deep page": lambda: store.holds(replace(every, after=deep)),
        "channel": lambda: store.holds(HoldFilter(channels=("channel-3",))),
        "severity": lambda: store.holds(HoldFilter(severity=Severity.HIGH)),
        "category": lambda: store.holds(HoldFilter(category="authority")),
        "count": lambda: store.count_holds(every),
        "search": lambda: store.holds(HoldFilter(text="路灯坏了")),
        "search, 1 in 100": lambda: store.holds(HoldFilter(text="11号窗口您")),
        "search, 1 in 1,000": lambda: store.holds(HoldFilter(text="711号窗口您")),
        "search, counted": lambda: store.count_holds(HoldFilter(text="11号窗口您")),
        "rare search": lambda: store.holds(HoldFilter(text="第4711号窗口")),
        "search for nothing": lambda: store.holds(HoldFilter(text="不动产登记证明")),
        "two characters": lambda: store.holds(HoldFilter(text="公交")),
        "one character, nobody's": lambda: store.holds(HoldFilter(text="龘")),
        "one hold": lambda: store.hold("h000000000004711"),
        "decide": decide,
        "claim": claim,
    }
    return {name: await timed(ask, FEW if name in SLOW else TIMES) for name, ask in questions.items()}


async def _deep(store: SqlStore) -> str:
    after = ""
    for _ in range(20):
        after = (await store.holds(HoldFilter(limit=1_000, after=after))).next or after
    return after


def entry_of(hold: Hold, action: str) -> AuditEntry:
    return AuditEntry(START, "bench", action, f"hold:{hold.id}")


async def timed(ask: Callable[[], Awaitable[object]], times: int) -> Timing:
    taken = []
    for _ in range(times):
        started = perf_counter()
        await ask()
        taken.append((perf_counter() - started) * 1_000)
    marks = quantiles(taken, n=100)
    return Timing(marks[49], marks[98])


@contextmanager
def records(wanted: argparse.Namespace) -> Iterator[str]:
    """Where the options `database` and `postgres` say; without, a new SQLite file."""
    if wanted.database:
        yield wanted.database
    elif wanted.postgres:
        with running_postgres(DURABLE) as server:
            yield server.url()
    else:
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/queue.db"


def main() -> None:
    parser = argparse.ArgumentParser(description="Times what the desk asks of a long queue.")
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="open holds")
    parser.add_argument("--database", metavar="URL", help="empty records on a server that is there")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL for this run alone")
    wanted = parser.parse_args()
    count = wanted.count
    with records(wanted) as url:
        timings = asyncio.run(measure(url, count))
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    table = Table(title=f"{count:,} open holds on {kind}, ms")
    for heading in ("question", "p50", "p99"):
        table.add_column(heading)
    for name, timing in timings.items():
        table.add_row(name, f"{timing.p50:.2f}", f"{timing.p99:.2f}")
    Console().print(table)
    report = Path("build/queue.json")
    report.parent.mkdir(exist_ok=True)
    report.write_text(
        json.dumps({"holds": count, "database": kind, **{k: asdict(v) for k, v in timings.items()}}, indent=2)
    )


if __name__ == "__main__":
    main()
