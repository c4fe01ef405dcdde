"""What a vendor may call on the stand-in of WeChat's API, and what each call is to us.

Only calls that stand here exist for a vendor; whatever could carry words to a citizen is never merely let
through. Source of the paths: developers.weixin.qq.com, 服务端 API.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.core.submission import Way


class Call(StrEnum):
    TOKEN = "token"  # noqa: S105
    STABLE_TOKEN = "stable_token"  # noqa: S105
    SEND = "send"
    """Words to one citizen, or to many: checked."""
    TYPING = "typing"
    UPLOAD = "upload"
    """A file that nobody sees until a message names it."""
    DOWNLOAD = "download"
    DRAFT = "draft"
    """Words that nobody sees until they are published, which is a SEND."""
    READ = "read"
    """Tells the vendor something and changes nothing: passed on where the channel allows it."""
    NOTHING = "nothing"
    """Answered with success and not done: a vendor shall not clear the account's quotas."""


WAYS: Mapping[str, Way] = {
    "/cgi-bin/message/custom/send": Way.MESSAGE,
    "/cgi-bin/message/mass/sendall": Way.MASS,
    "/cgi-bin/message/mass/send": Way.MASS,
    "/cgi-bin/message/mass/preview": Way.PREVIEW,
    "/cgi-bin/freepublish/submit": Way.PUBLISH,
    "/cgi-bin/message/template/send": Way.TEMPLATE,
    "/cgi-bin/message/template/subscribe": Way.ONE_OFF,
    "/cgi-bin/message/subscribe/bizsend": Way.SUBSCRIPTION,
    "/cgi-bin/comment/reply/add": Way.COMMENT,
}

READ_BODIES: Mapping[str, frozenset[str]] = {
    "/cgi-bin/draft/get": frozenset({"media_id"}),
    "/cgi-bin/draft/batchget": frozenset({"offset", "count", "no_content"}),
    "/cgi-bin/freepublish/get": frozenset({"publish_id"}),
    "/cgi-bin/message/mass/get": frozenset({"msg_id"}),
    "/cgi-bin/comment/list": frozenset({"msg_data_id", "index", "begin", "count", "type"}),
}
"""Questions that come as a POST, with the fields that are passed on: texts and numbers."""

_READS = (
    "/cgi-bin/getcallbackip",
    "/cgi-bin/get_api_domain_ip",
    "/cgi-bin/user/info",
    "/cgi-bin/get_current_selfmenu_info",
    "/cgi-bin/menu/get",
    "/cgi-bin/material/get_materialcount",
    "/cgi-bin/draft/count",
)

UPLOAD_KINDS: Mapping[str, frozenset[str]] = {
    "/cgi-bin/media/upload": frozenset({"image", "voice", "video", "thumb"}),
    "/cgi-bin/material/add_material": frozenset({"image", "voice", "thumb"}),
    "/cgi-bin/media/uploadimg": frozenset({""}),
}
"""`type` of what may be uploaded. A permanent video would carry a title and words of its own."""

CALLS: Mapping[tuple[str, str], Call] = {
    ("GET", "/cgi-bin/token"): Call.TOKEN,
    ("POST", "/cgi-bin/stable_token"): Call.STABLE_TOKEN,
    ("POST", "/cgi-bin/message/custom/typing"): Call.TYPING,
    ("GET", "/cgi-bin/media/get"): Call.DOWNLOAD,
    ("POST", "/cgi-bin/draft/add"): Call.DRAFT,
    ("POST", "/cgi-bin/draft/update"): Call.DRAFT,
    ("POST", "/cgi-bin/clear_quota"): Call.NOTHING,
    ("POST", "/cgi-bin/clear_quota/v2"): Call.NOTHING,
    **{("POST", path): Call.SEND for path in WAYS},
    **{("POST", path): Call.UPLOAD for path in UPLOAD_KINDS},
    **{("GET", path): Call.READ for path in _READS},
    **{("POST", path): Call.READ for path in READ_BODIES},
}

READS = frozenset(path for (_, path), call in CALLS.items() if call is Call.READ)
"""What a channel's `egress_allow` may name."""

_POSTS, _TEMPLATES = "posts", "templates"
_SCOPE_OF_WAY: Mapping[Way, str] = {
    Way.MESSAGE: "send",
    Way.MASS: _POSTS,
    Way.PREVIEW: _POSTS,
    Way.PUBLISH: _POSTS,
    Way.TEMPLATE: _TEMPLATES,
    Way.ONE_OFF: _TEMPLATES,
    Way.SUBSCRIPTION: _TEMPLATES,
    Way.COMMENT: "comments",
}
_SCOPE_OF: Mapping[Call, str] = {
    Call.TYPING: "send",
    Call.UPLOAD: "media",
    Call.DOWNLOAD: "media",
    Call.DRAFT: _POSTS,
    Call.READ: "read",
    Call.NOTHING: "send",
}


def scope_of(call: Call, path: str) -> str:
    """What a vendor must be allowed for it."""
    return _SCOPE_OF_WAY[WAYS[path]] if call is Call.SEND else _SCOPE_OF[call]


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


def told_of(code: str) -> int:
    """The errcode for a refusal of the platform's, or of ours; never one that makes a library start over."""
    number = int(code) if code.lstrip("-").isdecimal() else BUSY
    return UNAUTHORIZED if number in NEVER_TOLD else number
