"""What every channel shares, opened once."""

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from aiohttp import ClientSession

from app import __version__
from app.assembly.shares import Means, means_of
from app.bots.second_opinion import ChatJudge
from app.clients import bot_http, platform_http
from app.coordination.local import LocalCoordinator
from app.coordination.pace import LocalPace
from app.core.checker import Checker
from app.core.pace import Pace
from app.loading.prompt import load_prompt
from app.loading.ruleset import load_checker
from app.ports import Coordinator, Observer, SecondOpinion
from app.service.bot_watch import BotWatch
from app.settings.coordination import Coordination
from app.settings.whole import Settings
from app.storage.location import location, spool_folder
from app.storage.spool import Spool
from app.storage.sql import SqlStore
from app.telemetry.logs import LogObserver, Observers
from app.telemetry.metrics import Metrics
from app.telemetry.siblings import Siblings


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """Sorts by time (milliseconds), unique by 80 random bits, safe in a URL; a name, not a secret."""
    # The generator is seeded by the system once; asking the system each time took 5% of an exchange.
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"


@dataclass(frozen=True, slots=True)
class Parts:
    """What every channel shares."""

    settings: Settings
    checker: Checker
    store: SqlStore
    coordinator: Coordinator
    pace: Pace
    observer: Observer
    metrics: Metrics
    http: httpx.AsyncClient
    """For others' systems: robots, work orders, callbacks."""
    means: Mapping[str, Means]
    """By channel."""
    judge: SecondOpinion | None
    """None: no second opinion is configured."""
    bot_watch: BotWatch
    siblings: Siblings | None
    """The other processes behind the same doors; None: there are none."""
    spool: Spool


async def open_parts(settings: Settings, stack: AsyncExitStack, siblings: Siblings | None = None) -> Parts:
    """Raises ConfigError, StoreError; `stack` closes what was opened."""
    rules = settings.rules
    checker = await asyncio.to_thread(load_checker, rules.rules_dir, rules.lexicons_dir, rules.cache_dir)
    store = await SqlStore.open(
        location(settings.storage),
        settings.storage.busy_timeout_s,
        readers=settings.storage.readers,
        statement_timeout_s=settings.storage.statement_timeout_s,
        conversation_within=timedelta(seconds=settings.conversations.within_s),
        conversation_turns=settings.conversations.turns,
        turns_for=frozenset(
            name for name, channel in settings.channels.items() if settings.bots[channel.bot].kind == "chat"
        ),
    )
    stack.push_async_callback(store.aclose)
    metrics = Metrics(version=__version__, ruleset=checker.version)
    policies = {name: settings.policies[channel.policy] for name, channel in settings.channels.items()}
    metrics.set_shadow_mode({name: bool(one.shadow_all or one.shadow) for name, one in policies.items()})
    http = await stack.enter_async_context(platform_http())
    means = await means_of(settings.channels, metrics, stack)
    bot_watch = BotWatch(utc_now, settings.notifications.bot_down_after)
    observer = Observers((metrics, LogObserver(), bot_watch))
    spool = Spool(spool_folder(settings.storage), settings.storage.spool_max_bytes, observer)
    stack.push_async_callback(spool.aclose)
    judge = _judge_of(settings, await stack.enter_async_context(bot_http()))
    coordinator, pace = await _coordination(settings.coordination, observer)
    stack.push_async_callback(coordinator.aclose)
    return Parts(
        settings,
        checker,
        store,
        coordinator,
        pace,
        observer,
        metrics,
        http,
        means,
        judge,
        bot_watch,
        siblings,
        spool,
    )


async def _coordination(wanted: Coordination, observer: Observer) -> tuple[Coordinator, Pace]:
    if not wanted.url:
        return LocalCoordinator(), LocalPace()
    from app.coordination.redis import RedisCoordinator  # a client that only who shares the work shall load
    from app.coordination.shared_pace import SharedPace

    coordinator = RedisCoordinator(wanted, observer)
    await coordinator.open()
    return coordinator, SharedPace(coordinator.client, wanted.prefix, coordinator.link)


def _judge_of(settings: Settings, session: ClientSession) -> SecondOpinion | None:
    wanted = settings.second_opinion
    return None if wanted is None else ChatJudge(wanted, load_prompt(wanted.prompt_file), session)
