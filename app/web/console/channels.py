"""The channels, and the switch that stops a bot at once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from app.core.errors import Invalid, NotFound
from app.core.identity import Permission
from app.web.console.access import Visitor, VisitorWith
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages


def channels_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/channels")
    switches, channels = parts.switches, parts.channels
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806

    def show(visitor: Visitor, status: int = 200, problem: str = "") -> Response:
        return pages.show(
            "channels.html",
            visitor,
            status,
            here="/console/channels",
            channels={
                name: channel
                for name, channel in channels.items()
                if visitor.user.channels is None or name in visitor.user.channels
            },
            may_decide=visitor.may(Permission.DECIDE),
            problem=problem,
        )

    @router.get("")
    async def look(visitor: Reader) -> Response:
        return show(visitor)

    @router.post("/{channel}/{act}")
    async def switch(
        channel: str,
        act: Literal["stop", "resume"],
        visitor: Decider,
        reason: Annotated[str, Form(max_length=2_000)] = "",
    ) -> Response:
        if channel not in channels:
            raise NotFound("there is no such channel")
        visitor.require_channel(channel)
        try:
            await (switches.stop if act == "stop" else switches.resume)(channel, visitor.name, reason)
        except Invalid:
            return show(visitor, 422, "请写明理由。没有任何改动。")
        return RedirectResponse("/console/channels", 303)

    return router
