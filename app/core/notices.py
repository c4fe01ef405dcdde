"""Word to the desk that something waits. A notice has no field for what anybody wrote."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    URGENT_HOLD = "urgent_hold"
    """Severe, or an emergency in the citizen's message."""
    WINDOW_CLOSING = "window_closing"
    OVERDUE = "overdue"
    """Past the policy's limit."""
    QUEUE_LONG = "queue_long"
    BOT_DOWN = "bot_down"
    BOT_BACK = "bot_back"
    STOPPED = "stopped"
    RESUMED = "resumed"
    DELIVERY_UNCERTAIN = "delivery_uncertain"
    DIGEST = "digest"


HEADINGS: Mapping[NoticeKind, str] = {
    NoticeKind.URGENT_HOLD: "紧急待办",
    NoticeKind.WINDOW_CLOSING: "平台窗口快关了",
    NoticeKind.OVERDUE: "已超时限",
    NoticeKind.QUEUE_LONG: "待办积压",
    NoticeKind.BOT_DOWN: "机器人连续出错",
    NoticeKind.BOT_BACK: "机器人恢复",
    NoticeKind.STOPPED: "已停机",
    NoticeKind.RESUMED: "已恢复",
    NoticeKind.DELIVERY_UNCERTAIN: "不知是否送达",
    NoticeKind.DIGEST: "汇总",
}
LOUD = frozenset({NoticeKind.URGENT_HOLD, NoticeKind.BOT_DOWN, NoticeKind.STOPPED})
"""Sent in quiet hours too."""
MOST_BYTES = 2_000
"""企业微信 takes 2,048 bytes of text, the least of the robots."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    at: datetime
    channel: str = ""
    count: int = 1
    """How many it stands for."""


def told(notices: Sequence[Notice], link: str) -> str:
    """One message of all of them: how many of what, where, and since when. Never longer than MOST_BYTES."""
    lines = ["【慎言】"]
    for kind in NoticeKind:
        of_kind = [one for one in notices if one.kind is kind]
        if of_kind:
            lines.append(_line(kind, of_kind))
    if link:
        lines.append(link)
    return _within("\n".join(lines))


def _line(kind: NoticeKind, notices: Sequence[Notice]) -> str:
    counts: Counter[str] = Counter()
    for one in notices:
        counts[one.channel] += one.count
    where = "、".join(f"{channel} {count}" if channel else f"{count}" for channel, count in counts.items())
    since = min(one.at for one in notices).astimezone().strftime("%H:%M")
    return f"{HEADINGS[kind]}：{where}（{since} 起）"


def _within(text: str) -> str:
    """Cut at a line's end."""
    while len(text.encode()) > MOST_BYTES:
        head, _, _ = text.rpartition("\n")
        text = head or text[: MOST_BYTES // 4]
    return text
