"""A running guard: everything opened, joined and started; on the way out, drained and closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from starlette.types import ASGIApp

from app.assembly.channels import (
    clients_of,
    codec_of,
    relay_of,
)
from app.assembly.console import console_parts, dispatcher_of
from app.assembly.egress import egress_of, intakes_of, resubmitting
from app.assembly.elements import extractor
from app.assembly.figures import counting_of, figures_of
from app.assembly.forward_proxy import forward_proxy_of
from app.assembly.gateways import gateways_of
from app.assembly.guarding import Guarding, guarding_of
from app.assembly.manuscripts import callbacks_of, called_back, manuscripts_of
from app.assembly.noticing import lookout_of
from app.assembly.parts import Parts, new_id, open_parts, utc_now
from app.assembly.rest import rest_app
from app.assembly.retention import retention_of
from app.assembly.spooling import spooling_of
from app.assembly.takeovers import reception_of, takeovers_of
from app.assembly.weibo_egress import weibo_egress_of
from app.core.delivery import Backoff
from app.core.model import Severity
from app.core.records import Callback, Delivery, WorkOrder
from app.core.work_orders import compose
from app.ports import PlatformClient
from app.service.counting import Counting
from app.service.courier import Courier
from app.service.dispatching import Dispatcher
from app.service.following import Following
from app.service.noticing import Lookout
from app.service.relay import Relay
from app.service.retention import Retention
from app.service.review import Desk, Review
from app.service.spooling import Spooling
from app.service.sweeper import Sweeper
from app.service.switches import Switches
from app.service.takeovers import Takeovers
from app.service.vendors import Vendors
from app.service.workers import kept_running
from app.settings.whole import Settings
from app.storage.location import is_sole
from app.storage.sql import SqlStore
from app.storage.switches import SqlSwitches
from app.telemetry.siblings import Render, Siblings
from app.web.console.site import console_site
from app.web.egress.wechat import EGRESS as WECHAT_DOOR
from app.web.egress.weibo import EGRESS as WEIBO_DOOR
from app.web.forward_proxy.server import ForwardProxy
from app.web.front import Front
from app.web.lateness import Lateness
from app.web.webhooks import Hook, Webhooks


@dataclass(frozen=True, slots=True)
class Guard:
    """A running guard."""

    app: ASGIApp
    store: SqlStore
    following: Following
    relays: Mapping[str, Relay]
    switches: Switches
    takeovers: Takeovers
    vendors: Vendors
    courier: Courier
    dispatcher: Dispatcher[WorkOrder] | None
    callbacks: Dispatcher[Callback]
    lookout: Lookout | None
    sweeper: Sweeper
    spooling: Spooling
    forward_proxy: ForwardProxy | None
    """Not listening before its `start`."""
    guarding: Guarding
    figures: Render
    """For /metrics, of this process alone."""
    retention: Retention | None
    counting: Counting
    lateness: Lateness


@asynccontextmanager
async def running_guard(
    settings: Settings, *, workers: bool = True, siblings: Siblings | None = None
) -> AsyncIterator[Guard]:
    """Everything opened and every worker started; on the way out, drained and closed.

    Raises ConfigError, StoreError. `workers=False` leaves courier and sweeper to the caller. `siblings`: the
    other processes behind the same doors.
    """
    async with AsyncExitStack() as stack:
        parts = await open_parts(settings, stack, siblings)
        guard = _assemble(parts)
        if siblings is not None:
            await stack.enter_async_context(siblings.listening(guard.figures))
        if is_sole(
            settings.storage
        ):  # else another process may be at them: their leases run out by themselves
            await guard.store.orphan_claims(utc_now())
        await guard.switches.look()
        await guard.takeovers.look()
        watchman = guard.guarding.watchman
        senders = (guard.courier, guard.dispatcher, guard.callbacks, guard.lookout)
        everybody = (*senders, guard.sweeper, guard.spooling, watchman, guard.retention, guard.counting)
        hands = [one for one in everybody if one is not None]
        loops = [
            guard.following.run,
            guard.switches.run,
            guard.takeovers.run,
            guard.lateness.run,
            *(one.run for one in hands if workers),
        ]
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


def _assemble(parts: Parts) -> Guard:
    settings = parts.settings
    codecs = {name: codec_of(name, channel) for name, channel in settings.channels.items()}
    checks = parts.checks
    switches = Switches(SqlSwitches(parts.store.database), parts.coordinator, parts.observer, utc_now)
    extract, takeovers = extractor(parts), takeovers_of(parts)
    spooling = spooling_of(parts)
    relays = {
        name: relay_of(
            parts,
            name,
            codecs[name],
            partial(switches.is_stopped, name),
            reception_of(parts, name, takeovers, extract),
            spooling,
        )
        for name in settings.channels
    }
    review = Review(
        parts.store,
        {
            name: Desk(checks[name], codecs[name], partial(_second_person_at, parts, name))
            for name in settings.channels
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
    figures = figures_of(parts, switches, guarding)
    lateness = Lateness()
    return Guard(
        Front(
            Webhooks(
                hooks,
                parts.observer,
                utc_now,
                settings.server.max_body_bytes,
                settings.server.read_body_within_s,
                lateness,
            ),
            {WECHAT_DOOR: wechat, WEIBO_DOOR: weibo},
            console_site(console_parts(parts, review, switches, extract, takeovers, guarding)),
            rest_app(
                parts,
                review,
                checks,
                gateways_of(parts, checks, switches),
                manuscripts_of(parts, checks, switches),
                guarding,
                parts.siblings.of_all(figures) if parts.siblings else figures,
            ),
        ),
        parts.store,
        parts.following,
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
            parts.following.is_on_time,
        ),
        spooling,
        forward_proxy_of(parts, wechat.vendors, {"wechat": wechat, "weibo": weibo}),
        guarding,
        figures,
        retention_of(parts),
        counting_of(parts),
        lateness,
    )


def _second_person_at(parts: Parts, channel: str) -> Severity | None:
    return parts.following.terms.channels[channel].second_person_at


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
        shares={name: means.platform for name, means in parts.means.items()},
        on_time=parts.following.is_on_time,
    )
