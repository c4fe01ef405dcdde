"""A running guard: everything opened, joined and started; on the way out, drained and closed."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.assembly.channels import (
    check_of,
    clients_of,
    codec_of,
    relay_of,
    require_sound_fallbacks,
    second_person_at,
)
from app.assembly.console import console_parts, dispatcher_of
from app.assembly.egress import egress_of, intakes_of, resubmitting
from app.assembly.elements import extractor
from app.assembly.forward_proxy import TwoDoors, forward_proxy_of
from app.assembly.gateways import gateways_of
from app.assembly.guarding import Guarding, guarding_of
from app.assembly.manuscripts import callbacks_of, called_back, manuscripts_of
from app.assembly.noticing import lookout_of
from app.assembly.parts import Parts, new_id, open_parts, utc_now
from app.assembly.people import first_administrator
from app.assembly.rest import rest_app
from app.assembly.retention import retention_of
from app.assembly.takeovers import label_of, reception_of, require_sound_labels, takeovers_of
from app.assembly.weibo_egress import weibo_egress_of
from app.core.delivery import Backoff
from app.core.errors import ConfigError
from app.core.records import Callback, Delivery, WorkOrder
from app.core.work_orders import compose
from app.loading.phrases import load_phrases
from app.loading.policies import channel_policies
from app.loading.ruleset import shipped_dirs
from app.ports import PlatformClient
from app.service.courier import Courier
from app.service.dispatching import Dispatcher
from app.service.noticing import Lookout
from app.service.relay import Relay
from app.service.retention import Retention
from app.service.review import Desk, Review
from app.service.sweeper import Sweeper
from app.service.switches import Switches
from app.service.takeovers import Takeovers
from app.service.vendors import Vendors
from app.service.workers import kept_running
from app.settings.whole import Settings
from app.storage.location import is_sole
from app.storage.sql import SqlStore
from app.storage.switches import SqlSwitches
from app.telemetry.logs import configure
from app.web.console.site import console_site
from app.web.egress.wechat import EGRESS as WECHAT_DOOR
from app.web.egress.weibo import EGRESS as WEIBO_DOOR
from app.web.forward_proxy.server import ForwardProxy
from app.web.front import Front
from app.web.webhooks import Hook, Webhooks

Announce = Callable[[str, str, str], None]
"""Hears the address once it answers, the forward proxy's where there is one, and the first administrator's
password where one was made."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A running guard."""

    app: ASGIApp
    store: SqlStore
    relays: Mapping[str, Relay]
    switches: Switches
    takeovers: Takeovers
    vendors: Vendors
    courier: Courier
    dispatcher: Dispatcher[WorkOrder] | None
    callbacks: Dispatcher[Callback]
    lookout: Lookout | None
    sweeper: Sweeper
    forward_proxy: ForwardProxy | None
    """Not listening before its `start`."""
    guarding: Guarding
    retention: Retention | None


@asynccontextmanager
async def running_guard(settings: Settings, *, workers: bool = True) -> AsyncIterator[Guard]:
    """Everything opened and every worker started; on the way out, drained and closed.

    Raises ConfigError, StoreError. `workers=False` leaves courier and sweeper to the caller.
    """
    async with AsyncExitStack() as stack:
        parts = await open_parts(settings, stack)
        guard = _assemble(parts)
        if is_sole(
            settings.storage
        ):  # else another process may be at them: their leases run out by themselves
            await guard.store.orphan_claims(utc_now())
        await guard.switches.look()
        await guard.takeovers.look()
        watchman = guard.guarding.watchman
        senders = (guard.courier, guard.dispatcher, guard.callbacks)
        everybody = (*senders, guard.lookout, guard.sweeper, watchman, guard.retention)
        hands = [one for one in everybody if one is not None]
        loops = [guard.switches.run, guard.takeovers.run, *(one.run for one in hands if workers)]
        tasks = [
            asyncio.create_task(kept_running(loop, parts.observer), name=loop.__qualname__) for loop in loops
        ]
        try:
            yield guard
        finally:
            within_s = settings.server.drain_within_s
            await asyncio.gather(*(relay.drain(within_s) for relay in guard.relays.values()))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def serve(settings: Settings, *, announce: Announce = lambda url, proxy, first_password: None) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError."""
    configure(settings.monitoring.log_format, settings.monitoring.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, announce))


async def _serve(settings: Settings, announce: Announce) -> None:
    listening = _listen("server", settings.server.host, settings.server.port)
    beside, proxy_at = settings.forward_proxy, None
    if beside is not None:
        proxy_at = _listen("forward_proxy", beside.host, beside.port)
    async with running_guard(settings) as guard:
        config = uvicorn.Config(
            guard.app,
            http="httptools",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=int(settings.server.drain_within_s),
        )
        # uvicorn raises the signal it was stopped by once more when it has stopped: that one must not
        # cut the drain short.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        _spare_the_collector()
        if guard.forward_proxy is not None and proxy_at is not None:
            await guard.forward_proxy.start(proxy_at)
        announce(
            _address(listening),
            _address(proxy_at) if proxy_at else "",
            await first_administrator(guard.store.database, settings.console),
        )
        await TwoDoors(config, guard.forward_proxy, settings.server.drain_within_s).serve([listening])


def _spare_the_collector() -> None:
    """What is loaded stays for good; walked through again and again, it took a tenth of all time under load.

    What a message allocates is freed by its reference counts: cycles are rare and may wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _listen(setting: str, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"{setting}.host/{setting}.port: cannot listen on {host}:{port}: {error.strerror}; "
            "choose another port, or 0 for any"
        ) from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def _assemble(parts: Parts) -> Guard:
    settings = parts.settings
    codecs = {name: codec_of(name, channel) for name, channel in settings.channels.items()}
    policies = channel_policies(settings, parts.checker.folder)
    checks = {name: check_of(parts.checker, policies[name]) for name in settings.channels}
    require_sound_fallbacks(settings, checks)
    switches = Switches(SqlSwitches(parts.store.database), parts.coordinator, parts.observer, utc_now)
    require_sound_labels(settings, checks)
    extract, takeovers = extractor(parts), takeovers_of(parts)
    phrases = load_phrases(settings.rules.rules_dir or shipped_dirs()[0])
    relays = {
        name: relay_of(
            parts,
            name,
            codecs[name],
            checks[name],
            partial(switches.is_stopped, name),
            reception_of(parts, name, takeovers, phrases, extract),
            label_of(channel),
        )
        for name, channel in settings.channels.items()
    }
    review = Review(
        parts.store,
        {
            name: Desk(
                checks[name],
                codecs[name],
                second_person_at(settings.policies[channel.policy]),
            )
            for name, channel in settings.channels.items()
        },
        parts.coordinator,
        parts.observer,
        utc_now,
        new_id,
        settings.review.claim_lease,
        compose=lambda hold: compose(hold, extract(hold.message)),
        passes_on=bool(settings.work_orders.url),
        called_back=called_back(settings),
    )
    hooks = {name: Hook(codecs[name], relays[name]) for name in settings.channels}
    clients = clients_of(parts)
    intakes = intakes_of(parts, codecs, checks)
    courier = _courier(parts, clients, resubmitting(intakes, clients))
    guarding = guarding_of(parts, clients)
    wechat = egress_of(parts, intakes, clients, courier, switches, guarding.alarms.hear)
    weibo = weibo_egress_of(parts, intakes, clients, courier, switches, wechat.vendors)
    return Guard(
        Front(
            Webhooks(
                hooks,
                parts.observer,
                utc_now,
                settings.server.max_body_bytes,
                settings.server.read_body_within_s,
            ),
            {WECHAT_DOOR: wechat, WEIBO_DOOR: weibo},
            console_site(
                console_parts(
                    parts, review, switches, checks, policies, extract, phrases, takeovers, guarding
                )
            ),
            rest_app(
                parts,
                review,
                checks,
                gateways_of(parts, checks, switches),
                switches,
                manuscripts_of(parts, checks, switches),
                guarding,
            ),
        ),
        parts.store,
        relays,
        switches,
        takeovers,
        wechat.vendors,
        courier,
        dispatcher_of(parts),
        callbacks_of(parts),
        lookout_of(parts, switches, extract, guarding),
        Sweeper(
            parts.store,
            parts.observer,
            utc_now,
            settings.sweeper.every_s,
            timedelta(seconds=settings.sweeper.abandoned_after_s),
            called_back(settings),
        ),
        forward_proxy_of(parts, wechat.vendors, {"wechat": wechat, "weibo": weibo}),
        guarding,
        retention_of(parts),
    )


def _courier(
    parts: Parts,
    clients: Mapping[str, PlatformClient],
    changed: Mapping[str, Callable[[Delivery], Awaitable[None]]],
) -> Courier:
    wanted = parts.settings.courier
    return Courier(
        parts.store,
        clients,
        parts.coordinator,
        parts.observer,
        utc_now,
        Backoff(max_attempts=wanted.max_attempts),
        timedelta(seconds=wanted.lease_s),
        timedelta(seconds=wanted.margin_s),
        wanted.poll_every_s,
        changed=changed,
    )
