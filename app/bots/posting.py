"""One POST to a bot, under its limits, with every foreign error turned into ours."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import aiohttp

from app.core.errors import BotError, BotMalformed, BotTimeout


class Limits(Protocol):
    """The part of a bot's settings that bounds one request."""

    @property
    def give_up_after_s(self) -> float: ...

    @property
    def max_answer_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    body: bytes
    media_type: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None


async def post(session: aiohttp.ClientSession, request: Post, limits: Limits, within_s: float = 0) -> bytes:
    """The body of a 200 answer. `within_s` shortens the bot's own limit. Raises BotError."""
    async with streamed(session, request, limits, within_s) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def get(session: aiohttp.ClientSession, request: Post, limits: Limits) -> bytes:
    """The same without a body. Raises BotError."""
    async with streamed(session, request, limits, method="GET") as chunks:
        return b"".join([chunk async for chunk in chunks])


@asynccontextmanager
async def streamed(
    session: aiohttp.ClientSession,
    request: Post,
    limits: Limits,
    within_s: float = 0,
    method: Literal["GET", "POST"] = "POST",
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The same, piece by piece as it comes; the limits bound the whole. Raises BotError."""
    timeout = aiohttp.ClientTimeout(total=within_s or limits.give_up_after_s, sock_connect=5.0)
    headers = {"Content-Type": request.media_type, **(request.headers or {})}
    try:
        async with session.request(
            method,
            request.url,
            data=request.body or None,
            params=request.query,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            _require_plain_200(response)
            yield _capped(response, limits.max_answer_bytes)
    except TimeoutError as error:
        raise BotTimeout("the bot did not answer in time") from error
    except (aiohttp.ClientConnectorError, ConnectionRefusedError) as error:
        raise BotError("the bot cannot be reached", code="unreachable") from error
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError) as error:
        raise BotMalformed("the bot's answer broke off", code="cut-off") from error
    except aiohttp.ClientError as error:
        raise BotError("the bot does not speak HTTP", code="no-http") from error


def _require_plain_200(response: aiohttp.ClientResponse) -> None:
    if 300 <= response.status < 400:
        raise BotError("the bot redirects; configure the address it redirects to", code="redirect")
    if response.status != 200:
        raise BotError(f"the bot answered HTTP {response.status}", code=f"http-{response.status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise BotMalformed("the bot packed its answer although asked not to", code="packed")


async def _capped(response: aiohttp.ClientResponse, cap: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > cap:
            raise BotMalformed(f"the bot answered more than {cap} bytes", code="too-large")
        yield chunk
