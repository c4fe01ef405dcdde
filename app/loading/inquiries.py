"""One line of JSON -> what the checker is asked: `{"text": ..., "context": ...}`."""

from codecs import BOM_UTF8
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

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


class InquiryLine(BaseModel):
    """Further keys (ids, notes) are the asker's own and are passed by."""

    text: str
    context: str | _Context | None = None
    """What the citizen wrote, or that with the turns before."""

    @property
    def inquiry(self) -> Inquiry:
        if self.context is None:
            return Inquiry(Reply.of(self.text))
        if isinstance(self.context, str):
            return Inquiry(Reply.of(self.text), Conversation(self.context))
        turns = tuple(Turn(turn.asked, turn.answered, turn.at) for turn in self.context.turns)
        return Inquiry(Reply.of(self.text), Conversation(self.context.message, turns))


def place_of(wrong: ErrorDetails) -> str:
    """Where in the line, as its writer sees it: the names of our own types are no part of that."""
    return ".".join(str(step) for step in wrong["loc"] if step not in ("str", "_Context"))


def read_inquiry(line: bytes) -> Inquiry:
    """Raises ValueError that says what is wrong without quoting the line."""
    try:
        return InquiryLine.model_validate_json(line.removeprefix(BOM_UTF8)).inquiry
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = place_of(wrong)
        raise ValueError(f"{place}: {wrong['msg']}" if place else wrong["msg"]) from None
