"""A page to try a text: what would the guard do with it?"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from app.core.identity import Permission
from app.web.console.access import Visitor, VisitorWith
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages

MAX_TEXT = 5_000
"""Explaining takes far longer than checking."""


def trying_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Anybody = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    def show(visitor: Visitor, **values: object) -> Response:
        mine = visitor.user.channels
        channels = [one for one in parts.channels if mine is None or one in mine]
        return pages.show("try.html", visitor, here="/console/try", channels=channels, **values)

    @router.get("/try")
    async def form(visitor: Anybody) -> Response:
        return show(visitor, explained=None, text="", message="", channel="")

    @router.post("/try")
    async def judge(
        visitor: Anybody,
        text: Annotated[str, Form(max_length=MAX_TEXT)] = "",
        message: Annotated[str, Form(max_length=MAX_TEXT)] = "",
        channel: Annotated[str, Form(max_length=40)] = "",
    ) -> Response:
        channel = channel if channel in parts.channels else next(iter(parts.channels))
        visitor.require_channel(channel)
        text, message = (one.replace("\r\n", "\n") for one in (text, message))
        explained = await asyncio.to_thread(parts.explain, channel, text, message)
        return show(visitor, explained=explained, text=text, message=message, channel=channel)

    return router
