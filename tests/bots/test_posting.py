import asyncio
from dataclasses import dataclass

import pytest

from app.bots.posting import Post, get, post, streamed
from app.core.errors import BotError, BotMalformed, BotTimeout
from tests.bots.vendors import in_pieces, trickling, vendor
from tests.platforms.loopback import Behaviour, Received, answering, endless, hanging_up, silent


@dataclass(frozen=True, slots=True)
class Limits:
    give_up_after_s: float = 5.0
    max_answer_bytes: int = 1_000


async def test_a_plain_answer_comes_whole() -> None:
    async with vendor(answering("您好".encode())) as (server, session):
        request = Post(server.base + "/hook", b"<xml/>", "text/xml", {"nonce": "a b&c"}, {"X-Key": "k"})
        assert await post(session, request, Limits()) == "您好".encode()
    (received,) = server.received
    assert received.line == "POST /hook?nonce=a+b%26c HTTP/1.1"
    assert received.body == b"<xml/>"
    assert received.headers["content-type"] == "text/xml"
    assert received.headers["x-key"] == "k"


async def test_get_carries_no_body() -> None:
    async with vendor(answering(b"{}")) as (server, session):
        assert await get(session, Post(server.base, b"", "application/json"), Limits()) == b"{}"
    assert server.received[0].line.startswith("GET / ")


@pytest.mark.parametrize("size", [999, 1_000])
async def test_an_answer_up_to_the_cap_passes(size: int) -> None:
    async with vendor(answering(b"x" * size)) as (server, session):
        assert len(await post(session, Post(server.base, b"", "text/plain"), Limits())) == size


async def reset(received: Received, writer: asyncio.StreamWriter) -> None:
    """Closes so that the other side's kernel says "connection reset"."""
    writer.transport.abort()


@pytest.mark.parametrize(
    ("behaviour", "error", "code"),
    [
        pytest.param(answering(b"x" * 1_001), BotMalformed, "too-large", id="one byte past the cap"),
        pytest.param(endless, BotMalformed, "too-large", id="an endless body"),
        pytest.param(silent, BotTimeout, "timeout", id="takes the request and says nothing"),
        pytest.param(trickling, BotTimeout, "timeout", id="a byte now and then"),
        pytest.param(hanging_up, BotMalformed, "cut-off", id="closes at once"),
        pytest.param(reset, BotMalformed, "cut-off", id="resets the connection"),
        pytest.param(in_pieces([b"half"], whole=False), BotMalformed, "cut-off", id="breaks off in a chunk"),
        pytest.param(
            answering(b"", "200 OK", "Content-Encoding: gzip\r\n"), BotMalformed, "packed", id="packed"
        ),
        pytest.param(
            answering(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"),
            BotError,
            "redirect",
            id="redirect",
        ),
        pytest.param(
            answering(b"", "307 Temporary Redirect", "Location: /x\r\n"), BotError, "redirect", id="307"
        ),
        pytest.param(answering(b"oops", "500 Internal Server Error"), BotError, "http-500", id="500"),
        pytest.param(answering(b"", "204 No Content"), BotError, "http-204", id="204 is no answer either"),
        pytest.param(answering(b"", "404 Not Found"), BotError, "http-404", id="404"),
        pytest.param(answering(b"", "999 \x7f bad"), BotError, "http-999", id="no known status"),
    ],
)
async def test_what_is_no_answer(behaviour: Behaviour, error: type[BotError], code: str) -> None:
    async with vendor(behaviour) as (server, session):
        with pytest.raises(BotError) as caught:
            await post(session, Post(server.base, b"", "text/plain"), Limits(give_up_after_s=0.3))
    assert (type(caught.value), caught.value.code) == (error, code)


async def not_http(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await writer.drain()


async def test_something_else_than_http() -> None:
    async with vendor(not_http) as (server, session):
        with pytest.raises(BotError) as caught:
            await post(session, Post(server.base, b"", "text/plain"), Limits())
    assert caught.value.code == "no-http"


async def test_nobody_listens() -> None:
    async with vendor(silent) as (server, session):
        pass
    async with vendor(silent) as (_, session):
        with pytest.raises(BotError) as caught:
            await post(session, Post(server.base, b"", "text/plain"), Limits())
    assert caught.value.code == "unreachable"


async def test_a_shorter_limit_may_be_asked_for() -> None:
    async with vendor(silent) as (server, session):
        with pytest.raises(BotTimeout):
            await post(
                session, Post(server.base, b"", "text/plain"), Limits(give_up_after_s=50), within_s=0.1
            )


async def test_pieces_are_handed_on_before_the_answer_is_whole() -> None:
    go_on = asyncio.Event()

    async def halting(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await writer.drain()
        await go_on.wait()
        writer.write(b"later")
        await writer.drain()

    seen = []
    async with (
        vendor(halting) as (server, session),
        streamed(session, Post(server.base, b"", "text/plain"), Limits()) as chunks,
    ):
        async for chunk in chunks:
            seen.append(chunk)
            go_on.set()
    assert seen == [b"first", b"later"]


async def test_an_error_names_neither_address_nor_body() -> None:
    behaviour = answering(b"secret body", "500 Internal Server Error")
    async with vendor(behaviour) as (server, session):
        with pytest.raises(BotError) as caught:
            await post(session, Post(server.base, b"", "text/plain", {"token": "t0ken"}), Limits())
    assert "t0ken" not in str(caught.value)
    assert "secret" not in str(caught.value)
