"""Server-sent events and lines of JSON, put together again from whatever pieces the network made of them."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.core.errors import BotMalformed


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: str


_LINE_END = re.compile(rb"\r\n|\r|\n")


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines without their ends. Raises BotMalformed where one is not UTF-8.

    Cut before it is decoded, so that no piece splits a character; each byte is looked at once, however small
    the pieces are.
    """
    begun: list[bytes] = []
    after_return = False
    async for chunk in chunks:
        if not chunk:
            continue
        # A line feed right after a carriage return that ended the last piece belongs to it.
        head, *rest = _LINE_END.split(chunk.removeprefix(b"\n") if after_return else chunk)
        after_return = chunk.endswith(b"\r")
        begun.append(head)
        if not rest:
            continue
        for line in (b"".join(begun), *rest[:-1]):
            yield _decoded(line)
        begun = [rest[-1]]
    if last := b"".join(begun):
        yield _decoded(last)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BotMalformed("the bot's stream is not UTF-8", code="no-text") from error


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Events with data. Comments and fields we do not need are skipped; an unfinished event is not one.

    Source: the WHATWG HTML standard, "Server-sent events".
    """
    name, data, started = "", list[str](), False
    async for line in lines_of(chunks):
        if not started:
            line, started = line.removeprefix("\ufeff"), True
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
