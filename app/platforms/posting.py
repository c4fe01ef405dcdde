"""One request to a platform, and the question that matters afterwards: may it have arrived?"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx

from app.core.errors import FateUnknown, PlatformBusy, PlatformError

MAX_ANSWER_BYTES = 262_144
"""A returned comment with its user and status takes a few KiB."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes


async def post(
    http: httpx.AsyncClient,
    url: str,
    content: bytes,
    media_type: str,
    *,
    within_s: float,
    query: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """POST once, never again, for at most `within_s` seconds in all.

    Raises PlatformBusy where no byte of it can have arrived, FateUnknown where it may have, PlatformError for
    an address that is none. Their texts name neither the address (tokens stand in it) nor the content.
    """
    headers = {"Content-Type": media_type, **_ASKED_FOR}
    return await _answer(
        http.stream("POST", url, content=content, params=query, headers=headers), within_s, MAX_ANSWER_BYTES
    )


async def get(
    http: httpx.AsyncClient, url: str, query: Mapping[str, str], *, within_s: float, most_bytes: int
) -> HttpAnswer:
    """The same without a body: nothing changes by it. Raises like `post`."""
    return await _answer(http.stream("GET", url, params=query, headers=_ASKED_FOR), within_s, most_bytes)


_ASKED_FOR = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Uncompressed, because a small compressed answer may unpack to any size."""


async def _answer(
    request: AbstractAsyncContextManager[httpx.Response], within_s: float, most_bytes: int
) -> HttpAnswer:
    try:
        async with asyncio.timeout(within_s), request as response:
            return HttpAnswer(response.status_code, await _body(response, most_bytes))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise PlatformBusy("the platform cannot be reached", code="unreachable") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise PlatformError("api_base is no address of a web server", code="bad-address") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise FateUnknown("the platform's answer did not come", code="no-answer") from error


async def _body(response: httpx.Response, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most_bytes:
            raise FateUnknown("the platform's answer has no end", code="no-answer")
    return bytes(body)
