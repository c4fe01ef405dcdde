"""Server-sent events and lines of JSON, put together again from whatever pieces the network made of them."""

import codecs
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.core.errors import BotMalformed


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: str


_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
"""A carriage return at the very end may be half of a line end."""


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines without their ends. Raises BotMalformed where it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    try:
        async for chunk in chunks:
            *lines, rest = _LINE_END.split(rest + decoder.decode(chunk))
            for line in lines:
                yield line
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BotMalformed("the bot's stream is not UTF-8", code="no-text") from error
    if rest.rstrip("\r"):
        yield rest.rstrip("\r")


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Events with data. Comments and fields we do not need are skipped; an unfinished event is not one.

    Source: the WHATWG HTML standard, "Server-sent events".
    """
    name, data = "", list[str]()
    async for line in lines_of(chunks):
        if not line:
            if data:
                yield Event(name, "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
