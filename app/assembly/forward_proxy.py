"""The forward proxy, in front of the stand-ins."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace

from uvicorn import Config, Server

from app.assembly.parts import Parts, utc_now
from app.service.vendors import Vendors
from app.settings.whole import Settings
from app.web.egress.wechat import WeChatEgress
from app.web.egress.weibo import WeiboEgress
from app.web.forward_proxy.authority import load_authority
from app.web.forward_proxy.inner import Route
from app.web.forward_proxy.leaves import Leaves
from app.web.forward_proxy.server import Bounds, ForwardProxy


def forward_proxy_of(
    parts: Parts, vendors: Vendors, stand_ins: Mapping[str, WeChatEgress | WeiboEgress]
) -> ForwardProxy | None:
    """`stand_ins`: by platform. None: none is configured. Raises ConfigError."""
    wanted = parts.settings.forward_proxy
    if wanted is None:
        return None
    return ForwardProxy(
        _routes(parts.settings, stand_ins),
        vendors,
        Leaves(load_authority(wanted.ca_certificate, wanted.ca_key, utc_now()), utc_now),
        parts.observer,
        parts.metrics,
        Bounds(wanted.connections, wanted.connections_per_address),
    )


def _routes(settings: Settings, stand_ins: Mapping[str, WeChatEgress | WeiboEgress]) -> Mapping[str, Route]:
    """With a stand-in that knows its vendor alone: another's token or secret is none there."""
    routes: dict[str, Route] = {}
    for name, vendor in settings.vendors.items():
        platform = settings.channels[vendor.channel].platform
        if stand_in := stand_ins.get(platform):
            alone = replace(stand_in, vendors=stand_in.vendors.only(name))
            routes[name] = Route(platform, vendor.channel, alone)
    return routes


class TwoDoors(Server):
    """uvicorn at the front, and the forward proxy beside it: one signal, one drain for both."""

    def __init__(self, config: Config, beside: ForwardProxy | None, within_s: float) -> None:
        super().__init__(config)
        self._beside = beside
        self._within_s = within_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        drained = self._beside.drain(self._within_s) if self._beside else asyncio.sleep(0)
        await asyncio.gather(super().shutdown(sockets), drained)
