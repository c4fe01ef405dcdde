"""What a vendor is answered where the platform has not answered: its success shape, under a name of ours."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from app.core.submission import Submission, Way

_BEIJING = timezone(timedelta(hours=8))


def shown(submission: Submission, name: str, now: datetime, account: str) -> Mapping[str, object]:
    """`name` is ours, for ever this one's; `account` is the account's id, empty where it is not configured.

    Source: open.weibo.com/wiki, 2/comments/create (返回结果), Send_Customer_Service_Message, 高级群发接口.
    """
    number = 2**52 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
    match submission.way:
        case Way.MESSAGE:
            return {"result": True, "sender_id": account, "receiver_id": submission.to}
        case Way.MASS:
            return {"result": True, "msg_id": number}
    post: dict[str, object] = {
        "created_at": now.astimezone(_BEIJING).strftime("%a %b %d %H:%M:%S %z %Y"),
        "id": number,
        "mid": str(number),
        "idstr": str(number),
        "text": submission.reply.text,
        **({"user": {"id": int(account), "idstr": account}} if account.isdecimal() else {}),
    }
    below = submission.extra.get("id", "")
    return {**post, "status": {"id": int(below), "idstr": below}} if below else post
