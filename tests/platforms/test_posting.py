import asyncio
import gzip
import json
import logging
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from app.clients import platform_http
from app.core.errors import FateUnknown, PlatformBusy, PlatformError
from app.platforms.posting import MAX_ANSWER_BYTES, HttpAnswer, post
from tests.platforms.loopback import Behaviour, answering, endless, hanging_up, loopback, silent


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with platform_http(timeout_s=5.0) as client:
        yield client


def free_address() -> str:
    """Where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


async def test_sends_the_bytes_it_is_given(http: httpx.AsyncClient) -> None:
    async with loopback(answering(b"{}", status="403 Forbidden")) as platform:
        answer = await post(
            http, f"{platform.base}/p", "您好".encode(), "text/x", within_s=5, query={"access_token": "T+/="}
        )
    (received,) = platform.received
    assert answer == HttpAnswer(403, b"{}")
    assert received.line == "POST /p?access_token=T%2B%2F%3D HTTP/1.1"
    assert received.body == "您好".encode()
    assert received.headers["content-type"] == "text/x"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"].startswith("shenyan/")


async def test_nobody_there_means_not_sent(http: httpx.AsyncClient) -> None:
    with pytest.raises(PlatformBusy) as refused:
        await post(http, free_address(), b"x", "text/x", within_s=5)
    assert refused.value.code == "unreachable"


async def test_a_failed_handshake_means_not_sent(http: httpx.AsyncClient) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(PlatformBusy):
            await post(http, f"https://127.0.0.1:{port}/", b"x", "text/x", within_s=5)


@pytest.mark.parametrize(
    ("behaviour", "within_s"),
    [
        pytest.param(silent, 0.2, id="no answer in time"),
        pytest.param(hanging_up, 5.0, id="hangs up without an answer"),
        pytest.param(endless, 5.0, id="an answer without end"),
        pytest.param(answering(b"x" * (MAX_ANSWER_BYTES + 1)), 5.0, id="an answer too large"),
    ],
)
async def test_sent_without_an_answer_has_an_unknown_fate(
    http: httpx.AsyncClient, behaviour: Behaviour, within_s: float
) -> None:
    async with loopback(behaviour) as platform:
        with pytest.raises(FateUnknown) as lost:
            await post(http, platform.base, b"x", "text/x", within_s=within_s)
        assert len(platform.received) == 1, "it arrived, and was not sent again"
    assert lost.value.code == "no-answer"
    assert not isinstance(lost.value, PlatformBusy)


async def test_a_slow_answer_has_an_unknown_fate_too() -> None:
    async with platform_http(timeout_s=0.2) as http, loopback(silent) as platform:
        with pytest.raises(FateUnknown):
            await post(http, platform.base, b"x", "text/x", within_s=5)


async def test_a_redirect_is_an_answer_and_is_not_followed(http: httpx.AsyncClient) -> None:
    async with loopback(answering(b"", "302 Found", "Location: /elsewhere\r\n")) as platform:
        assert (await post(http, platform.base, b"x", "text/x", within_s=5)).status == 302
    assert len(platform.received) == 1


async def test_a_packed_answer_is_not_unpacked(http: httpx.AsyncClient) -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    async with loopback(answering(packed, headers="Content-Encoding: gzip\r\n")) as platform:
        answer = await post(http, platform.base, b"x", "text/x", within_s=5)
    assert answer.body == packed


async def test_cancelling_cancels(http: httpx.AsyncClient) -> None:
    async with loopback(silent) as platform:
        sending = asyncio.create_task(post(http, platform.base, b"x", "text/x", within_s=30))
        await platform.arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


@pytest.mark.parametrize("address", ["ftp://example.org/", "http://[::1/", "example.org"])
async def test_an_address_that_is_none_is_a_refusal_for_good(http: httpx.AsyncClient, address: str) -> None:
    with pytest.raises(PlatformError) as refused:
        await post(http, address, b"x", "text/x", within_s=5)
    assert refused.value.code == "bad-address"


async def test_neither_logs_nor_errors_show_a_token(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with loopback(answering(json.dumps({"errcode": 0}).encode())) as platform:
        await post(http, platform.base, b"x", "text/x", within_s=5, query={"access_token": "SECRET-TOKEN"})
        platform.behaviour = hanging_up
        with pytest.raises(FateUnknown) as lost:
            await post(
                http, platform.base, b"x", "text/x", within_s=5, query={"access_token": "SECRET-TOKEN"}
            )
    assert "SECRET-TOKEN" not in caplog.text
    assert "SECRET-TOKEN" not in str(lost.value) + str(lost.value.__cause__)
