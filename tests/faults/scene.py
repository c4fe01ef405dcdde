"""What stands while a run lasts: servers, cables, bot, platform, guards, and what can befall them."""

import asyncio
import hashlib
import random
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import web

from app.storage.migrate import upgrade
from tests.faults.bot import Bot
from tests.faults.cable import Cable
from tests.faults.guards import Fleet, make_fleet
from tests.faults.ledger import Ledger
from tests.faults.moderators import token_of
from tests.faults.platform import APP_ID, APP_SECRET, TOKEN, SendApi
from tests.faults.shared_coordination import SharedCoordination
from tests.faults.shared_records import SharedRecords
from tests.faults.weather import Fault, cable_faults, file_faults, guard_faults

MODERATORS = ("moderator-1", "moderator-2", "moderator-3")


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
class Backing:
    """Where the guards keep their records and meet."""

    records_url: str
    tables: str = ""
    """Further ones of the guards' configuration."""
    faults: list[Fault] = field(default_factory=list)
    kills: list[tuple[str, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    cables: dict[str, Cable] = field(default_factory=dict)
    mend: Callable[[], Awaitable[None]] | None = None


@dataclass(slots=True)
class Scene:
    fleet: Fleet
    ledger: Ledger
    api: SendApi
    cables: dict[str, Cable]
    faults: list[Fault]
    backing: Backing
    http: aiohttp.ClientSession
    spool: Path
    """Where the guards keep what comes in while the records are away."""
    lag: list[tuple[float, float]] = field(default_factory=list)

    def starved_s(self, since: float, until: float) -> float:
        """For how many seconds the machine gave us, or an idle bystander, no processor."""
        own = sum(by for at, by in self.lag if at <= until and at + by >= since)
        return own + self.fleet.starved_s(since, until)

    async def mend(self) -> None:
        """No fault lasts; the guards are as they are."""
        for cable in self.cables.values():
            cable.mend()
        self.api.moody = 0.0
        if self.backing.mend is not None:
            await self.backing.mend()


@asynccontextmanager
async def standing(plan: Plan, folder: Path, ledger: Ledger) -> AsyncIterator[Scene]:
    """Raises RuntimeError where a guard or a server does not start."""
    chance = random.Random(plan.seed)
    async with AsyncExitStack() as stack:
        backing = await _backing(plan, folder, random.Random(chance.random()), stack)
        cables = dict(backing.cables)
        api = SendApi(ledger, random.Random(chance.random()))
        bot = Bot(ledger, random.Random(chance.random()))
        for name, app in (("platform", api.app()), ("bot", bot.app())):
            port = await stack.enter_async_context(_served(app))
            cables[name] = await stack.enter_async_context(Cable(port).laid())

        def config_of(port: int) -> str:
            return _config(port, backing, folder / "spool", cables["platform"].port, cables["bot"].port)

        fleet = make_fleet(folder, plan.guards, config_of, _free_port, ledger, random.Random(chance.random()))
        await stack.enter_async_context(fleet.alive())
        weather = random.Random(chance.random())
        faults = [*guard_faults(fleet, weather, plan.stop_s), *backing.faults]
        if plan.store == "sqlite":
            faults += file_faults(folder / "records.db", fleet)
        for name, cable in cables.items():
            faults += cable_faults(name, cable)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=False))
        scene = Scene(fleet, ledger, api, cables, faults, backing, http, folder / "spool")
        await stack.enter_async_context(beside(_feel_own_lag(scene.lag)))
        yield scene


async def _backing(plan: Plan, folder: Path, chance: random.Random, stack: AsyncExitStack) -> Backing:
    if plan.store == "sqlite":
        return Backing(f"sqlite:///{folder}/records.db")
    servers = stack.enter_context(ExitStack())
    records = await asyncio.to_thread(SharedRecords.started, servers, chance)
    shared = await asyncio.to_thread(SharedCoordination.started, servers, folder / "valkey", chance)
    for cable in (records.cable, shared.cable):
        await stack.enter_async_context(cable.laid())
    await asyncio.to_thread(upgrade, records.url)
    return Backing(
        records.url,
        shared.table,
        [*records.faults(), *shared.faults()],
        [("records: kill -9", records.kill), ("coordination: kill -9", shared.kill)],
        {"records": records.cable, "coordination": shared.cable},
        records.mend,
    )


def _free_port() -> int:
    """One that the kernel gives to nobody's outgoing connection while its guard is dead."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


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
async def beside(*works: "asyncio._CoroutineLike[None]") -> AsyncIterator[None]:
    """Run them until the block ends. What one raises ends the block at once, with all the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _config(port: int, backing: Backing, spool: Path, platform: int, bot: int) -> str:
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
url = "{backing.records_url}"
busy_timeout_s = 1
spool_dir = "{spool}"
clock_within_s = 900
{backing.tables}
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
{tokens}"""


async def _feel_own_lag(lag: list[tuple[float, float]], look_every_s: float = 0.02) -> None:
    """When our own loop was late, its clocks say nothing of a guard's."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(look_every_s)
        late = time.monotonic() - before - look_every_s
        if late > 0.1:
            lag.append((before, late))
            del lag[:-1_000]
