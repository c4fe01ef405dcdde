import gzip

import aiohttp
import pytest

from app.clients import USER_AGENT, bot_http, platform_http
from tests.platforms.loopback import answering, loopback


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that points every client at a port where nobody listens."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


@pytest.mark.usefixtures("proxied")
async def test_platform_http_heeds_no_environment_and_follows_nothing() -> None:
    redirect = answering(b"", "302 Found", "Location: /elsewhere\r\n")
    async with platform_http() as http, loopback(redirect) as server:
        assert (await http.post(server.base)).status_code == 302
    assert server.received[0].headers["user-agent"] == USER_AGENT


async def test_platform_http_keeps_no_connection() -> None:
    async with platform_http() as http, loopback(answering(b"{}")) as server:
        for _ in range(2):
            await http.post(server.base)
    assert len(server.received) == 2


@pytest.mark.usefixtures("proxied")
async def test_bot_http_heeds_no_environment_and_keeps_no_cookie() -> None:
    crumb = answering(b"{}", headers="Set-Cookie: who=citizen-1; Path=/\r\n")
    async with bot_http() as http, loopback(crumb) as server:
        for _ in range(2):
            async with http.post(server.base, allow_redirects=False) as response:
                assert response.status == 200
    assert [received.headers.get("cookie") for received in server.received] == [None, None]
    assert server.received[0].headers["user-agent"] == USER_AGENT


async def test_bot_http_unpacks_nothing() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    async with (
        bot_http() as http,
        loopback(answering(packed, headers="Content-Encoding: gzip\r\n")) as server,
        http.post(server.base, allow_redirects=False) as response,
    ):
        assert await response.read() == packed
    assert server.received[0].headers["accept-encoding"] == "identity"


async def test_bot_http_gives_up_in_the_end() -> None:
    async with bot_http() as http:
        assert isinstance(http.timeout, aiohttp.ClientTimeout)
        assert http.timeout.total is not None
