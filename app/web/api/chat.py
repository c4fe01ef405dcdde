"""/v1/chat/completions: an OpenAI-compatible address in front of a model, for who speaks only that.

The `model` of a request is a channel with a chat bot. A streamed answer is sent once the whole of it was
checked; one that waits for a person is the channel's holding text, and `X-Shenyan-Held` says so.
"""

import json
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import BotError
from app.ports import Clock, NewId
from app.service.gateway import TURNS, Gateway, Said, Talk
from app.web.api import examples
from app.web.api.access import CallerWith
from app.web.errors import RESPONSES
from app.web.security import Caller

MOST_CHARS = 100_000
_PASSED_ON = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "stop", "seed")
HELD = "X-Shenyan-Held"


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: str = Field(max_length=MOST_CHARS)


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="ignore", json_schema_extra={"example": dict(examples.CHAT_REQUEST)})

    model: str = Field(max_length=40, description="The channel")
    messages: list[ChatMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    n: Literal[1] = 1
    user: str = Field("", max_length=200)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1, le=100_000)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    stop: str | list[str] | None = None
    seed: int | None = None

    def talk(self, caller: str) -> Talk:
        said = [(one.role, one.content) for one in self.messages if one.role in ("user", "assistant")]
        asked = next((content for role, content in reversed(said) if role == "user"), "")
        turns = [
            (question, answer)
            for (role, question), (other, answer) in pairwise(said)
            if role == "user" and other == "assistant"
        ]
        extras = {name: getattr(self, name) for name in _PASSED_ON if getattr(self, name) is not None}
        request = {"messages": [one.model_dump() for one in self.messages], **extras}
        return Talk(caller, self.user, asked, tuple(turns[-TURNS:]), request, self.model_dump_json().encode())


class ChatChoice(BaseModel):
    index: int = 0
    message: ChatMessage
    finish_reason: str = "stop"


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]


class ChatError(BaseModel):
    message: str
    type: str
    code: str


class ChatProblem(BaseModel):
    """In the shape that OpenAI's clients read."""

    error: ChatError


def chat_router(
    gateways: Mapping[str, Gateway], clock: Clock, new_id: NewId, caller_with: CallerWith
) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["chat"])
    Chatter = Annotated[Caller, Depends(caller_with("chat"))]  # noqa: N806

    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={
            **RESPONSES,
            **examples.answered_with(examples.CHAT_ANSWER),
            404: {"model": ChatProblem, "description": "There is no chat channel of this name"},
            502: {"model": ChatProblem, "description": "The model gave no usable answer"},
        },
    )
    async def complete(body: ChatRequest, caller: Chatter) -> Response:
        """Ask the channel's model; the text is checked before it is answered.

        One that waits for a person is answered with the channel's holding text, and `X-Shenyan-Held` names
        the hold. A stream is sent once the whole text was checked.
        """
        gateway = gateways.get(body.model)
        if gateway is None:
            return _problem(404, "model_not_found", f"there is no chat channel {body.model!r}")
        caller.require_channel(body.model)
        try:
            said = await gateway.complete(body.talk(caller.name))
        except BotError as error:
            return _problem(502, "upstream_error", f"the model gave no usable answer ({error.code})")
        name, created = f"chatcmpl-{new_id()}", int(clock().timestamp())
        headers = {HELD: said.hold_id} if said.hold_id else {}
        if body.stream:
            chunks = _chunks(name, created, body.model, said)
            return StreamingResponse(chunks, media_type="text/event-stream", headers=headers)
        message = ChatMessage(role="assistant", content=said.text)
        whole = ChatCompletion(
            id=name, created=created, model=body.model, choices=[ChatChoice(message=message)]
        )
        return JSONResponse(whole.model_dump(), headers=headers)

    return router


async def _chunks(name: str, created: int, model: str, said: Said) -> AsyncIterator[str]:
    """The checked text as the client expects a stream: a first word, the text, an end."""
    common: dict[str, Any] = {
        "id": name,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
    }
    steps: tuple[tuple[dict[str, str], str | None], ...] = (
        ({"role": "assistant", "content": ""}, None),
        ({"content": said.text}, None),
        ({}, "stop"),
    )
    for delta, reason in steps:
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        yield f"data: {json.dumps({**common, 'choices': choices}, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _problem(status: int, code: str, message: str) -> Response:
    problem = ChatProblem(error=ChatError(message=message, type=code, code=code))
    return JSONResponse(problem.model_dump(), status)
