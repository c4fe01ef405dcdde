"""/v1/check: a verdict and nothing else."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import Invalid
from app.core.model import Conversation, Reply
from app.ports import Check
from app.web.api import examples
from app.web.api.access import CallerWith
from app.web.api.holds import MAX_TEXT
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import VerdictView

MOST_ITEMS = 100


class CheckRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": dict(examples.CHECK_REQUEST)})

    text: str = Field(max_length=MAX_TEXT, description="The reply to judge")
    message: str = Field("", max_length=MAX_TEXT, description="What the citizen wrote")
    channel: str = Field("", description="Whose policy counts; empty: the default policy")


class CheckBatch(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": dict(examples.CHECK_BATCH)})

    items: list[CheckRequest] = Field(min_length=1, max_length=MOST_ITEMS)


class VerdictBatch(BaseModel):
    items: list[VerdictView] = Field(description="In the order of the request's items")


async def _texts(request: Request) -> int:
    """How many texts a batch holds, before it was looked at closely: each counts for the token's pace."""
    try:
        items = (await request.json())["items"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return 1  # it is refused for what it is
    return min(max(len(items), 1), MOST_ITEMS) if isinstance(items, list) else 1


def check_router(checks: Mapping[str, Check], default: Check, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["check"], responses=RESPONSES)
    Checker = Annotated[Caller, Depends(caller_with("check"))]  # noqa: N806
    BatchChecker = Annotated[Caller, Depends(caller_with("check", _texts))]  # noqa: N806

    def verdict(wanted: CheckRequest, caller: Caller) -> VerdictView:
        if wanted.channel:
            caller.require_channel(wanted.channel)
            if wanted.channel not in checks:
                raise Invalid(f"there is no channel {wanted.channel!r}")
        judge = checks.get(wanted.channel, default)
        conversation = Conversation(message=wanted.message, channel=wanted.channel)
        return VerdictView.of(judge(Reply.of(wanted.text), conversation))

    @router.post("/check", responses=examples.answered_with(examples.HOLD))
    async def check(body: CheckRequest, caller: Checker) -> VerdictView:
        """Judge a text. Nothing is stored, nothing is sent."""
        return verdict(body, caller)

    @router.post("/check/batch", responses=examples.answered_with(examples.VERDICT_BATCH))
    async def check_batch(body: CheckBatch, caller: BatchChecker) -> VerdictBatch:
        """Judge up to 100 texts. Nothing is stored, nothing is sent."""
        found = []
        for one in body.items:
            found.append(verdict(one, caller))
            await asyncio.sleep(0)  # citizens' messages are answered between two of them
        return VerdictBatch(items=found)

    return router
