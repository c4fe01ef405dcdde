"""The signature both platforms put on a push's query string, and how fresh it must be."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha1

from app.core.errors import BadSignature


def signature_of(*values: str) -> str:
    """SHA-1 hex of the values, sorted and joined, UTF-8. Source: both platforms' "接入指南"."""
    joined = "".join(sorted(values)).encode("utf-8", "surrogatepass")
    return sha1(joined, usedforsecurity=False).hexdigest()


def require_signature(given: str, *values: str) -> None:
    """Raises BadSignature unless `given` is `signature_of(*values)`. Constant time."""
    expected = signature_of(*values).encode("ascii")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected):
        raise BadSignature("the signature does not match")


def require_fresh(timestamp: str, now: datetime, max_age: timedelta) -> None:
    """Raises BadSignature for a time further than `max_age` from `now`, either way.

    `timestamp`: Unix seconds, or milliseconds where it has 13 digits (Weibo's own example has).
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 13):
        raise BadSignature("the timestamp is no number of seconds")
    seconds = int(timestamp) / (1000 if len(timestamp) == 13 else 1)
    if abs(now.timestamp() - seconds) > max_age.total_seconds():
        raise BadSignature("the timestamp is too far from now")


def signed_value(query: Mapping[str, str], name: str) -> str:
    """A value a signed query must have. Raises BadSignature where it is missing or empty."""
    value = query.get(name, "")
    if not value:
        raise BadSignature(f"the query has no {name}")
    return value
