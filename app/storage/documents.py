"""The JSON columns: structured values as text, exactly.

Parts of a reply carry their type ("text", "menu", ...), since their fields alone do not tell them apart.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import (
    Discriminator,
    SerializerFunctionWrapHandler,
    Tag,
    TypeAdapter,
    ValidationError,
    WrapSerializer,
)
from pydantic_core import PydanticSerializationError

from app.core.errors import StoreError
from app.core.model import (
    Article,
    Cards,
    Media,
    Menu,
    Message,
    Opaque,
    Part,
    Position,
    Reply,
    Text,
    Transfer,
    Verdict,
)
from app.core.records import Draft, Note

T = TypeVar("T")

_TYPE_NAMES: Mapping[type, str] = {
    Text: "text",
    Cards: "cards",
    Menu: "menu",
    Media: "media",
    Article: "article",
    Position: "position",
    Transfer: "transfer",
    Opaque: "opaque",
}


def _type_name(part: Any) -> str | None:
    return part.get("type") if isinstance(part, dict) else _TYPE_NAMES.get(type(part))


def _with_type(part: Part, fields: SerializerFunctionWrapHandler) -> dict[str, Any]:
    return {"type": _TYPE_NAMES[type(part)], **fields(part)}


class _Adapters(NamedTuple):
    message: TypeAdapter[Message]
    parts: TypeAdapter[tuple[Part, ...]]
    verdict: TypeAdapter[Verdict]
    notes: TypeAdapter[tuple[Note, ...]]


@lru_cache(maxsize=1)
def _adapters() -> _Adapters:
    """Built at the first use: it takes some milliseconds."""
    typed = tuple(Annotated[cls, Tag(name), WrapSerializer(_with_type)] for cls, name in _TYPE_NAMES.items())
    union: Any = typed[0]
    for one in typed[1:]:
        union = union | one
    part = Annotated[union, Discriminator(_type_name)]
    return _Adapters(
        TypeAdapter(Message),
        TypeAdapter(tuple[part, ...]),
        TypeAdapter(Verdict),
        TypeAdapter(tuple[Note, ...]),
    )


def _dump(adapter: TypeAdapter[T], value: T, exclude: set[str] | None = None) -> str:
    try:
        return adapter.dump_json(value, exclude=exclude).decode()
    except PydanticSerializationError:  # lone surrogates: one other character for each, spans stay right
        plain = adapter.dump_python(value, mode="json", exclude=exclude)
        return json.dumps(plain, ensure_ascii=False).encode(errors="replace").decode()


def _load(adapter: TypeAdapter[T], text: str) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise StoreError(f"a stored record cannot be read at {places}") from None


def message_json(message: Message) -> str:
    """All of a message but its raw bytes, which have a column of their own."""
    return _dump(_adapters().message, message, exclude={"raw"})


def message_of(text: str) -> Message:
    """Raises StoreError, like all that read here."""
    return _load(_adapters().message, text)


def reply_json(reply: Reply) -> str:
    return _dump(_adapters().parts, reply.parts)


def reply_of(text: str) -> Reply:
    return Reply(_load(_adapters().parts, text))


def verdict_json(verdict: Verdict) -> str:
    return _dump(_adapters().verdict, verdict)


def verdict_of(text: str) -> Verdict:
    return _load(_adapters().verdict, text)


def notes_json(notes: tuple[Note, ...]) -> str:
    return _dump(_adapters().notes, notes)


def draft_json(draft: Draft) -> str:
    plain = {"at": draft.at.isoformat(), "by": draft.by, "reason": draft.reason, "signed": draft.signed}
    return json.dumps({**plain, "parts": json.loads(reply_json(draft.reply))})


def draft_of(text: str) -> Draft:
    plain = json.loads(text)
    reply = reply_of(json.dumps(plain["parts"]))
    signed = plain.get("signed", False)  # older records do not say: then one more person looks
    return Draft(datetime.fromisoformat(plain["at"]), plain["by"], reply, plain["reason"], signed)


def notes_of(text: str) -> tuple[Note, ...]:
    return _load(_adapters().notes, text)
