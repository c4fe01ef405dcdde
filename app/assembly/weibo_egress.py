"""The stand-in of Weibo's API for vendors that send by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from app.assembly.parts import Parts, new_id, utc_now
from app.platforms.passage import Passage
from app.platforms.weibo.client import WeiboClient
from app.ports import PlatformClient
from app.service.courier import Courier
from app.service.intake import Intake
from app.service.outlet import Outlet
from app.service.switches import Switches
from app.service.vendors import Vendors
from app.settings.channels import WeiboChannel
from app.web.egress.weibo import Stand, WeiboEgress


@dataclass(frozen=True, slots=True)
class LongLived:
    """The account's token as it was configured: Weibo's are not fetched."""

    token: str = field(repr=False)

    async def current(self) -> str:
        return self.token


def weibo_egress_of(
    parts: Parts,
    intakes: Mapping[str, Intake],
    clients: Mapping[str, PlatformClient],
    courier: Courier,
    switches: Switches,
    vendors: Vendors,
) -> WeiboEgress:
    settings = parts.settings
    stands: dict[str, Stand] = {}
    for name in {vendor.channel for vendor in settings.vendors.values()}:
        channel, client = settings.channels[name], clients.get(name)
        if not isinstance(channel, WeiboChannel) or not isinstance(client, WeiboClient):
            continue  # WeChat's have a stand-in of their own
        outlet = Outlet(intakes[name], courier, partial(switches.is_stopped, name))
        passage = Passage(parts.means[name].http, channel.comment_api_base, LongLived(client.access_token))
        stands[name] = Stand(channel.uid, outlet, passage, frozenset(channel.egress_allow))
    return WeiboEgress(
        stands,
        vendors,
        parts.observer,
        utc_now,
        new_id,
        settings.server.max_body_bytes,
        settings.server.read_body_within_s,
    )
