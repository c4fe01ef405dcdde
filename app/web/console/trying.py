"""A page to try a text: what would the guard do with it?"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from app.core.identity import Permission
from app.core.model import Conversation, Reply
from app.ports import Check
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages

MAX_TEXT = 20_000


def trying_router(pages: Pages, checks: Mapping[str, Check], visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Anybody = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    def show(visitor: Visitor, **values: object) -> Response:
        channels = [one for one in checks if visitor.user.channels is None or one in visitor.user.channels]
        return pages.show("try.html", visitor, here="/console/try", channels=channels, **values)

    @router.get("/try")
    async def form(visitor: Anybody) -> Response:
        return show(visitor, verdict=None, text="", message="", channel="")

    @router.post("/try")
    async def judge(
        visitor: Anybody,
        text: Annotated[str, Form(max_length=MAX_TEXT)] = "",
        message: Annotated[str, Form(max_length=MAX_TEXT)] = "",
        channel: Annotated[str, Form(max_length=40)] = "",
    ) -> Response:
        visitor.require_channel(channel)
        text, message = (one.replace("\r\n", "\n") for one in (text, message))
        check = checks.get(channel) or next(iter(checks.values()))
        verdict = check(Reply.of(text), Conversation(message, channel=channel))
        return show(visitor, verdict=verdict, text=text, message=message, channel=channel)

    return router
