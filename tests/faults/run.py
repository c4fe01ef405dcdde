"""One run: everything built, made to talk, broken, brought to rest, and judged."""

import asyncio
import hashlib
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import web

from app.core.records import DeliveryState, ExchangeState
from app.storage.sql import SqlStore
from tests.faults.bot import Bot
from tests.faults.cable import Cable
from tests.faults.guards import Fleet, make_fleet
from tests.faults.judge import Judgement, judge
from tests.faults.ledger import Ledger
from tests.faults.moderators import Moderator, token_of
from tests.faults.platform import ACCOUNT, APP_ID, APP_SECRET, TOKEN, Pusher, SendApi
from tests.faults.records import Records, read_records
from tests.faults.script import line
from tests.faults.weather import Fault, Hangman, Weather, cable_faults, file_faults, guard_faults

MODERATORS = ("moderator-1", "moderator-2", "moderator-3")
AFTERWARDS_S = 600
"""The clocks of the last guards stand so far ahead: every lease and every short wait is over."""
REST_WITHIN_S = 120.0
AT_ONCE = 40
"""Conversations under way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of a run; with the same seed the same texts, moods and faults are drawn."""

    conversations: int
    kills: int
    guards: int = 1
    store: Literal["sqlite", "postgres"] = "sqlite"
    seed: int = 1
    minutes: float = 60.0
    """The run ends then, whatever was reached."""
    stop_s: tuple[float, float] = (2.0, 30.0)
    """How long a guard is stopped."""


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


@dataclass(slots=True)
class Scene:
    """Everything that stands while the run lasts."""

    fleet: Fleet
    ledger: Ledger
    api: SendApi
    cables: dict[str, Cable]
    faults: list[Fault]
    records_url: str
    http: aiohttp.ClientSession
    lag: list[tuple[float, float]] = field(default_factory=list)

    def starved_s(self, since: float, until: float) -> float:
        own = sum(by for at, by in self.lag if at <= until and at + by >= since)
        return own + self.fleet.starved_s(since, until)


async def run(plan: Plan, folder: Path, watch: Watch) -> Finished:
    """Raises RuntimeError where guards do not start, or records do not come to rest."""
    began = time.monotonic()
    ledger = Ledger()
    progress = Progress(plan, ledger)
    async with AsyncExitStack() as stack:
        scene = await _scene(plan, folder, ledger, stack)
        watching = asyncio.create_task(_watch(progress, watch))
        try:
            await _talk(plan, scene, progress)
            progress.phase = "coming to rest"
            await _rest(scene)
            progress.phase = "comparing"
            store = await SqlStore.open(scene.records_url, 2.0)
            try:
                records = await read_records(store)
            finally:
                await store.aclose()
        finally:
            watching.cancel()
    return Finished(plan, ledger, records, judge(ledger, records), time.monotonic() - began)


# --- building -----------------------------------------------------------------------------------


async def _scene(plan: Plan, folder: Path, ledger: Ledger, stack: AsyncExitStack) -> Scene:
    chance = random.Random(plan.seed)
    api = SendApi(ledger, random.Random(chance.random()))
    bot = Bot(ledger, random.Random(chance.random()))
    cables = {}
    for name, app in (("platform", api.app()), ("bot", bot.app())):
        port = await stack.enter_async_context(_served(app))
        cables[name] = await stack.enter_async_context(Cable(port).laid())
    records = folder / "records.db"
    records_url = f"sqlite:///{records}"

    def config_of(port: int) -> str:
        return _config(port, records_url, cables["platform"].port, cables["bot"].port)

    fleet = make_fleet(folder, plan.guards, config_of, _free_port, ledger, random.Random(chance.random()))
    await stack.enter_async_context(fleet.alive())
    weather = random.Random(chance.random())
    faults = [*guard_faults(fleet, weather, plan.stop_s), *file_faults(records, fleet)]
    for name, cable in cables.items():
        faults += cable_faults(name, cable)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=False))
    scene = Scene(fleet, ledger, api, cables, faults, records_url, http)
    await stack.enter_async_context(_beside(_feel_own_lag(scene.lag)))
    return scene


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[int]:
    """aiohttp's server on a port of the loopback; the handler of a broken connection is cancelled."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _beside(*works: "asyncio._CoroutineLike[None]") -> AsyncIterator[None]:
    """Run them until the block ends. What one raises, the block raises."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _config(port: int, records_url: str, platform: int, bot: int) -> str:
    tokens = "\n".join(
        f"""[api_tokens.{name}]
sha256 = "{hashlib.sha256(token_of(name).encode()).hexdigest()}"
scopes = ["holds:read", "holds:decide", "deliveries:read", "deliveries:decide"]
"""
        for name in MODERATORS
    )
    return f"""[server]
port = {port}
[storage]
url = "{records_url}"
busy_timeout_s = 1
[courier]
poll_every_s = 0.2
lease_s = 20
[sweeper]
every_s = 1
abandoned_after_s = 5
[monitoring]
log_level = "error"
[bots.vendor]
kind = "webhook"
url = "http://127.0.0.1:{bot}/"
token = "VendorToken26"
give_up_after_s = 12
[channels.hall]
platform = "wechat"
bot = "vendor"
app_id = "{APP_ID}"
app_secret = "{APP_SECRET}"
token = "{TOKEN}"
mode = "plaintext"
api_base = "http://127.0.0.1:{platform}"
takeover = false
# {ACCOUNT}
{tokens}"""


# --- talking ------------------------------------------------------------------------------------


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

    async def converse() -> None:
        for one in lines:
            while scene.ledger.kills.total() < wanted() - 2 and time.monotonic() < ends_at:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # the hangman does not keep pace
            if time.monotonic() > ends_at:
                return
            await asyncio.sleep(chance.random())
            progress.begun += 1
            await pusher.converse(scene.ledger.open(one))
            progress.done += 1

    progress.phase = "talking"
    weather = Weather(scene.faults, scene.ledger, random.Random(chance.random()))
    hangman = Hangman(scene.fleet, scene.ledger, random.Random(chance.random()), wanted)
    async with _beside(weather.blow(), hangman.work(), *(one.work() for one in moderators)):
        await asyncio.gather(*(converse() for _ in range(AT_ONCE)))


async def _rest(scene: Scene) -> None:
    """No more faults; new guards, whose clocks stand ahead, until nothing moves any more."""
    for cable in scene.cables.values():
        cable.mend()
    scene.api.moody = 0.0
    await scene.fleet.restart_all(AFTERWARDS_S)
    store = await SqlStore.open(scene.records_url, 2.0)
    try:
        async with asyncio.timeout(REST_WITHIN_S):
            while await _restless(store):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    except TimeoutError:
        pass  # what still moves is judged as it lies
    finally:
        await store.aclose()


async def _restless(store: SqlStore) -> bool:
    if (await store.exchanges([ExchangeState.CLAIMED], None, "", 1)).items:
        return True
    if (await store.deliveries([DeliveryState.SENDING], None, "", 1)).items:
        return True
    now = datetime.now(UTC) + timedelta(seconds=AFTERWARDS_S)
    waiting = (await store.deliveries([DeliveryState.QUEUED, DeliveryState.RETRYING], None, "", 200)).items
    return any(one.next_at is not None and one.next_at <= now for one in waiting)


# --- watching -----------------------------------------------------------------------------------


async def _feel_own_lag(lag: list[tuple[float, float]], look_every_s: float = 0.02) -> None:
    """When our own loop was late, its clocks say nothing of a guard's."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(look_every_s)
        late = time.monotonic() - before - look_every_s
        if late > 0.1:
            lag.append((before, late))
            del lag[:-1_000]


async def _watch(progress: Progress, watch: Watch) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            watch(progress)
            await asyncio.sleep(0.5)
