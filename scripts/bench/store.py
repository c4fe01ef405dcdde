"""What the records cost a message: claim and record, by many callers at once and by one.

`python -m scripts.bench.store` on SQLite; `--postgres` on a PostgreSQL of its own, durable as in service;
`--database URL` on empty records that are there.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import perf_counter, process_time

from app.storage.migrate import upgrade
from app.storage.sql import SqlStore
from scripts.bench.queue import records
from tests.contract.given import answered
from tests.values import exchange, message

CALLERS = 64
LONE = 200


@dataclass(frozen=True, slots=True)
class Cost:
    pairs_per_s: float
    cpu_ms: float
    """Of this process, for a pair; a server's own comes on top."""
    lone_claim_ms: float
    """Median, nobody else calling."""


async def measure(url: str, pairs: int) -> Cost:
    upgrade(url)
    store = await SqlStore.open(url, busy_timeout_s=3.9)
    numbers = count()

    async def pair() -> None:
        number = next(numbers)
        made = exchange(f"e{number}", message=message(f"MsgId:{number}", user=f"citizen-{number % 5_000}"))
        claim = await store.claim(made, made.message.received_at)
        await store.record(answered(claim.exchange))

    async def caller() -> None:
        for _ in range(pairs // CALLERS):
            await pair()

    try:
        await asyncio.gather(*(pair() for _ in range(CALLERS)))  # warm
        started, cpu = perf_counter(), process_time()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        taken, used = perf_counter() - started, process_time() - cpu
        lone = []
        for _ in range(LONE):
            began = perf_counter()
            await pair()
            lone.append((perf_counter() - began) / 2)
    finally:
        await store.aclose()
    done = pairs // CALLERS * CALLERS
    return Cost(done / taken, used / done * 1_000, median(lone) * 1_000)


def main() -> None:
    parser = argparse.ArgumentParser(description="Times claim and record.")
    parser.add_argument("pairs", type=int, nargs="?", default=20_000)
    parser.add_argument("--database", metavar="URL", help="empty records on a server that is there")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL for this run alone")
    wanted = parser.parse_args()
    with records(wanted) as url:
        cost = asyncio.run(measure(url, wanted.pairs))
    sys.stdout.write(
        f"{cost.pairs_per_s:,.0f} pairs/s, {cost.cpu_ms:.3f} ms of CPU for each, "
        f"a lone write {cost.lone_claim_ms:.2f} ms\n"
    )


if __name__ == "__main__":
    main()
