"""A JSON post that its reader can prove to be ours.

`X-Shenyan-Signature: sha256=<hex>` is HMAC-SHA256, keyed with the shared secret, over the value of
`X-Shenyan-Timestamp` (seconds since 1970), a full stop and the body as sent.
"""

import hashlib
import hmac

import httpx

from app.core.errors import PostError
from app.notifying.posting import posted
from app.ports import Clock


def signature(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


async def post(
    http: httpx.AsyncClient, url: str, secret: str, body: str, idempotency_key: str, clock: Clock
) -> None:
    """Returns when the other side answered 2xx. Raises PostError with a code, never with its words."""
    content = body.encode(errors="replace")
    timestamp = str(int(clock().timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": idempotency_key,
        "X-Shenyan-Timestamp": timestamp,
        "X-Shenyan-Signature": signature(secret, timestamp, content),
    }
    async with posted(http, url, content, headers) as answer:
        status = answer.status_code
    if not 200 <= status < 300:
        raise PostError(f"http: status {status}")
