"""One hold: what was asked, what the bot wanted to say, why it waits, and what a person does with it."""

from difflib import SequenceMatcher
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from app.core.errors import Invalid
from app.core.identity import Permission
from app.core.label import unlabelled
from app.core.masking import named, personal_numbers, restored
from app.core.model import Disposition, Reply
from app.core.records import Decision, Hold
from app.core.review import ENDS, Ruling, claimed_by_another
from app.ports import HoldFilter
from app.web.console.access import Visitor, VisitorWith
from app.web.console.parts import Channel, ConsoleParts
from app.web.console.surroundings import surroundings
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS, told
from app.web.errors import status_of

MAX_TEXT = 20_000
LOOK_AHEAD = 20
"""So many holds are looked at for the next one that nobody else has claimed."""

Step = Literal[
    "claim",
    "extend",
    "release",
    "approve",
    "accept",
    "edit",
    "propose",
    "reject",
    "substitute",
    "transfer",
    "note",
]
_DECISIONS: dict[str, Decision] = {
    "claim": Decision.CLAIM,
    "extend": Decision.CLAIM,
    "release": Decision.RELEASE,
    "approve": Decision.APPROVE,
    "accept": Decision.EDIT,
    "edit": Decision.EDIT,
    "propose": Decision.PROPOSE,
    "reject": Decision.REJECT,
    "substitute": Decision.REJECT,
    "transfer": Decision.TRANSFER,
    "note": Decision.NOTE,
}
_DRAFTING = frozenset({"claim", "extend", "release", "note", "propose"})


class Typed(BaseModel):
    """What stands in the form; shown again where it could not be done."""

    version: int = 0
    text: str = Field("", max_length=MAX_TEXT)
    reason: str = Field("", max_length=2_000)
    to: str = Field("", max_length=200)
    confirm: str = ""
    csrf: str = ""

    @property
    def lines(self) -> str:
        return self.text.replace("\r\n", "\n")  # browsers send lines their own way

    def reply(self, hold: Hold) -> Reply:
        """With the covered numbers back in their places: they are the bot's, which no decision changes.

        Raises Invalid.
        """
        return Reply.of(restored(self.lines, personal_numbers(hold.reply.text)))

    def ruling(self, step: Step, by: str, hold: Hold) -> Ruling:
        """Raises Invalid."""
        reply = self.reply(hold) if step in ("edit", "substitute", "propose") else None
        if step == "accept":
            if hold.draft is None:
                raise Invalid("没有可放行的拟稿")
            reply = hold.draft.reply
        return Ruling(
            _DECISIONS[step],
            by,
            self.version,
            self.reason.strip(),
            reply=reply,
            confirm=bool(self.confirm),
            to=self.to.strip() if step == "transfer" else "",
        )


def hold_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/holds")
    store, review = parts.store, parts.review
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806
    Drafter = Annotated[Visitor, Depends(visitor_with(Permission.DRAFT))]  # noqa: N806
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806
    Unmasker = Annotated[Visitor, Depends(visitor_with(Permission.UNMASK))]  # noqa: N806

    async def visible(hold_id: str, visitor: Visitor) -> Hold:
        hold = await store.hold(hold_id)
        visitor.require_channel(hold.channel)
        return hold

    async def show(
        hold: Hold,
        visitor: Visitor,
        status: int = 200,
        problem: str = "",
        typed: Typed | None = None,
        *,
        unmasked: bool = False,
    ) -> Response:
        return pages.show(
            "hold.html",
            visitor,
            status,
            here="",
            hold=hold,
            around=await surroundings(parts, hold),
            editable=_editable(hold, parts.channels.get(hold.channel)),
            drafted=named(hold.draft.reply.text, personal_numbers(hold.reply.text)) if hold.draft else "",
            problem=problem,
            typed=typed,
            unmasked=unmasked,
            phrases=parts.phrases.values(),
        )

    @router.get("/{hold_id}")
    async def look(hold_id: str, visitor: Reader) -> Response:
        return await show(await visible(hold_id, visitor), visitor)

    @router.get("/{hold_id}/work-order")
    async def work_order(hold_id: str, visitor: Reader) -> Response:
        """As it was, or would have been, posted."""
        await visible(hold_id, visitor)
        order = await parts.work_orders.work_order(hold_id)
        if order is None:
            return pages.show(
                "message.html", visitor, 404, heading="没有找到", text="这一条没有转办，也就没有工单。"
            )
        return Response(
            order.body,
            media_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="work-order-{order.hold_id}.json"'},
        )

    @router.post("/{hold_id}/unmask")
    async def unmask(
        hold_id: str, visitor: Unmasker, reason: Annotated[str, Form(max_length=2_000)] = ""
    ) -> Response:
        """The page once, with all its numbers."""
        hold = await visible(hold_id, visitor)
        try:
            await review.unmask(hold_id, visitor.name, reason)
        except REFUSALS as error:
            return await show(hold, visitor, status_of(error), told(error))
        return await show(hold, visitor, unmasked=True)

    @router.post("/{hold_id}/hand-back")
    async def hand_back(hold_id: str, visitor: Decider) -> Response:
        """From the citizen's next message on the bot answers again."""
        hold = await visible(hold_id, visitor)
        await parts.takeovers.hand_back(hold.channel, hold.user, visitor.name)
        return RedirectResponse(f"/console/holds/{hold_id}", 303)

    @router.post("/{hold_id}/recheck")
    async def recheck(hold_id: str, visitor: Drafter, typed: Annotated[Typed, Form()]) -> Response:
        """What the checker says of the text as it stands in the editor."""
        hold = await visible(hold_id, visitor)
        try:
            reply = typed.reply(hold)
        except REFUSALS as error:
            return pages.show("recheck.html", visitor, problem=told(error), findings=(), difference=())
        verdict = review.judge(hold, reply) if reply.text.strip() else None
        findings = verdict.findings if verdict and verdict.disposition is not Disposition.RELEASE else ()
        return pages.show(
            "recheck.html",
            visitor,
            problem="",
            findings=findings,
            difference=_difference(named(hold.reply.text, personal_numbers(hold.reply.text)), typed.lines),
        )

    @router.post("/{hold_id}/{step}")
    async def act(
        hold_id: str, step: Step, visitor: Drafter, typed: Annotated[Typed, Form()], request: Request
    ) -> Response:
        hold = await visible(hold_id, visitor)
        if step not in _DRAFTING and not visitor.may(Permission.DECIDE):
            return await show(hold, visitor, 403, "您的角色可以拟稿，不能放行或拦截", typed)
        try:
            after = await review.decide(hold_id, typed.ruling(step, visitor.name, hold))
        except REFUSALS as error:
            return await show(await visible(hold_id, visitor), visitor, status_of(error), told(error), typed)
        if step == "extend":
            return pages.show("claim.html", visitor, hold=after, extended=True)
        if after.state not in ENDS and after.draft == hold.draft:
            return RedirectResponse(f"/console/holds/{hold_id}", 303)
        return RedirectResponse(await next_url(visitor, hold_id), 303)

    async def next_url(visitor: Visitor, done: str) -> str:
        """The next hold that is open to this visitor, else the queue."""
        page = await store.holds(HoldFilter(channels=visitor.user.channels, limit=LOOK_AHEAD))
        now = parts.clock()
        for hold in page.items:
            if hold.id != done and not claimed_by_another(hold, visitor.name, now):
                return f"/console/holds/{hold.id}"
        return "/console/queue"

    return router


def _editable(hold: Hold, channel: Channel | None) -> str:
    """A draft as its proposer wrote it; the bot's words without the label that marks them as its."""
    label = channel.label() if channel else None
    text = hold.draft.reply.text if hold.draft else unlabelled(hold.reply.text, label)
    return named(text, personal_numbers(hold.reply.text))


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
