"""What a vendor may call on the stand-in of Weibo's API, what each call is to us, and what it is told.

The sibling of `egress`, which is WeChat's: only calls that stand here exist for a vendor. Both hosts'
spellings count (m.api and api.weibo.com, c.api.weibo.com with `/biz`). Source of the paths and codes:
open.weibo.com/wiki, Send_Customer_Service_Message, 高级群发接口, 2/comments/create, 2/comments/reply,
2/statuses/share, Oauth2/get_token_info, Error_code.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.core import egress
from app.core.submission import Way


class Call(StrEnum):
    SEND = "send"
    """Words to one citizen, or for everybody: checked."""
    READ = "read"
    """Tells the vendor something and changes nothing: passed on where the channel allows it."""
    TOKEN_INFO = "token_info"  # noqa: S105
    """How long the vendor's own token still lives."""


WAYS: Mapping[str, Way] = {
    "/2/messages/reply.json": Way.MESSAGE,
    "/2/messages/reply/biz.json": Way.MESSAGE,
    "/2/messages/sendall.json": Way.MASS,
    "/2/comments/create.json": Way.COMMENT,
    "/2/comments/create/biz.json": Way.COMMENT,
    "/2/comments/reply.json": Way.COMMENT,
    "/2/comments/reply/biz.json": Way.COMMENT,
    "/2/statuses/share.json": Way.STATUS,
}

REPLIES = frozenset({"/2/comments/reply.json", "/2/comments/reply/biz.json"})
"""Comments that answer one of a citizen's."""

_PAGES = frozenset({"since_id", "max_id", "count", "page", "filter_by_author", "filter_by_source"})
READ_FIELDS: Mapping[str, frozenset[str]] = {
    "/2/comments/to_me.json": _PAGES,
    "/2/comments/mentions.json": _PAGES,
    "/2/comments/show.json": (_PAGES - {"filter_by_source"}) | {"id"},
    "/2/statuses/mentions.json": _PAGES | {"filter_by_type"},
}
"""Questions, with the fields that are passed on: all of them numbers."""

READS = frozenset(READ_FIELDS)
"""What a channel's `egress_allow` may name."""

CALLS: Mapping[tuple[str, str], Call] = {
    ("POST", "/oauth2/get_token_info"): Call.TOKEN_INFO,
    **{("POST", path): Call.SEND for path in WAYS},
    **{("GET", path): Call.READ for path in READS},
}

SCOPES: Mapping[Way, str] = {
    Way.MESSAGE: "send",
    Way.MASS: "posts",
    Way.STATUS: "posts",
    Way.COMMENT: "comments",
}
"""What a vendor must be allowed for each way."""

BUSY = 10009
BAD_ADDRESS = 10005
BAD_FIELD = 10008
UNAUTHORIZED = 10014
USER_TOO_OFTEN = 10023
TOO_OFTEN = 10024
TOO_LONG = 20012
MESSAGE_TOO_LONG = 20013

TOKEN_CODES = frozenset({21301, 21314, 21315, 21316, 21317, 21319, 21327, 21332})
"""Used, expired, revoked or rejected. Never told: a vendor's code would authorise anew without end, and what
is wrong with the account's own token is none of its business."""

_IN_WEIBOS: Mapping[int, int] = {
    egress.BUSY: BUSY,
    egress.UNAUTHORIZED: UNAUTHORIZED,
    egress.NO_TOKEN: UNAUTHORIZED,
    egress.WINDOW_CLOSED: UNAUTHORIZED,
    egress.QUOTA: TOO_OFTEN,
    egress.TOO_OFTEN: USER_TOO_OFTEN,
    egress.BAD_ADDRESS: BAD_ADDRESS,
    egress.NOT_JSON: BAD_FIELD,
    egress.TOO_LONG: TOO_LONG,
}
"""The use cases speak in WeChat's codes, which are the finer ones; the two platforms' do not overlap."""

_FORBIDDEN = frozenset({BAD_ADDRESS, UNAUTHORIZED, 10022, USER_TOO_OFTEN, TOO_OFTEN})


def told_of(code: int, way: Way | None = None) -> int:
    """Weibo's code for a refusal of the platform's, or of ours."""
    if code in TOKEN_CODES:
        return UNAUTHORIZED
    if code == egress.TOO_LONG and way in (Way.MESSAGE, Way.MASS):
        return MESSAGE_TOO_LONG
    return _IN_WEIBOS.get(code, code if 10_000 < code < 30_000 else BUSY)


def status_of(code: int) -> int:
    """The HTTP status that a refusal comes with."""
    return 403 if code in _FORBIDDEN else 400
