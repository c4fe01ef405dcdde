"""/v1/replies: another system hands in a text, is told what became of it, and may look it up."""

import json
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import Invalid
from app.core.manuscripts import REFERENCE, Fate, Manuscript, reason_told
from app.core.records import Callback, PostState
from app.service.manuscripts import Handed, Manuscripts
from app.web.api import examples
from app.web.api.access import CallerWith
from app.web.api.holds import MAX_TEXT
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import VerdictView

IdempotencyKey = Annotated[
    str,
    Header(
        max_length=200,
        pattern=r"^[!-~]*$",
        description="The same key with the same body is answered with what became of the first request; "
        "with another body it is refused (422). For each token.",
    ),
]


class ReplyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": dict(examples.REPLY_REQUEST)})

    channel: str = Field(max_length=40, description="Whose policy counts, whose people decide")
    text: str = Field(max_length=MAX_TEXT, description="The text to judge")
    message: str = Field("", max_length=MAX_TEXT, description="What the citizen wrote, where it is a reply")
    reference: str = Field("", max_length=200, description="Your own name for it; told back to you")

    def handed(self, token: str, idempotency_key: str) -> Handed:
        """Raises Invalid for a text without a word."""
        if not self.text.strip():
            raise Invalid("the text is empty")
        raw = json.dumps(self.model_dump(), sort_keys=True).encode()
        return Handed(token, self.channel, self.text, self.message, self.reference, idempotency_key, raw)


class CallbackView(BaseModel):
    state: PostState = Field(
        description="kept: this token has no callback_url; failed: given up on after many tries"
    )
    attempts: int
    next_at: datetime | None
    why: str = Field(description="What went wrong with the last try, as a code")

    @classmethod
    def of(cls, callback: Callback) -> Self:
        return cls(
            state=callback.state, attempts=callback.attempts, next_at=callback.next_at, why=callback.why
        )


class ReplyStatus(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": dict(examples.REPLY_HELD)})

    id: str
    status: Fate = Field(
        description="released: it passed by itself; held: a person decides; then approved, edited, rejected, "
        "transferred or expired. checking, interrupted: send the same request again"
    )
    text: str | None = Field(
        description="What may be published, to the letter: yours, or a moderator's. null: nothing may"
    )
    channel: str
    reference: str
    received_at: datetime
    verdict: VerdictView | None
    hold_id: str = Field(description="Empty: it is not, and was not, held")
    decide_by: datetime | None = Field(description="When the policy wants it decided")
    expires_at: datetime | None = Field(description="When it stops waiting for a decision; null: never")
    decided_at: datetime | None
    reason: str = Field(description="The moderator's")
    transferred_to: str
    callback: CallbackView | None = Field(description="null: nothing was decided yet, or nothing had to be")

    @classmethod
    def of(cls, found: Manuscript) -> Self:
        exchange, hold = found.exchange, found.hold
        return cls(
            id=exchange.id,
            status=found.fate,
            text=found.text,
            channel=exchange.message.channel,
            reference=exchange.message.extra.get(REFERENCE, ""),
            received_at=exchange.message.received_at,
            verdict=VerdictView.of(exchange.verdict) if exchange.verdict else None,
            hold_id=hold.id if hold else "",
            decide_by=hold.decide_by if hold else None,
            expires_at=hold.deliver_by if hold else None,
            decided_at=hold.decided_at if hold else None,
            reason=reason_told(hold) if hold else "",
            transferred_to=hold.transferred_to if hold else "",
            callback=CallbackView.of(found.callback) if found.callback else None,
        )


class ReplyPage(BaseModel):
    items: list[ReplyStatus]
    next: str = Field(description="Pass as `after` for the next page; empty: this was the last")


def replies_router(manuscripts: Manuscripts, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1/replies", tags=["replies"], responses=RESPONSES)
    Submitter = Annotated[Caller, Depends(caller_with("replies"))]  # noqa: N806

    @router.post(
        "",
        status_code=201,
        responses={
            200: {
                "model": ReplyStatus,
                "description": "The same key again: it was decided on, and nothing may be published",
            },
            201: {
                "description": "Released, or the same key again and released since: publish `text`",
                "content": {"application/json": {"example": dict(examples.REPLY_RELEASED)}},
            },
            202: {"model": ReplyStatus, "description": "Held: a person decides, then the callback comes"},
        },
    )
    async def submit(
        body: ReplyRequest, caller: Submitter, response: Response, idempotency_key: IdempotencyKey = ""
    ) -> ReplyStatus:
        """Have a text judged. What is not released waits for a person, in the same queue as all others."""
        caller.require_channel(body.channel)
        found = await manuscripts.submit(body.handed(caller.name, idempotency_key))
        response.status_code = _status(found)
        response.headers["Location"] = f"/v1/replies/{found.exchange.id}"
        return ReplyStatus.of(found)

    @router.get("")
    async def list_decided(
        caller: Submitter,
        callback: Annotated[
            list[PostState] | None, Query(description="Only those whose callback is in this state")
        ] = None,
        channel: str = "",
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> ReplyPage:
        """Your own texts on which people, or time, decided: the latest decision first."""
        page = await manuscripts.records.decided(
            caller.name, callback or list(PostState), caller.visible(channel), after, limit
        )
        return ReplyPage(items=[ReplyStatus.of(one) for one in page.items], next=page.next)

    @router.get("/{reply_id}")
    async def get_reply(reply_id: str, caller: Submitter) -> ReplyStatus:
        """What became of a text of yours."""
        found = await manuscripts.manuscript(reply_id, caller.name)
        caller.require_channel(found.exchange.message.channel)
        return ReplyStatus.of(found)

    @router.post("/{reply_id}/callback", status_code=202)
    async def tell_again(reply_id: str, caller: Submitter) -> ReplyStatus:
        """Send the callback once more, under the same id: after an outage of yours, or at a new address."""
        found = await manuscripts.manuscript(reply_id, caller.name)
        caller.require_channel(found.exchange.message.channel)
        return ReplyStatus.of(await manuscripts.tell_again(reply_id, caller.name))

    return router


def _status(found: Manuscript) -> int:
    """201 is for what may be published alone."""
    if found.text is not None:
        return 201
    return 202 if found.fate is Fate.HELD else 200
