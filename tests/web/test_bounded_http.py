"""A connection serves who sends a request, and ends for who does not get on with one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.web import bounded_http
from app.web.bounded_http import BEGAN, BoundedHttp
from tests.e2e.surroundings import listener

WITHIN_S = 1.0
WHOLE = b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """What came, after longer than a request may take to come."""
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        body, more = body + event.get("body", b""), event.get("more_body", False)
    await asyncio.sleep(1.5 * WITHIN_S if scope["path"] == "/slow" else 0)
    age_s = asyncio.get_running_loop().time() - scope["state"][BEGAN]
    headers = [(b"content-length", str(len(body)).encode()), (b"age", f"{age_s:.3f}".encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(bounded_http, "ARRIVES_WITHIN_S", WITHIN_S)
    listening = listener()
    server = uvicorn.Server(
        uvicorn.Config(echo, http=BoundedHttp, log_config=None, lifespan="off", timeout_keep_alive=60)
    )
    serving = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def is_ended(reader: asyncio.StreamReader) -> bool:
    with suppress(ConnectionError):
        return await reader.read() == b""
    return True


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="who says nothing"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nX: ", id="a head byte by byte"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n", id="a body byte by byte"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" * 2 + b"POST / HTTP/1.1\r\nX: ",
            id="a third request behind two that were answered",
        ),
    ],
)
async def test_who_does_not_get_on_with_a_request_loses_the_connection(port: int, begun: bytes) -> None:
    async with connected(port) as (reader, writer), asyncio.timeout(30):
        writer.write(begun)
        for _ in range(begun.count(b"Content-Length: 0")):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        ended = asyncio.create_task(is_ended(reader))
        while not ended.done():
            writer.write(b"y" if begun else b"")
            await asyncio.sleep(0.05)
        assert ended.result()


async def test_an_answer_may_take_longer_and_the_connection_is_used_again(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(WHOLE)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(2) == b"ab"
            await asyncio.sleep(1.5 * WITHIN_S)


async def test_a_request_begins_with_its_first_byte(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHo")
            await asyncio.sleep(WITHIN_S / 2)
            writer.write(b"st: h\r\nContent-Length: 0\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            age_s = float(head.partition("age: ")[2].partition("\r")[0])
            assert age_s >= WITHIN_S / 2 - 0.01
