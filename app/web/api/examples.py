"""What the OpenAPI document shows: requests as an office writes them, and what the guard answers to them."""

from collections.abc import Mapping
from typing import Any

Example = Mapping[str, Any]

_RULESET = "b25cda2d302b512f"
_ASKED = "工地半夜还在施工，吵得睡不着，有没有人管？"
_POLITE = "您好，您反映的工地噪音问题已收悉，已转交城管部门处理。"
_COLD = "自己看公告去。"

RELEASE: Example = {"disposition": "release", "severity": "info", "findings": [], "ruleset": _RULESET}
HOLD: Example = {
    "disposition": "hold",
    "severity": "medium",
    "findings": [
        {
            "rule": "tone.cold",
            "category": "tone",
            "subclass": "cold",
            "severity": "medium",
            "span": [0, 5],
            "quote": "自己看公告",
            "why": "一句顶回去，没有称呼也没有办法，属于生硬冷漠",
            "message_quote": "",
            "source": "国办发〔2018〕123号，杜绝生硬冷漠",
            "shadow": False,
        }
    ],
    "ruleset": _RULESET,
}

CHECK_REQUEST: Example = {"text": _COLD, "message": _ASKED}
CHECK_BATCH: Example = {"items": [CHECK_REQUEST, {"text": _POLITE, "message": _ASKED}]}
VERDICT_BATCH: Example = {"items": [HOLD, RELEASE]}

REPLY_REQUEST: Example = {
    "channel": "hall",
    "text": _COLD,
    "message": _ASKED,
    "reference": "工单 2026-03-00871",
}
REPLY_HELD: Example = {
    "id": "01999e7ad9c0a1b2c3d4e5f60718293a",
    "status": "held",
    "text": None,
    "channel": "hall",
    "reference": "工单 2026-03-00871",
    "received_at": "2026-03-02T04:00:00Z",
    "verdict": HOLD,
    "hold_id": "01999e7ad9c4b7c8d9e0f1a2b3c4d5e6",
    "decide_by": "2026-03-02T06:00:00Z",
    "expires_at": None,
    "decided_at": None,
    "reason": "",
    "transferred_to": "",
    "callback": None,
}
REPLY_RELEASED: Example = {
    **REPLY_HELD,
    "status": "released",
    "text": _POLITE,
    "verdict": RELEASE,
    "hold_id": "",
    "decide_by": None,
}

CHAT_REQUEST: Example = {"model": "hall", "messages": [{"role": "user", "content": "办事大厅几点开门？"}]}
CHAT_ANSWER: Example = {
    "id": "chatcmpl-01999e7ad9c0a1b2c3d4e5f60718293a",
    "object": "chat.completion",
    "created": 1772424000,
    "model": "hall",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "您好，办事大厅工作日上午九点开门。"},
            "finish_reason": "stop",
        }
    ],
}


def answered_with(example: Example) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`."""
    return {200: {"content": {"application/json": {"example": dict(example)}}}}
