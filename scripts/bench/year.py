"""Records of a year, and what relay, desk and retention ask of them.

`python -m scripts.bench.year` makes 200 000 exchanges with 20 000 open holds on SQLite; with `10000000 --open
1000000`, ten million (22 GB). `--postgres` on a PostgreSQL of its own, `--database URL` on empty records that
are there, `--filled` on records that `scripts.bench.fill` has filled: they are changed.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.core.records import DeliveryState, Exchange, ExchangeState, HoldState
from app.core.retention import Class
from app.core.statistics import Period, Step
from app.ports import HoldFilter
from app.storage import bundles
from app.storage.bundles import Wanted
from app.storage.days import SqlDays
from app.storage.sql import SqlStore
from app.storage.statistics import SqlStatistics
from scripts.bench.fill import Year, fill
from scripts.bench.queue import Timing, entry_of, records, settle_down, timed
from tests.contract.given import answered
from tests.values import exchange, message

TIMES = 200
FEW = 20
FEWEST = 2
Question = tuple[Callable[[], Awaitable[object]], int]
"""What is asked, and how often."""


async def measure(url: str) -> Mapping[str, Timing]:
    """Asks the records at `url`, which `fill` has filled."""
    store = await SqlStore.open(url, busy_timeout_s=3.9, statement_timeout_s=600)
    taken: dict[str, Timing] = {}
    try:
        await count_days(store)
        for name, (ask, times) in questions(store).items():
            taken[name] = await timed(ask, times)
            sys.stderr.write(f"{name}: {taken[name].p50:.2f} {taken[name].p99:.2f}\n")
        return taken
    finally:
        await store.aclose()


async def count_days(store: SqlStore) -> None:
    """What a worker does in the nights of that year."""
    days = SqlDays(store.database, settles_in=timedelta(0))
    while await days.announce():
        pass
    began, counted = time.monotonic(), 0
    while (day := await days.to_count()) is not None:
        await days.count(day)
        counted += 1
    sys.stderr.write(f"{counted} days counted in {time.monotonic() - began:.1f} s\n")


def questions(store: SqlStore) -> Mapping[str, Question]:
    now, numbers, followers = datetime.now(UTC), count(), count(1)

    batch: list[str] = []
    limit = now - timedelta(days=184)
    old = Wanted(Class.EXCHANGES, now - timedelta(days=400), limit, limit)
    place = bundles.start(old)

    def follower() -> str:
        return f"o{next(followers) * 37 % 1_000:027d}"

    def new(number: int) -> Exchange:
        asked = message(
            f"bench-{now.timestamp():.0f}-{number}", channel="channel-1", user=follower(), received_at=now
        )
        return exchange(f"bench-{now.timestamp():.0f}-{number}", message=asked, bot="vendor")

    async def claim() -> None:
        await store.claim(new(next(numbers)), now)

    async def claim_and_record() -> None:
        claimed = await store.claim(new(next(numbers)), now)
        await store.record(answered(claimed.exchange))

    async def settle(state: HoldState) -> None:
        hold = (await store.holds(HoldFilter(claims_as_of=now, limit=1))).items[0]
        changed = replace(
            hold,
            state=state,
            version=hold.version + 1,
            claimed_by="bench",
            claimed_until=now + timedelta(days=1),
            decided_by="" if state is HoldState.CLAIMED else "bench",
            decided_at=None if state is HoldState.CLAIMED else now,
        )
        await store.settle(changed, None, entry_of(hold, f"hold.{state.value}"))

    async def read_batch() -> None:
        nonlocal place
        found, place_now = await store.database.read(lambda connection: bundles.found(connection, old, place))
        place = place_now or bundles.start(old)
        batch[:] = [one.id for one in found]

    async def take_batch() -> None:
        await read_batch()
        await store.database.change(lambda connection: bundles.take_away(connection, batch))

    figures = SqlStatistics(store.database, lambda asked: "")
    today = now.date()
    month = Period(today - timedelta(days=30), today, Step.DAY)
    year = Period(today - timedelta(days=364), today, Step.MONTH)
    return {
        "claim": (claim, TIMES),
        "claim and record": (claim_and_record, TIMES),
        "history": (lambda: store.history("channel-1", follower(), now, 20), TIMES),
        "allowance": (lambda: store.allowance("channel-1", follower(), ""), TIMES),
        "queue": (lambda: store.holds(HoldFilter()), TIMES),
        "queue of a channel": (lambda: store.holds(HoldFilter(channels=("channel-6",))), TIMES),
        "claim a hold": (lambda: settle(HoldState.CLAIMED), TIMES),
        "decide": (lambda: settle(HoldState.REJECTED), TIMES),
        "decided": (lambda: store.holds(HoldFilter(states=(HoldState.REJECTED,))), TIMES),
        "search, common": (lambda: store.holds(HoldFilter(text="路灯坏了")), TIMES),
        "search, rare": (lambda: store.holds(HoldFilter(text="尾号1234567")), TIMES),
        "answered exchanges": (lambda: store.exchanges([ExchangeState.ANSWERED], None, "", 50), TIMES),
        "unanswered exchanges": (lambda: store.exchanges([ExchangeState.UNANSWERED], None, "", 50), TIMES),
        "delivered": (lambda: store.deliveries([DeliveryState.DELIVERED], None, "", 50), FEW),
        "uncertain deliveries": (lambda: store.deliveries([DeliveryState.UNCERTAIN], None, "", 50), TIMES),
        "statistics of a month": (lambda: figures.figures(month, None), FEWEST),
        "statistics of a year": (lambda: figures.figures(year, None), FEWEST),
        "retention: read 200": (read_batch, FEW),
        "retention: take 200 away": (take_batch, FEW),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Times what is asked of a year of records.")
    parser.add_argument("count", type=int, nargs="?", default=200_000, help="exchanges")
    parser.add_argument("--open", type=int, default=20_000, help="open holds among them")
    parser.add_argument("--database", metavar="URL", help="records on a server that is there")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL for this run alone")
    parser.add_argument("--filled", action="store_true", help="they are filled already")
    wanted = parser.parse_args()
    with records(wanted) as url:
        if not wanted.filled:
            followers = max(10, wanted.count // 20)
            fill(url, Year(wanted.count, wanted.open, datetime.now(UTC), followers))
            settle_down(url)
        timings = asyncio.run(measure(url))
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    table = Table(title=f"{wanted.count:,} exchanges on {kind}, ms")
    for heading in ("question", "p50", "p99"):
        table.add_column(heading)
    for name, timing in timings.items():
        table.add_row(name, f"{timing.p50:.2f}", f"{timing.p99:.2f}")
    Console().print(table)
    report = Path("build/year.json")
    report.parent.mkdir(exist_ok=True)
    told = {"exchanges": wanted.count, "database": kind, **{k: asdict(v) for k, v in timings.items()}}
    report.write_text(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
