"""What Weibo's error codes mean for a delivery. Source: open.weibo.com/wiki, Error_code.

A code that is not listed is a refusal for good: PlatformError.
"""

from datetime import timedelta

from app.core.errors import FateUnknown, PlatformBusy, PlatformError, RateLimited, TokenExpired
from app.core.weibo_calls import TOKEN_CODES

ACCEPTED_LATE = 20032
"""Published, only shown with a delay: no error at all."""

_BUSY = frozenset({10002, 10009})
"""Service unavailable, too many pending tasks: nothing was taken on."""

_MAYBE_DONE = frozenset({10001, 10010, 10011})
"""System error, job expired, internal call failed: it broke while at work."""

_RATE = frozenset({10022, 10023, 10024})
"""By address, by user, by user and interface."""

RATE_PERIOD = timedelta(hours=1)
"""The limits are counted by the hour."""


def error_of(code: int) -> PlatformError:
    text = str(code)
    if code in _BUSY:
        return PlatformBusy("Weibo is busy", code=text)
    if code in _MAYBE_DONE:
        return FateUnknown("Weibo failed on the way", code=text)
    if code in _RATE:
        return RateLimited("Weibo's hourly limit is reached", code=text, retry_after=RATE_PERIOD)
    if code in TOKEN_CODES:
        return TokenExpired("Weibo refuses the access token; enter a new access_token", code=text)
    return PlatformError("Weibo refused it", code=text)
