"""One hold: what was asked, what the bot wanted to say, why it waits, and what a person does with it."""

from difflib import SequenceMatcher
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from app.core.errors import (
    Conflict,
    GuardError,
    HoldNotFound,
    IllegalTransition,
    NeedsConfirmation,
    StoreError,
)
from app.core.identity import Permission
from app.core.model import Disposition, Reply
from app.core.records import Decision, Hold
from app.core.review import ENDS, Ruling, claimed_by_another
from app.ports import Clock, HoldFilter, Store
from app.service.review import Review
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages
from app.web.console.words import HOLD_STATES
from app.web.errors import status_of

MAX_TEXT = 20_000
LOOK_AHEAD = 20
"""So many holds are looked at for the next one that nobody else has claimed."""

Step = Literal["claim", "extend", "release", "approve", "edit", "reject", "substitute", "transfer", "note"]
_DECISIONS: dict[str, Decision] = {
    "claim": Decision.CLAIM,
    "extend": Decision.CLAIM,
    "release": Decision.RELEASE,
    "approve": Decision.APPROVE,
    "edit": Decision.EDIT,
    "reject": Decision.REJECT,
    "substitute": Decision.REJECT,
    "transfer": Decision.TRANSFER,
    "note": Decision.NOTE,
}
_DRAFTING = frozenset({"claim", "extend", "release", "note"})


class Typed(BaseModel):
    """What stands in the form; shown again where it could not be done."""

    version: int = 0
    text: str = Field("", max_length=MAX_TEXT)
    reason: str = Field("", max_length=2_000)
    to: str = Field("", max_length=200)
    confirm: str = ""
    csrf: str = ""

    def ruling(self, step: Step, by: str) -> Ruling:
        text = self.text.replace("\r\n", "\n")  # browsers send lines their own way
        return Ruling(
            _DECISIONS[step],
            by,
            self.version,
            self.reason.strip(),
            reply=Reply.of(text) if step in ("edit", "substitute") else None,
            confirm=bool(self.confirm),
            to=self.to.strip() if step == "transfer" else "",
        )


def hold_router(
    pages: Pages, store: Store, review: Review, clock: Clock, visitor_with: VisitorWith
) -> APIRouter:
    router = APIRouter(prefix="/console/holds")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806
    Drafter = Annotated[Visitor, Depends(visitor_with(Permission.DRAFT))]  # noqa: N806

    async def visible(hold_id: str, visitor: Visitor) -> Hold:
        hold = await store.hold(hold_id)
        visitor.require_channel(hold.channel)
        return hold

    def show(
        hold: Hold, visitor: Visitor, status: int = 200, problem: str = "", typed: Typed | None = None
    ) -> Response:
        return pages.show(
            "hold.html",
            visitor,
            status,
            here="",
            hold=hold,
            problem=problem,
            typed=typed,
            may_decide=visitor.may(Permission.DECIDE),
            may_draft=visitor.may(Permission.DRAFT),
        )

    @router.get("/{hold_id}")
    async def look(hold_id: str, visitor: Reader) -> Response:
        return show(await visible(hold_id, visitor), visitor)

    @router.post("/{hold_id}/recheck")
    async def recheck(hold_id: str, visitor: Drafter, typed: Annotated[Typed, Form()]) -> Response:
        """What the checker says of the text as it stands in the editor."""
        hold = await visible(hold_id, visitor)
        text = typed.text.replace("\r\n", "\n")
        verdict = review.judge(hold, Reply.of(text)) if text.strip() else None
        findings = verdict.findings if verdict and verdict.disposition is not Disposition.RELEASE else ()
        return pages.show(
            "recheck.html", visitor, findings=findings, difference=_difference(hold.reply.text, text)
        )

    @router.post("/{hold_id}/{step}")
    async def act(hold_id: str, step: Step, visitor: Drafter, typed: Annotated[Typed, Form()]) -> Response:
        hold = await visible(hold_id, visitor)
        if step not in _DRAFTING and not visitor.may(Permission.DECIDE):
            return show(hold, visitor, 403, "您的角色可以准备，不能放行或拦截", typed)
        try:
            after = await review.decide(hold_id, typed.ruling(step, visitor.name))
        except (HoldNotFound, StoreError, GuardError) as error:
            if isinstance(error, StoreError) and not isinstance(error, Conflict):
                raise
            return show(await visible(hold_id, visitor), visitor, status_of(error), told(error), typed)
        if step == "extend":
            return pages.show("claim.html", visitor, hold=after, extended=True)
        if after.state not in ENDS:
            return RedirectResponse(f"/console/holds/{hold_id}", 303)
        return RedirectResponse(await next_url(visitor), 303)

    async def next_url(visitor: Visitor) -> str:
        """The next hold that is open to this visitor, else the queue."""
        page = await store.holds(HoldFilter(channels=visitor.user.channels, limit=LOOK_AHEAD))
        now = clock()
        for hold in page.items:
            if not claimed_by_another(hold, visitor.name, now):
                return f"/console/holds/{hold.id}"
        return "/console/queue"

    return router


def told(error: GuardError) -> str:
    """In the moderator's words: what is the matter, and what to do."""
    match error:
        case Conflict(by=by, state=state) if state in HOLD_STATES:
            who = by or "别人"
            return f"{who} 已经处理过这一条，现在是“{HOLD_STATES[state]}”。您写的还在下面，没有发出。"
        case Conflict():
            return "这一条刚刚有变化，请看过再决定。您写的还在下面，没有发出。"
        case NeedsConfirmation():
            return "这样写仍会被规则拦下。改一改；确要发出，请勾选“仍要这样发出”并写明理由。"
        case IllegalTransition():
            return "这一条现在不能这样处理。"
    return _TOLD.get(type(error).__name__, "没有成功：") + (
        "" if type(error).__name__ in _TOLD else str(error)
    )


_TOLD = {"Undeliverable": "平台不再允许给这位市民发消息（窗口已关），放行也发不出去。可以拦截、转办或备注。"}


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """Pieces that stayed (""), went ("-") and came ("+")."""
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before[:MAX_TEXT], after, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("", before[a:b]))
            continue
        if a != b:
            found.append(("-", before[a:b]))
        if c != d:
            found.append(("+", after[c:d]))
    return found
