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
    BYPASS = "bypass"
    """Something looks like a way past the guard; the console tells what."""
    CHECKLIST_DUE = "checklist_due"
    """A person should look again whether the platform's own replies are off."""
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
    NoticeKind.BYPASS: "疑似绕过慎言",
    NoticeKind.CHECKLIST_DUE: "平台自动回复该核对了（项）",
    NoticeKind.DIGEST: "汇总",
}
LOUD = frozenset({NoticeKind.URGENT_HOLD, NoticeKind.BOT_DOWN, NoticeKind.STOPPED, NoticeKind.BYPASS})
"""Sent in quiet hours too."""
MOST_BYTES = 2_000
"""企业微信 takes 2,048 bytes of text, the least of the robots."""
MOST_NAMED = 12
"""Channels in a line; of the rest it tells the sum."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    at: datetime
    channel: str = ""
    count: int = 1
    """How many it stands for."""


def told(notices: Sequence[Notice], link: str) -> str:
    """One message of all of them: how many of what, where, and since when. Never longer than MOST_BYTES.

    Where there is no room for every channel's name there is for the sums; no kind is left out.
    """
    for named in range(MOST_NAMED, -1, -1):
        lines = [_line(kind, of_kind, named) for kind in NoticeKind if (of_kind := _of(notices, kind))]
        text = "\n".join(("【慎言】", *lines, *([link] if link else [])))
        if len(text.encode()) <= MOST_BYTES:
            return text
    return "\n".join(("【慎言】", *lines))


def _of(notices: Sequence[Notice], kind: NoticeKind) -> list[Notice]:
    return [one for one in notices if one.kind is kind]


def _line(kind: NoticeKind, notices: Sequence[Notice], named: int) -> str:
    """`named`: how many channels are told by name."""
    counts: Counter[str] = Counter()
    for one in notices:
        counts[one.channel] += one.count
    some = list(counts.items())[:named]
    where = "、".join(f"{channel} {count}" if channel else f"{count}" for channel, count in some)
    if len(some) < len(counts):
        where += f"{' 等' if some else ''}{len(counts)} 个频道共 {counts.total()}"
    since = min(one.at for one in notices).astimezone().strftime("%H:%M")
    return f"{HEADINGS[kind]}：{where}（{since} 起）"
