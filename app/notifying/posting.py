"""One POST to somebody else's system, bounded in time and in what is read of the answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from app.core.errors import PostError

ANSWER_WITHIN_S = 20.0
"""In all: the client's own limit counts anew for each piece of an answer."""
MAX_ANSWER_BYTES = 65_536


@asynccontextmanager
async def posted(
    http: httpx.AsyncClient,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    within_s: float = ANSWER_WITHIN_S,
) -> AsyncIterator[httpx.Response]:
    """The answer, its body unread. Raises PostError with a code, never with an address or their words."""
    try:
        async with (
            asyncio.timeout(within_s),
            http.stream("POST", url, content=content, headers=headers) as answer,
        ):
            yield answer
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise PostError(f"http: {type(error).__name__}") from error


async def body_of(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise PostError("http: the answer has no end")
    return bytes(body)
