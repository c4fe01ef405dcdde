"""What the pages call things: our codes as moderators' words."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core.records import DeliveryState, HoldState

CATEGORIES: Mapping[str, str] = {
    "tone": "态度",
    "mockery": "嘲讽",
    "authority": "越权",
    "privacy": "隐私",
    "fabrication": "编造",
    "vulgar": "低俗",
    "leak": "露底",
    "off_role": "越位",
    "diversion": "导流",
    "system": "系统",
}
SEVERITIES: Mapping[str, str] = {"info": "记录", "low": "提示", "medium": "拦下", "high": "严重"}
HOLD_STATES: Mapping[str, str] = {
    HoldState.PENDING: "待办",
    HoldState.CLAIMED: "已认领",
    HoldState.APPROVED: "已放行",
    HoldState.EDITED: "改后放行",
    HoldState.REJECTED: "已拦截",
    HoldState.TRANSFERRED: "已转办",
    HoldState.EXPIRED: "已过期",
}
DELIVERY_STATES: Mapping[str, str] = {
    DeliveryState.QUEUED: "等待发送",
    DeliveryState.SENDING: "发送中",
    DeliveryState.DELIVERED: "已送达",
    DeliveryState.RETRYING: "等待重试",
    DeliveryState.FAILED: "发送失败",
    DeliveryState.EXPIRED: "已过期",
    DeliveryState.UNCERTAIN: "不知是否送达",
}

WHY_UNANSWERED: Mapping[str, str] = {
    "stopped": "频道已停机",
    "crash": "服务中断",
    "bot-timeout": "机器人超时",
    "bot-malformed": "机器人答得不成样子",
    "bot-silent": "机器人没有答",
    "bot-error": "机器人出错",
}

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def span_of_time(length: timedelta) -> str:
    """In the largest unit that fits, rounded down: 3 天 4 小时, 12 分钟."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} 秒"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} 分钟"
    if seconds < _DAY:
        hours, rest = divmod(seconds, _HOUR)
        return f"{hours} 小时 {rest // _MINUTE} 分钟"
    days, rest = divmod(seconds, _DAY)
    return f"{days} 天 {rest // _HOUR} 小时"


def moment(at: datetime) -> str:
    """In the machine's own time zone, as people there read it."""
    return at.astimezone().strftime("%m-%d %H:%M")
