"""规范用语: looked through on a page of their own, used on a hold."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.core.errors import NotFound
from app.core.identity import Permission
from app.core.model import Disposition
from app.core.phrases import Phrase, fill
from app.core.records import Decision, Hold
from app.core.review import Ruling
from app.web.console.access import Visitor, VisitorWith
from app.web.console.language import translate as _
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS, told
from app.web.errors import status_of

GAP = "gap-"
"""What the names of the form's fields for gaps begin with."""


def phrasing_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/phrases")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806

    async def found(hold_id: str, phrase_id: str, visitor: Visitor) -> tuple[Hold, Phrase]:
        hold = await parts.store.hold(hold_id)
        visitor.require_channel(hold.channel)
        if phrase_id not in parts.phrases:
            raise NotFound("there is no such phrase")
        return hold, parts.phrases[phrase_id]

    def show(
        visitor: Visitor, hold: Hold, phrase: Phrase, status: int = 200, problem: str = "", **values: object
    ) -> Response:
        filled: Mapping[str, str] = {}
        return pages.show(
            "phrase.html",
            visitor,
            status,
            here="/console/phrases",
            hold=hold,
            phrase=phrase,
            problem=problem,
            **{"values": filled, "version": hold.version, "reason": "", **values},
        )

    @router.get("")
    async def library(visitor: Reader) -> Response:
        return pages.show("phrases.html", visitor, here="/console/phrases", phrases=parts.phrases.values())

    @router.get("/{phrase_id}/for/{hold_id}")
    async def form(phrase_id: str, hold_id: str, visitor: Decider) -> Response:
        return show(visitor, *await found(hold_id, phrase_id, visitor))

    @router.post("/{phrase_id}/for/{hold_id}/{step}")
    async def use(
        phrase_id: str, hold_id: str, step: Literal["edit", "reject"], visitor: Decider, request: Request
    ) -> Response:
        """改后放行 with the phrase, or 拦截 with it in the draft's place."""
        hold, phrase = await found(hold_id, phrase_id, visitor)
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        values = {name.removeprefix(GAP): form[name] for name in form if name.startswith(GAP)}
        reason, version = form.get("reason", "")[:2_000], form.get("version", "")
        shown = {"values": values, "reason": reason, "version": version}
        try:
            filled = fill(phrase, form.get("hash", ""), values)
            verdict = parts.review.judge_phrase(hold, filled)
            if verdict.disposition is not Disposition.RELEASE:
                whys = "；".join(dict.fromkeys(finding.why for finding in verdict.findings))
                return show(visitor, hold, phrase, 422, _("过不了检查：") + whys, **shown)
            await parts.review.decide(
                hold_id,
                Ruling(
                    Decision(step),
                    visitor.name,
                    int(version) if version.isdecimal() else 0,
                    reason.strip(),
                    reply=filled.reply,
                    verdict=verdict,
                    standing=True,
                ),
            )
        except REFUSALS as error:
            return show(visitor, hold, phrase, status_of(error), told(error), **shown)
        return RedirectResponse("/console/queue", 303)

    return router
