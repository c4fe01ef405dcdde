"""WeChat's API answers: a JSON object with `errcode`, under HTTP 200, and nothing else."""

from collections.abc import Mapping

from app.core.strict_json import parse_object
from app.platforms.posting import HttpAnswer
from app.platforms.wechat.refusals import error_of


def read_answer(answer: HttpAnswer) -> Mapping[str, object]:
    """Raises ValueError for what WeChat does not document: another status, no JSON object."""
    if answer.status != 200:
        raise ValueError(f"HTTP status {answer.status}")
    return parse_object(answer.body)


def require_ok(fields: Mapping[str, object], *, default: object = None) -> None:
    """Raises PlatformError for an errcode, ValueError where there is none and no `default` either."""
    code = fields.get("errcode", default)
    if isinstance(code, bool) or not isinstance(code, int):
        raise ValueError("errcode is missing or no number")
    if code != 0:
        errmsg = fields.get("errmsg")
        raise error_of(code, errmsg if isinstance(errmsg, str) else "")
