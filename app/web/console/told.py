"""Errors in the moderator's words: what is the matter, and what to do."""

from collections.abc import Mapping

from app.core import errors
from app.core.errors import Conflict, GuardError, IllegalTransition, NeedsConfirmation
from app.web.console.language import translate as _
from app.web.console.words import HOLD_STATES

_KEPT = "您写的还在下面，没有发出。"


REFUSALS = (
    errors.Conflict,
    errors.Forbidden,
    errors.HoldNotFound,
    errors.IllegalTransition,
    errors.Invalid,
    errors.NeedsConfirmation,
    errors.NotFound,
    errors.Undeliverable,
)
"""What a person is told on the page they are at; anything else is no answer to what they asked for."""


def told(error: GuardError) -> str:
    match error:
        case Conflict(by=by, state=state) if state in HOLD_STATES:
            first = _("{who} 已经处理过这一条，现在是“{state}”。").format(
                who=by or _("别人"), state=_(HOLD_STATES[state])
            )
            return first + _(_KEPT)
        case Conflict():
            return _("这一条刚刚有变化，请看过再决定。") + _(_KEPT)
        case NeedsConfirmation():
            return _("这样写仍会被规则拦下。改一改；确要发出，请勾选“仍要这样发出”并写明理由。")
        case IllegalTransition():
            return _("这一条现在不能这样处理。")
    known = _TOLD.get(str(error)) or _TOLD.get(type(error).__name__)
    return _(known) if known else _("没有成功：") + _IN_CHINESE.get(str(error), str(error))


_TOLD: Mapping[str, str] = {
    "Undeliverable": "平台不再允许给这位市民发消息（窗口已关），放行也发不出去。可以拦截、转办或备注。",
    "its submitter wants it no more": "交稿方不再等了，放行也没有用。可以拦截、转办或备注。",
}
_IN_CHINESE: Mapping[str, str] = {
    "reject: a reason is required": "拦截要写理由。",
    "approve: there is no draft": "机器人没有被问到，没有可放行的回复，请写一条再“改后放行”。",
    "approve: a reason is required": "仍要发出，要写理由。",
    "edit: a reason is required": "仍要发出，要写理由。",
    "propose: a reason is required": "仍要发出，要写理由。",
    "transfer: a reason is required": "转办要写理由。",
    "note: a reason is required": "备注是空的。",
    "a reason is required": "请写明理由。",
    "a note is required": "请写明在哪里看的、看到什么。",
    "tick what you have seen to be off": "请勾选看过是关着的。",
    "transfer: name the department in `to`": "请写明转给哪个部门。",
    "edit: the text is empty": "改后的文字是空的。",
    "propose: the text is empty": "拟的稿是空的。",
}
