"""The platform's own automatic replies, which nobody but a person at its console can see are off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Item(StrEnum):
    FOLLOW_REPLY = "follow-reply"
    KEYWORD_REPLY = "keyword-reply"
    MESSAGE_REPLY = "message-reply"
    SMART_REPLY = "smart-reply"
    THIRD_PARTY = "third-party"
    HUMAN_DESK = "human-desk"
    PRIVATE_REPLY = "private-reply"
    OTHER_APPS = "other-apps"


ITEMS: Mapping[str, tuple[Item, ...]] = {
    "wechat": (
        Item.FOLLOW_REPLY,
        Item.KEYWORD_REPLY,
        Item.MESSAGE_REPLY,
        Item.SMART_REPLY,
        Item.THIRD_PARTY,
        Item.HUMAN_DESK,
    ),
    "weibo": (Item.FOLLOW_REPLY, Item.PRIVATE_REPLY, Item.KEYWORD_REPLY, Item.OTHER_APPS),
}
"""By platform. Source: the menus of mp.weixin.qq.com and of Weibo's 粉丝服务."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A person's word that one of them is off."""

    id: str
    channel: str
    item: str
    by: str
    at: datetime
    note: str = ""


def due(
    items: Sequence[Item], ticks: Mapping[str, Tick], now: datetime, within: timedelta
) -> tuple[Item, ...]:
    """What is to be looked at (again). `ticks`: the last of each item."""
    return tuple(item for item in items if item not in ticks or ticks[item].at + within <= now)
