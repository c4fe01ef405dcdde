"""The slow, the many and the half-open take nothing from others."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.proxied import (
    HOST,
    anyio_backend,
    code_of,
    connect,
    dial,
    office,
    request,
    say,
    tunnel,
)

__all__ = ["anyio_backend"]  # a fixture


async def test_who_hangs_up_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    async with office(tmp_path, connections=1) as here:
        for head in (b"", b"CONNECT api.weixin", connect(), connect(headers="")):
            await dial(here, head, hangs_up=True)
            await asyncio.sleep(0.2)
        _, writer = await tunnel(here)
        writer.transport.abort()
        await asyncio.sleep(0.2)
        assert code_of(await say(here, request("GET", "/cgi-bin/nothing"))) == 48001
        assert set(here.refusals()) <= {"hung-up", "handshake", "no-credentials"}


async def test_who_does_not_get_on_is_shown_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.forward_proxy.server.HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr("app.web.forward_proxy.wire.HANDSHAKE_WITHIN_S", 0.5)
    async with office(tmp_path) as here:
        assert await dial(here, b"") == await dial(here, b"CONNECT ")
        assert await dial(here, connect()) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert await dial(here, b"CONNECT ") != b""
        assert here.refusals() == {"too-slow": 3, "handshake": 1}


async def test_a_tunnel_without_whole_requests_is_closed_however_its_bytes_trickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.forward_proxy.inner.IDLE_S", 1.0)
    async with office(tmp_path) as here:
        reader, writer = await tunnel(here)
        trickling = asyncio.create_task(trickle(writer))
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        await asyncio.gather(trickling, return_exceptions=True)


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /cgi-bin/token HTTP/1.1\r\n")
    while not writer.is_closing():
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def test_a_head_in_the_tunnel_has_an_end(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        reader, writer = await tunnel(here)
        writer.write(b"GET /cgi-bin/token HTTP/1.1\r\n" + b"X: y\r\n" * 10_000)
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"0\r\n" + b"X: y\r\n" * 100_000, id="trailers"),
        pytest.param(b"0\r\nX: " + b"y" * 1_000_000, id="one trailer"),
        pytest.param(b"1;" + b"y" * 1_000_000, id="a chunk's extension"),
    ],
)
async def test_what_goes_with_a_chunked_body_in_the_tunnel_has_an_end(tmp_path: Path, endless: bytes) -> None:
    """uvicorn keeps each trailer for as long as the connection stands."""
    head = f"POST /cgi-bin/token HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with office(tmp_path) as here:
        reader, writer = await tunnel(here)
        writer.write(head.encode() + endless)
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                await reader.read()
        writer.close()


HALF_A_CALL = request("POST", "/cgi-bin/stable_token", b"{" + b" " * 100)[:-50]


async def test_a_call_has_an_end_for_whoever_does_not_take_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.forward_proxy.inner.REQUEST_WITHIN_S", 0.3)
    async with office(tmp_path) as here:
        reader, writer = await tunnel(here)
        writer.write(HALF_A_CALL)
        with suppress(ConnectionError):
            async with asyncio.timeout(2):  # the stand-in itself waits for 3 s
                assert await reader.read() == b""
        writer.close()


async def test_what_is_not_finished_in_time_does_not_keep_the_guard(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        _, opening = await asyncio.open_connection("127.0.0.1", here.port)
        reader, writer = await tunnel(here)
        writer.write(HALF_A_CALL)
        await asyncio.sleep(0.2)
        async with asyncio.timeout(2):
            await here.proxy.drain(0.3)
            with suppress(ConnectionError):
                assert (await reader.read())[:12] in (b"", b"HTTP/1.1 500")
        for one in (opening, writer):
            one.close()


async def test_what_nobody_foresaw_closes_one_connection_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, connections=1) as here:
        with monkeypatch.context() as broken:
            broken.setattr("app.web.forward_proxy.server.ConnectHead", None)
            assert await dial(here, connect()) == b""
        metrics = await here.town.http.get("/metrics")
        assert 'guard_failures_total{error="TypeError",where="forward_proxy"} 1.0' in metrics.text
        assert code_of(await say(here, request("GET", "/cgi-bin/nothing"))) == 48001


async def test_one_address_has_so_many_connections_and_gets_them_back(tmp_path: Path) -> None:
    async with office(tmp_path, connections_per_address=2) as here:
        first, second = await tunnel(here), await tunnel(here)
        assert (await dial(here, connect())).startswith(b"HTTP/1.1 503 ")
        for _, writer in (first, second):
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.2)
        assert code_of(await say(here, request("GET", "/cgi-bin/nothing"))) == 48001
        assert here.refusals() == {"too-many": 1}
