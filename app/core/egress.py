"""What a vendor may call on the stand-in of WeChat's API, and what each call is to us.

Only calls that stand here exist for a vendor; whatever could carry words to a citizen is never merely let
through. Source of the paths: developers.weixin.qq.com, 服务端 API.
"""

from collections.abc import Mapping
from enum import StrEnum


class Call(StrEnum):
    TOKEN = "token"  # noqa: S105
    STABLE_TOKEN = "stable_token"  # noqa: S105
    SEND = "send"
    """Words to one citizen: checked."""
    TYPING = "typing"
    UPLOAD = "upload"
    """A file that nobody sees until a message names it."""
    DOWNLOAD = "download"
    READ = "read"
    """Tells the vendor something and changes nothing: passed on where the channel allows it."""
    NOTHING = "nothing"
    """Answered with success and not done: a vendor shall not clear the account's quotas."""


CALLS: Mapping[tuple[str, str], Call] = {
    ("GET", "/cgi-bin/token"): Call.TOKEN,
    ("POST", "/cgi-bin/stable_token"): Call.STABLE_TOKEN,
    ("POST", "/cgi-bin/message/custom/send"): Call.SEND,
    ("POST", "/cgi-bin/message/custom/typing"): Call.TYPING,
    ("POST", "/cgi-bin/media/upload"): Call.UPLOAD,
    ("GET", "/cgi-bin/media/get"): Call.DOWNLOAD,
    ("POST", "/cgi-bin/clear_quota"): Call.NOTHING,
    ("POST", "/cgi-bin/clear_quota/v2"): Call.NOTHING,
    ("GET", "/cgi-bin/getcallbackip"): Call.READ,
    ("GET", "/cgi-bin/get_api_domain_ip"): Call.READ,
    ("GET", "/cgi-bin/user/info"): Call.READ,
    ("GET", "/cgi-bin/get_current_selfmenu_info"): Call.READ,
    ("GET", "/cgi-bin/menu/get"): Call.READ,
    ("GET", "/cgi-bin/material/get_materialcount"): Call.READ,
}

READS = frozenset(path for (_, path), call in CALLS.items() if call is Call.READ)
"""What a channel's `egress_allow` may name."""

SCOPE_OF: Mapping[Call, str] = {
    Call.SEND: "send",
    Call.TYPING: "send",
    Call.UPLOAD: "media",
    Call.DOWNLOAD: "media",
    Call.READ: "read",
    Call.NOTHING: "send",
}

KEY = "egress:"
"""What the key begins with of an exchange that a vendor began, not a citizen."""

# Errcodes of the platform that a vendor's code understands. Never 40001, 40014 or 42001: common libraries
# then fetch a token and try again without end.
BUSY = -1
BAD_APP_ID = 40013
BAD_SECRET = 40125
BAD_ADDRESS = 40164
NO_TOKEN = 41001
NOT_JSON = 47001
BAD_USER = 40003
BAD_KIND = 40008
TOO_LONG = 45002
TOO_OFTEN = 45009
WINDOW_CLOSED = 45015
QUOTA = 45047
UNAUTHORIZED = 48001
NEVER_TOLD = frozenset({40001, 40014, 42001})
