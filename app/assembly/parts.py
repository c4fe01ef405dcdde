"""What every channel shares, opened once."""

import gc
import os
import random
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import structlog
from aiohttp import ClientSession

from app import __version__
from app.assembly.judging import loader_of
from app.assembly.shares import Means, means_of
from app.bots.second_opinion import ChatJudge
from app.clients import bot_http, platform_http
from app.coordination.local import LocalCoordinator
from app.coordination.pace import LocalPace
from app.core.conduct import Conduct
from app.core.model import Severity
from app.core.pace import Pace
from app.core.publications import Replica
from app.core.terms import OWN_FILES, Terms
from app.loading.prompt import load_prompt
from app.ports import Check, Coordinator, Observer, SecondOpinion
from app.service.bot_watch import BotWatch
from app.service.clocks import Jumps
from app.service.following import Current, Following
from app.settings.coordination import Coordination
from app.settings.whole import Settings
from app.storage.database import Database
from app.storage.location import location, spool_folder, sqlite_file
from app.storage.rulesets import SqlPublications
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


LOOK_TAKES_S = 2.0
"""The longest look at what was published, of a few rows."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every channel shares."""

    settings: Settings
    following: Following
    """What replies are judged by."""
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

    @property
    def checks(self) -> Mapping[str, Check]:
        """By channel."""
        return {name: self.following.check_of(name) for name in self.settings.channels}

    def conduct(self, channel: str) -> Conduct:
        """How it treats its citizens now: ask anew each time."""
        return self.following.terms.channels[channel].conduct

    def decide_within(self, channel: str) -> Mapping[Severity, timedelta]:
        """How long people may take, by severity; as the policies are when it is asked."""
        return Current(lambda: self.following.terms.channels[channel].decide_within)


async def open_parts(settings: Settings, stack: AsyncExitStack, siblings: Siblings | None = None) -> Parts:
    """Raises ConfigError, StoreError; `stack` closes what was opened."""
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
    metrics = Metrics(version=__version__)
    http = await stack.enter_async_context(platform_http())
    means = await means_of(settings.channels, metrics, stack)
    bot_watch = BotWatch(utc_now, settings.notifications.bot_down_after)
    observer = Observers((metrics, LogObserver(), bot_watch))
    spool = Spool(spool_folder(settings.storage), settings.storage.spool_max_bytes, observer)
    stack.push_async_callback(spool.aclose)
    judge = _judge_of(settings, await stack.enter_async_context(bot_http()))
    coordinator, pace = await _coordination(settings.coordination, observer)
    stack.push_async_callback(coordinator.aclose)
    following = await _following(settings, store, coordinator, observer, metrics, stack)
    return Parts(
        settings,
        following,
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


async def _following(
    settings: Settings,
    store: SqlStore,
    coordinator: Coordinator,
    observer: Observer,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> Following:
    """Raises ConfigError, StoreError."""

    def switched(terms: Terms) -> None:
        # What was loaded stays; to walk through it again and again takes a tenth of all time under load.
        gc.freeze()
        metrics.set_ruleset(terms.version)
        metrics.set_shadow_mode(
            {name: bool(one.policy.shadow_all or one.policy.shadow) for name, one in terms.channels.items()}
        )
        if terms.overruled:
            structlog.get_logger("rules").warning(
                "rules.own-settings-overruled",
                publication=terms.number,
                settings=terms.overruled,
                detail="this machine's file says otherwise and is not followed; change it everywhere by "
                "`shenyan rules publish`",
            )

    me = Replica(new_id(), socket.gethostname(), os.getpid(), __version__, OWN_FILES, "")
    lookout = Database(
        location(settings.storage),
        settings.storage.busy_timeout_s,
        readers=1,
        statement_timeout_s=LOOK_TAKES_S,
    )
    stack.push_async_callback(lookout.aclose)
    publications = SqlPublications(store.database, lookout)
    load = loader_of(settings)
    within = timedelta(seconds=settings.storage.clock_within_s)
    alone = sqlite_file(settings.storage.url) is not None
    jumps = Jumps(utc_now, within) if alone else None
    following = Following(publications, load, me, coordinator, observer, utc_now, switched, within, jumps)
    await following.open()
    stack.push_async_callback(following.close)
    return following


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
