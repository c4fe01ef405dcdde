"""The stand-in of WeChat's API for vendors that send by themselves."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from app.assembly.channels import decide_within
from app.assembly.parts import Parts, new_id, utc_now
from app.assembly.people import records_of
from app.assembly.takeovers import label_of
from app.core.bypass import Suspicion
from app.core.vendors import Vendor
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.passage import Passage
from app.ports import Check, Codec, PlatformClient
from app.service.courier import Courier
from app.service.outlet import Outlet
from app.service.switches import Switches
from app.service.vendors import Vendors
from app.settings.channels import WeChatChannel
from app.settings.vendors import Vendor as VendorSettings
from app.settings.whole import Settings
from app.storage.database import Database
from app.storage.vendor_tokens import SqlVendorTokens
from app.web.egress import Egress, Stand

T = TypeVar("T")


def egress_of(
    parts: Parts,
    codecs: Mapping[str, Codec],
    checks: Mapping[str, Check],
    clients: Mapping[str, PlatformClient],
    courier: Courier,
    switches: Switches,
    suspect: Callable[[Suspicion], None],
) -> Egress:
    settings = parts.settings
    stands: dict[str, Stand] = {}
    for name in {vendor.channel for vendor in settings.vendors.values()}:
        channel, client = settings.channels[name], clients[name]
        if not isinstance(channel, WeChatChannel) or not isinstance(client, WeChatClient):
            continue  # the configuration refuses it
        outlet = Outlet(
            name,
            codecs[name],
            checks[name],
            parts.store,
            courier,
            parts.coordinator,
            parts.observer,
            utc_now,
            new_id,
            partial(switches.is_stopped, name),
            decide_within(settings.policies[channel.policy]),
            label_of(channel),
        )
        passage = Passage(parts.http, channel.api_base, client.tokens)
        stands[name] = Stand(channel.app_id, outlet, passage, frozenset(channel.egress_allow))
    return Egress(
        stands,
        replace(vendors_of(settings, parts.store.database), suspect=suspect),
        parts.observer,
        utc_now,
        new_id,
        settings.server.max_body_bytes,
        settings.server.read_body_within_s,
    )


def vendors_of(settings: Settings, database: Database) -> Vendors:
    known = {name: _vendor(name, one) for name, one in settings.vendors.items()}
    return Vendors(known, SqlVendorTokens(database), utc_now)


async def with_vendors(settings: Settings, work: Callable[[Vendors], Awaitable[T]]) -> T:
    """For commands: opens the records, works, closes them. Raises ConfigError, StoreError."""
    async with records_of(settings) as database:
        return await work(vendors_of(settings, database))


def _vendor(name: str, wanted: VendorSettings) -> Vendor:
    return Vendor(
        name,
        wanted.channel,
        frozenset(wanted.secret_sha256),
        frozenset(wanted.scopes),
        wanted.networks,
        timedelta(minutes=wanted.token_minutes),
        wanted.when_held,
    )
