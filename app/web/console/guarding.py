"""谁在说话: who may speak on a channel, what looks like a way past us, what a person has seen to be off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from app.core.errors import Conflict, GuardError, NotFound
from app.core.identity import Permission
from app.web.console.access import Visitor, VisitorWith
from app.web.console.language import translate as _
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS, told
from app.web.errors import status_of

Reason = Annotated[str, Form(max_length=2_000)]


def guarding_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/channels/{channel}/guard")
    watch = parts.watch
    Watcher = Annotated[Visitor, Depends(visitor_with(Permission.WATCH))]  # noqa: N806
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806
    Voucher = Annotated[Visitor, Depends(visitor_with(Permission.VOUCH))]  # noqa: N806

    async def show(
        visitor: Visitor, channel: str, status: int = 200, problem: str = "", told: str = "", **typed: str
    ) -> Response:
        return pages.show(
            "guard.html",
            visitor,
            status,
            here=f"/console/channels/{channel}/guard",
            name=channel,
            title=parts.channels[channel].title or channel,
            alerts=await watch.alarms.of_channel(channel),
            standing=await watch.registering.standing(channel),
            lines=await watch.checklists.lines(channel),
            sighting=await watch.canaries.sighting(channel),
            problem=problem,
            told=told,
            typed=typed,
        )

    def require(visitor: Visitor, channel: str) -> None:
        if channel not in parts.channels:
            raise NotFound("there is no such channel")
        visitor.require_channel(channel)

    def back(channel: str) -> Response:
        return RedirectResponse(f"/console/channels/{channel}/guard", 303)

    @router.get("")
    async def look(channel: str, visitor: Watcher) -> Response:
        require(visitor, channel)
        return await show(visitor, channel)

    @router.post("/confirm")
    async def confirm(
        channel: str, visitor: Voucher, seen: Annotated[str, Form(max_length=64)] = "", reason: Reason = ""
    ) -> Response:
        """Who may speak is as it should be."""
        require(visitor, channel)
        try:
            await watch.registering.confirm(channel, seen, visitor.name, reason)
        except REFUSALS as error:
            return await show(visitor, channel, status_of(error), _said(error), reason=reason)
        return back(channel)

    @router.post("/alerts/{alert_id}")
    async def acknowledge(channel: str, alert_id: str, visitor: Decider, reason: Reason = "") -> Response:
        """A person has dealt with it."""
        require(visitor, channel)
        try:
            await watch.alarms.acknowledge(channel, alert_id, visitor.name, reason)
        except REFUSALS as error:
            return await show(visitor, channel, status_of(error), _said(error))
        return back(channel)

    @router.post("/checklist")
    async def sign(
        channel: str,
        visitor: Decider,
        item: Annotated[list[str] | None, Form(max_length=40)] = None,
        note: Reason = "",
    ) -> Response:
        """A person has seen that these are off."""
        require(visitor, channel)
        try:
            await watch.checklists.sign(channel, item or (), visitor.name, note)
        except REFUSALS as error:
            return await show(visitor, channel, status_of(error), _said(error), note=note)
        return back(channel)

    @router.post("/canary")
    async def report(
        channel: str, visitor: Decider, text: Annotated[str, Form(max_length=20_000)] = ""
    ) -> Response:
        """What a test message was answered with; it is compared and not kept."""
        require(visitor, channel)
        try:
            ours = await watch.canaries.report(channel, text, visitor.name)
        except REFUSALS as error:
            return await show(visitor, channel, status_of(error), _said(error))
        if ours:
            return await show(visitor, channel, told=_("是慎言的话，已记下。"))
        return await show(visitor, channel, problem=_("这不是慎言半小时之内的应答，已经报警。"))

    return router


def _said(error: GuardError) -> str:
    if isinstance(error, Conflict):
        who = _("{who} 刚刚处理过。").format(who=error.by) if error.by else ""
        return who + _("情况有变化，请看过再定。")
    return told(error)
