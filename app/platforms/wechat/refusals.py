"""What WeChat's errcodes mean for a delivery. Source: the platform's 全局返回码 page.

A code that is not listed is a refusal for good: PlatformError. `errmsg` decides nothing, its words change.
"""

import re
from datetime import timedelta
from ipaddress import ip_address

from app.core.errors import (
    PlatformBusy,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    TokenExpired,
    WindowClosed,
)

BUSY = -1
TOO_FREQUENT = 45011
DAILY_QUOTA = 45009
"""Of the whole account and interface, until midnight."""

ADDRESS_NOT_ALLOWED = 40164

_TOKEN = frozenset({40001, 40014, 42001})
"""Not the latest, illegal, expired: all three are cured by a new one, or by nothing."""

_WINDOW = frozenset({45015, 43004, 50005})
"""48 h are over, or the follower has left."""

_QUOTA = frozenset({45047})
"""Five messages after each of the follower's."""

_DAILY_QUOTA_WAIT = timedelta(hours=1)

_REMEDIES = {
    40003: "this openid does not follow this account",
    40007: "the media id is unknown or older than three days",
    40013: "app_id is wrong: compare it with 设置与开发 > 开发接口管理",
    40125: "app_secret is wrong: reset it in 设置与开发 > 开发接口管理 and enter the new one",
    40243: "the app secret is frozen: unfreeze it in 设置与开发 > 开发接口管理",
    43019: "the follower is on the account's blacklist",
    45002: "the text is too long",
    48001: "the account may not use this interface: it needs verification (认证)",
    48002: "the follower refuses messages",
    48004: "the interface is banned for this account: see the platform's notices",
    50002: "the follower's or the account's use is restricted",
    89503: "the account's administrator must confirm this server's address on the phone",
}


def error_of(code: int, errmsg: str = "") -> PlatformError:
    """`errmsg` is only searched for the address that WeChat saw us come from."""
    text = str(code)
    if code in _TOKEN:
        return TokenExpired("WeChat refuses the access token", code=text)
    if code in _WINDOW:
        return WindowClosed("the window has closed or the follower has left", code=text)
    if code in _QUOTA:
        return QuotaExhausted("the follower's quota is used up", code=text)
    if code == BUSY:
        return PlatformBusy("WeChat is busy", code=text)
    if code == TOO_FREQUENT:
        return RateLimited("WeChat is called too often", code=text)
    if code == DAILY_QUOTA:
        return RateLimited("WeChat's daily quota is used up", code=text, retry_after=_DAILY_QUOTA_WAIT)
    if code == ADDRESS_NOT_ALLOWED:
        address = _address_in(errmsg) or "this server's address"
        return PlatformError(f"add {address} to IP白名单 in 设置与开发 > 开发接口管理", code=text)
    return PlatformError(_REMEDIES.get(code, "WeChat refused it"), code=text)


def _address_in(errmsg: str) -> str:
    """The first IP address in it, else empty."""
    for word in re.findall(r"[0-9A-Fa-f:.]{7,45}", errmsg):
        try:
            return str(ip_address(word.strip(".")))
        except ValueError:
            continue
    return ""
