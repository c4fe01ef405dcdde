"""A program that writes until it is killed, and says on its standard output what is durable."""

import asyncio
import itertools
import sys
from dataclasses import replace

from app.core.records import ExchangeState, Outcome
from app.storage.sql import SqlStore
from tests.contract.given import claimed, entry
from tests.values import MOCKED, hold


async def write(store: SqlStore, numbers: "itertools.count[int]") -> None:
    for number in numbers:
        claim = await claimed(store, number)
        say(f"claimed {number}")
        made = hold(f"hold-{number}", exchange_id=claim.exchange.id, message=claim.exchange.message)
        finished = replace(claim.exchange, state=ExchangeState.HELD, reply=made.reply, verdict=MOCKED)
        await store.record(Outcome(finished, hold=made, audit=entry(f"hold:{number}")))
        say(f"recorded {number}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    store = await SqlStore.open(url, 2.0)
    numbers = itertools.count()
    await asyncio.gather(*(write(store, numbers) for _ in range(16)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
