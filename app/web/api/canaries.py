"""/v1/canaries: what a probe's test message was answered with."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.service.canaries import Canaries
from app.web.api.access import CallerWith
from app.web.api.holds import MAX_TEXT
from app.web.errors import RESPONSES
from app.web.security import Caller


class CanaryReport(BaseModel, extra="forbid"):
    channel: str = Field(max_length=40)
    text: str = Field(max_length=MAX_TEXT, description="All that came back; empty: nothing did")


class CanaryView(BaseModel):
    ours: bool = Field(description="False: somebody else has answered; an alert tells of it")


def canaries_router(canaries: Canaries, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["canaries"], responses=RESPONSES)
    Probe = Annotated[Caller, Depends(caller_with("canary"))]  # noqa: N806

    @router.post("/canaries")
    async def report(body: CanaryReport, caller: Probe) -> CanaryView:
        """Report the answer to a test message. The text is compared and not kept."""
        caller.require_channel(body.channel)
        return CanaryView(ours=await canaries.report(body.channel, body.text, f"token:{caller.name}"))

    return router
