"""Hosts that vendors' programs have compiled in, and whose stand-in answers in their place."""

from collections.abc import Mapping
from types import MappingProxyType

HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "api.weixin.qq.com": "wechat",
        "api.weibo.com": "weibo",
        "m.api.weibo.com": "weibo",
        "c.api.weibo.com": "weibo",
    }
)
"""Platform by host: the closed list. The private CA speaks for these alone, and nothing leads elsewhere."""

PORT = 443


def prefix_of(platform: str, channel: str) -> str:
    """Where the stand-in of one channel lives; a vendor's path follows it byte for byte."""
    return f"/egress/{platform}/{channel}"
