"""The stand-in of WeChat's API for vendors that send by themselves."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from app.assembly.parts import Parts, new_id, utc_now
from app.assembly.people import records_of
from app.coordination.pace import LocalPace
from app.core.bypass import Suspicion
from app.core.pace import Pace
from app.core.records import Delivery
from app.core.vendors import Vendor
from app.platforms.passage import Passage
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.drafts import Drafts
from app.ports import Check, Codec, PlatformClient
from app.service.courier import Courier
from app.service.intake import Intake, resubmitted
from app.service.outlet import Outlet
from app.service.switches import Switches
from app.service.vendors import Vendors
from app.settings.channels import WeChatChannel
from app.settings.vendors import Vendor as VendorSettings
from app.settings.whole import Settings
from app.storage.database import Database
from app.storage.vendor_tokens import SqlVendorTokens
from app.web.egress.wechat import Stand, WeChatEgress

T = TypeVar("T")


def intakes_of(
    parts: Parts, codecs: Mapping[str, Codec], checks: Mapping[str, Check]
) -> Mapping[str, Intake]:
    """By channel: where what vendors submit comes in."""
    settings = parts.settings
    return {
        name: Intake(
            name,
            codecs[name],
            checks[name],
            parts.store,
            parts.coordinator,
            parts.observer,
            utc_now,
            new_id,
            parts.decide_within(name),
            partial(parts.conduct, name),
        )
        for name in settings.channels
    }


def resubmitting(
    intakes: Mapping[str, Intake], clients: Mapping[str, PlatformClient]
) -> Mapping[str, Callable[[Delivery], Awaitable[None]]]:
    """By channel: puts the draft that was changed after its release before a person again."""
    return {
        name: partial(_resubmit, intakes[name], client.drafts)
        for name, client in clients.items()
        if isinstance(client, WeChatClient)
    }


async def _resubmit(intake: Intake, drafts: Drafts, changed: Delivery) -> None:
    """Raises PlatformError, StoreError."""
    await intake.again(changed, await drafts.with_words(resubmitted(changed.message)))


def egress_of(
    parts: Parts,
    intakes: Mapping[str, Intake],
    clients: Mapping[str, PlatformClient],
    courier: Courier,
    switches: Switches,
    suspect: Callable[[Suspicion], None],
) -> WeChatEgress:
    settings = parts.settings
    stands: dict[str, Stand] = {}
    for name in {vendor.channel for vendor in settings.vendors.values()}:
        channel, client = settings.channels[name], clients.get(name)
        if not isinstance(channel, WeChatChannel) or not isinstance(client, WeChatClient):
            continue  # Weibo's have a stand-in of their own
        outlet = Outlet(intakes[name], courier, partial(switches.is_stopped, name))
        passage = Passage(parts.means[name].http, channel.api_base, client.tokens)
        stands[name] = Stand(channel.app_id, outlet, passage, client.drafts, frozenset(channel.egress_allow))
    return WeChatEgress(
        stands,
        replace(vendors_of(settings, parts.store.database, parts.pace), suspect=suspect),
        parts.observer,
        utc_now,
        new_id,
        settings.server.max_body_bytes,
        settings.server.read_body_within_s,
    )


def vendors_of(settings: Settings, database: Database, pace: Pace) -> Vendors:
    known = {name: _vendor(name, one) for name, one in settings.vendors.items()}
    return Vendors(known, SqlVendorTokens(database), utc_now, pace)


async def with_vendors(settings: Settings, work: Callable[[Vendors], Awaitable[T]]) -> T:
    """For commands: opens the records, works, closes them. Raises ConfigError, StoreError."""
    async with records_of(settings) as database:
        return await work(vendors_of(settings, database, LocalPace()))


def _vendor(name: str, wanted: VendorSettings) -> Vendor:
    return Vendor(
        name,
        wanted.channel,
        frozenset(wanted.secret_sha256),
        frozenset(wanted.scopes),
        wanted.networks,
        timedelta(minutes=wanted.token_minutes),
        wanted.when_held,
        wanted.kf_accounts,
    )
