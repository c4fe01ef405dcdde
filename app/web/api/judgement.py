"""/v1/check: a verdict and nothing else."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.core.errors import Invalid
from app.core.model import Conversation, Reply
from app.ports import Check
from app.web.api.access import CallerWith
from app.web.api.holds import MAX_TEXT
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import VerdictView


class CheckRequest(BaseModel, extra="forbid"):
    text: str = Field(max_length=MAX_TEXT, description="The reply to judge")
    message: str = Field("", max_length=MAX_TEXT, description="What the citizen wrote")
    channel: str = Field("", description="Whose policy counts; empty: the default policy")


def check_router(checks: Mapping[str, Check], default: Check, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["check"], responses=RESPONSES)
    Checker = Annotated[Caller, Depends(caller_with("check"))]  # noqa: N806

    @router.post("/check")
    async def check(body: CheckRequest, caller: Checker) -> VerdictView:
        """Judge a text. Nothing is stored, nothing is sent."""
        if body.channel:
            caller.require_channel(body.channel)
            if body.channel not in checks:
                raise Invalid(f"there is no channel {body.channel!r}")
        judge = checks.get(body.channel, default)
        conversation = Conversation(message=body.message, channel=body.channel)
        return VerdictView.of(judge(Reply.of(body.text), conversation))

    return router
