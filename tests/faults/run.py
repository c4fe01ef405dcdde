"""One run: people talk while everything goes wrong, then it comes to rest, and is judged."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.errors import StoreError
from app.core.records import DeliveryState, ExchangeState
from app.storage.sql import SqlStore
from tests.faults.judge import Judgement, judge
from tests.faults.ledger import Ledger
from tests.faults.moderators import Moderator
from tests.faults.platform import Pusher
from tests.faults.records import Records, read_records
from tests.faults.scene import MODERATORS, Plan, Scene, beside, standing
from tests.faults.script import line
from tests.faults.weather import Hangman, Weather

AFTERWARDS_S = 600
"""The clocks of the last guards stand so far ahead: every lease and every short wait is over."""
REST_WITHIN_S = 120.0
AT_ONCE = 30
"""Conversations under way."""


@dataclass(slots=True)
class Progress:
    """For who watches."""

    plan: Plan
    ledger: Ledger
    begun: int = 0
    done: int = 0
    phase: str = "starting"


@dataclass(frozen=True, slots=True)
class Finished:
    plan: Plan
    ledger: Ledger
    records: Records
    judgement: Judgement
    took_s: float


Watch = Callable[[Progress], None]


async def run(plan: Plan, folder: Path, watch: Watch) -> Finished:
    """Raises RuntimeError where guards do not start."""
    began = time.monotonic()
    ledger = Ledger()
    progress = Progress(plan, ledger)
    async with standing(plan, folder, ledger) as scene, beside(_watch(progress, watch)):
        await _talk(plan, scene, progress)
        progress.phase = "coming to rest"
        await _rest(scene)
        progress.phase = "comparing"
        store = await SqlStore.open(scene.backing.records_url, 2.0)
        try:
            records = await read_records(store)
        finally:
            await store.aclose()
    return Finished(plan, ledger, records, judge(ledger, records), time.monotonic() - began)


async def _talk(plan: Plan, scene: Scene, progress: Progress) -> None:
    """All conversations, under way some at once, while everything else goes wrong."""
    chance = random.Random(plan.seed + 1)
    lines = iter([line(number, chance) for number in range(plan.conversations)])
    pusher = Pusher(scene.ledger, scene.fleet, scene.http, scene.starved_s)
    known: dict[str, str] = {}
    moderators = [
        Moderator(name, scene.fleet, scene.ledger, random.Random(chance.random()), scene.http, known)
        for name in MODERATORS
    ]
    ends_at = time.monotonic() + plan.minutes * 60

    def wanted() -> int:
        # So that the last kill comes before the last word.
        return min(plan.kills, round(plan.kills * 1.02 * progress.begun / plan.conversations))

    weather = Weather(scene.faults, scene.ledger, random.Random(chance.random()))
    hangman = Hangman(scene.fleet, scene.ledger, random.Random(chance.random()), wanted, scene.backing.kills)

    async def converse() -> None:
        for one in lines:
            # Guards that are to die at a step count as dead: they reach it only while people talk.
            while hangman.dead_or_doomed < wanted() - 2 and time.monotonic() < ends_at:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # the hangman does not keep pace
            if time.monotonic() > ends_at:
                return
            await asyncio.sleep(chance.random())
            progress.begun += 1
            await pusher.converse(scene.ledger.open(one))
            progress.done += 1

    progress.phase = "talking"
    async with beside(weather.blow(), hangman.work(), *(one.work() for one in moderators)):
        await asyncio.gather(*(converse() for _ in range(AT_ONCE)))


async def _rest(scene: Scene) -> None:
    """No more faults; new guards, whose clocks stand ahead, until nothing moves any more."""
    await scene.mend()
    await scene.fleet.restart_all(AFTERWARDS_S)
    store = await SqlStore.open(scene.backing.records_url, 2.0)
    try:
        async with asyncio.timeout(REST_WITHIN_S):
            while any(scene.spool.glob("*.spool")) or await _restless(store):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    except TimeoutError:
        pass  # what still moves is judged as it lies
    finally:
        await store.aclose()


async def _restless(store: SqlStore) -> bool:
    now = datetime.now(UTC) + timedelta(seconds=AFTERWARDS_S)
    waiting = [DeliveryState.QUEUED, DeliveryState.RETRYING]
    try:
        if (await store.exchanges([ExchangeState.CLAIMED], None, "", 1)).items:
            return True
        if (await store.deliveries([DeliveryState.SENDING], None, "", 1)).items:
            return True
        newest_first = (await store.deliveries(waiting, None, "", 200)).items
    except StoreError:
        return True
    # What comes after another message to the same citizen waits for that one.
    first = {one.user: one for one in newest_first}
    return any(one.next_at is not None and one.next_at <= now for one in first.values())


async def _watch(progress: Progress, watch: Watch) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            watch(progress)
            await asyncio.sleep(0.5)
