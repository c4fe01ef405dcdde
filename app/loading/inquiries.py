"""One line of JSON -> what the checker is asked: `{"text": ..., "context": ...}`."""

from codecs import BOM_UTF8
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError

from app.core.model import NO_CONVERSATION, Conversation, Reply, Turn

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a turn that tells none."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    reply: Reply
    conversation: Conversation = NO_CONVERSATION


class _Turn(BaseModel):
    asked: str = ""
    answered: str = ""
    at: datetime = NEVER


class _Context(BaseModel):
    message: str = ""
    turns: list[_Turn] = Field(default_factory=list)


class _Line(BaseModel):
    """Further keys (ids, labels) are the asker's own and are passed by."""

    text: str
    context: str | _Context | None = None


def read_inquiry(line: bytes) -> Inquiry:
    """`context` is what the citizen wrote, or that with the turns before: `{"message", "turns"}`.

    Raises ValueError that says what is wrong without quoting the line.
    """
    try:
        read = _Line.model_validate_json(line.removeprefix(BOM_UTF8))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in wrong["loc"] if step not in ("str", "_Context"))
        raise ValueError(f"{place}: {wrong['msg']}" if place else wrong["msg"]) from None
    if read.context is None:
        return Inquiry(Reply.of(read.text))
    if isinstance(read.context, str):
        return Inquiry(Reply.of(read.text), Conversation(read.context))
    turns = tuple(Turn(turn.asked, turn.answered, turn.at) for turn in read.context.turns)
    return Inquiry(Reply.of(read.text), Conversation(read.context.message, turns))
