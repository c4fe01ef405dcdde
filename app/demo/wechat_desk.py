"""What WeChat's own pages do beside the API: automatic replies, and people at its customer-service desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SWITCHES = ("follow", "message", "keyword")
LONGEST_S = 86_400
MOST = 10_000


class Unlisted(Exception):
    """The records are not given out; `code` is the errcode."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Record:
    id: int
    user: str
    at: datetime
    text: str


@dataclass(slots=True)
class WeChatDesk:
    worker: str = "desk1@guihe"
    on: set[str] = field(default_factory=set)
    """Of SWITCHES."""
    _records: list[_Record] = field(default_factory=list)

    def switch(self, wanted: Mapping[str, bool]) -> None:
        """Raises ValueError."""
        if unknown := sorted(set(wanted) - set(SWITCHES)):
            raise ValueError(f"{', '.join(unknown)}: one of {', '.join(SWITCHES)} is needed")
        self.on |= {name for name, value in wanted.items() if value}
        self.on -= {name for name, value in wanted.items() if not value}

    def note(self, user: str, at: datetime, text: str) -> None:
        """A customer-service message left, whoever sent it."""
        self._records.append(_Record(len(self._records) + 1, user, at, text))

    def autoreplies(self) -> dict[str, object]:
        """Source: wechat, get_current_autoreply_info."""
        reply = {"type": "text", "content": "您好，我是小助手，有问题请直接说哦~"}
        rule = {
            "rule_name": "办事时间",
            "create_time": 1_423_028_166,
            "reply_mode": "random_one",
            "keyword_list_info": [{"type": "text", "match_mode": "contain", "content": "几点"}],
            "reply_list_info": [reply],
        }
        return {
            "is_add_friend_reply_open": int("follow" in self.on),
            "is_autoreply_open": int("message" in self.on),
            **({"add_friend_autoreply_info": reply} if "follow" in self.on else {}),
            **({"message_default_autoreply_info": reply} if "message" in self.on else {}),
            **({"keyword_autoreply_info": {"list": [rule]}} if "keyword" in self.on else {}),
        }

    def page(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """Source: wechat, getmsglist. Raises Unlisted."""
        first, last, after, number = (
            _whole(wanted, name) for name in ("starttime", "endtime", "msgid", "number")
        )
        if last - first > LONGEST_S:
            raise Unlisted(65417, "time range exceeded")
        if last < first or not 0 < number <= MOST or after < 1:
            raise Unlisted(65416, "invalid parameter")
        fitting = [one for one in self._records if first <= one.at.timestamp() <= last and one.id >= after]
        page = fitting[:number]
        shown = [
            {
                "openid": one.user,
                "opercode": 2002,
                "text": one.text,
                "time": int(one.at.timestamp()),
                "worker": self.worker,
            }
            for one in page
        ]
        return {"recordlist": shown, "number": len(page), "msgid": page[-1].id + 1 if page else after}


def _whole(wanted: Mapping[str, object], name: str) -> int:
    value = wanted.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unlisted(65416, f"invalid parameter {name}")
    return value
