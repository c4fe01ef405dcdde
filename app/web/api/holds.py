"""/v1/holds: the queue of replies that wait for a person."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from app.core.model import Reply, Severity
from app.core.records import Decision, Hold, HoldState
from app.core.review import Ruling
from app.ports import HoldFilter, Store
from app.service.review import Review
from app.web.api.access import CallerWith
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import HoldView

MAX_TEXT = 20_000
"""Code points of a person's text; the platforms take far less."""


class HoldPage(BaseModel):
    items: list[HoldView]
    next: str = Field(description="Pass as `after` for the next page; empty: this was the last")


class OnVersion(BaseModel, extra="forbid"):
    version: int = Field(description="The version you decided on; 409 if the hold has changed since")
    reason: str = Field("", max_length=2_000)


class Approval(OnVersion):
    confirm: bool = Field(False, description="Needed, with a reason, to approve a blocked draft as it stands")


class Edit(OnVersion):
    text: str = Field(max_length=MAX_TEXT)
    confirm: bool = Field(False, description="Send it although the checker has findings; needs a reason")


class Rejection(OnVersion):
    substitute: str | None = Field(None, max_length=MAX_TEXT, description="What to say in its place")
    confirm: bool = Field(False, description="As for an edit, for the substitute")


class TransferTo(OnVersion):
    to: str = Field(max_length=200, description="The department")


def holds_router(store: Store, review: Review, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1/holds", tags=["holds"], responses=RESPONSES)
    Reader = Annotated[Caller, Depends(caller_with("holds:read"))]  # noqa: N806
    Decider = Annotated[Caller, Depends(caller_with("holds:decide"))]  # noqa: N806

    async def visible(hold_id: str, caller: Caller) -> Hold:
        hold = await store.hold(hold_id)
        caller.require_channel(hold.channel)
        return hold

    async def rule(hold_id: str, ruling: Ruling, caller: Caller) -> HoldView:
        await visible(hold_id, caller)
        return HoldView.of(await review.decide(hold_id, ruling))

    @router.get("")
    async def list_holds(
        caller: Reader,
        state: Annotated[list[HoldState] | None, Query()] = None,
        channel: str = "",
        severity: Severity | None = None,
        claimed_by: str = "",
        text: Annotated[str, Query(max_length=200, description="Searched in message and reply")] = "",
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> HoldPage:
        """Earliest delivery deadline first, then the most severe, then the oldest."""
        wanted = HoldFilter(
            states=tuple(state) if state else HoldFilter().states,
            channels=caller.visible(channel),
            severity=severity,
            claimed_by=claimed_by,
            text=text,
            after=after,
            limit=limit,
        )
        page = await store.holds(wanted)
        return HoldPage(items=[HoldView.of(hold) for hold in page.items], next=page.next)

    @router.get("/{hold_id}")
    async def get_hold(hold_id: str, caller: Reader) -> HoldView:
        return HoldView.of(await visible(hold_id, caller))

    @router.post("/{hold_id}/claim")
    async def claim(hold_id: str, body: OnVersion, caller: Decider) -> HoldView:
        """认领. Claiming one's own hold again extends the lease."""
        return await rule(hold_id, Ruling(Decision.CLAIM, caller.name, body.version, body.reason), caller)

    @router.post("/{hold_id}/release")
    async def release(hold_id: str, body: OnVersion, caller: Decider) -> HoldView:
        """Give a claimed hold back to the queue."""
        return await rule(hold_id, Ruling(Decision.RELEASE, caller.name, body.version, body.reason), caller)

    @router.post("/{hold_id}/approve")
    async def approve(hold_id: str, body: Approval, caller: Decider) -> HoldView:
        """放行. The draft is delivered as it stands."""
        ruling = Ruling(Decision.APPROVE, caller.name, body.version, body.reason, confirm=body.confirm)
        return await rule(hold_id, ruling, caller)

    @router.post("/{hold_id}/edit")
    async def edit(hold_id: str, body: Edit, caller: Decider) -> HoldView:
        """改后放行. The edited text is checked again; findings need `confirm` and a reason."""
        ruling = Ruling(
            Decision.EDIT,
            caller.name,
            body.version,
            body.reason,
            reply=Reply.of(body.text),
            confirm=body.confirm,
        )
        return await rule(hold_id, ruling, caller)

    @router.post("/{hold_id}/reject")
    async def reject(hold_id: str, body: Rejection, caller: Decider) -> HoldView:
        """拦截, with a reason, and with or without a text in its place."""
        ruling = Ruling(
            Decision.REJECT,
            caller.name,
            body.version,
            body.reason,
            reply=Reply.of(body.substitute) if body.substitute else None,
            confirm=body.confirm,
        )
        return await rule(hold_id, ruling, caller)

    @router.post("/{hold_id}/transfer")
    async def transfer(hold_id: str, body: TransferTo, caller: Decider) -> HoldView:
        """转办, with a reason, to a department."""
        ruling = Ruling(Decision.TRANSFER, caller.name, body.version, body.reason, to=body.to)
        return await rule(hold_id, ruling, caller)

    @router.post("/{hold_id}/notes")
    async def note(hold_id: str, body: OnVersion, caller: Decider) -> HoldView:
        """备注: `reason` is the note. Possible in every state."""
        return await rule(hold_id, Ruling(Decision.NOTE, caller.name, body.version, body.reason), caller)

    return router
