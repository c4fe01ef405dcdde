import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest

from app.coordination.local import LocalCoordinator
from app.core.errors import PlatformBusy, PlatformError, RateLimited, TokenExpired
from app.platforms.wechat.tokens import AccessTokens
from tests.platforms.loopback import response
from tests.values import NOON


class StableToken:
    """The platform's interface: the same token until it is forced or near its end."""

    def __init__(self) -> None:
        self.now = NOON
        self.serial = 1
        self.ends_at = NOON + timedelta(hours=2)
        self.requests: list[dict[str, object]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: Callable[[], httpx.Response] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/cgi-bin/stable_token")
        asked = json.loads(request.content)
        self.requests.append(asked)
        self.asked.set()
        await self.gate.wait()
        if self.answer is not None:
            return self.answer()
        if asked["force_refresh"] or self.ends_at - self.now <= timedelta(minutes=5):
            self.serial += 1
            self.ends_at = self.now + timedelta(hours=2)
        left_s = int((self.ends_at - self.now).total_seconds())
        return response(b'{"access_token":"T%d","expires_in":%d}' % (self.serial, left_s))

    @property
    def forced(self) -> list[object]:
        return [asked["force_refresh"] for asked in self.requests]

    def clock(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def wechat() -> StableToken:
    return StableToken()


@pytest.fixture
def replicas(wechat: StableToken) -> tuple[AccessTokens, AccessTokens]:
    """Two that share a coordinator, as two replicas share a Redis."""
    coordinator = LocalCoordinator(wechat.monotonic)
    http = httpx.AsyncClient(transport=httpx.MockTransport(wechat))
    one, two = (
        AccessTokens(http, "https://api.weixin", "wx1", "app-secret", coordinator, wechat.clock) for _ in "ab"
    )
    return one, two


Replicas = tuple[AccessTokens, AccessTokens]


async def test_asks_as_documented(wechat: StableToken, replicas: Replicas) -> None:
    assert await replicas[0].current() == "T1"
    assert wechat.requests == [
        {"grant_type": "client_credential", "appid": "wx1", "secret": "app-secret", "force_refresh": False}
    ]


async def test_many_at_once_on_two_replicas_fetch_one(wechat: StableToken, replicas: Replicas) -> None:
    wechat.gate.clear()
    asking = [asyncio.create_task(tokens.current()) for tokens in replicas * 10]
    await wechat.asked.wait()
    wechat.gate.set()
    assert set(await asyncio.gather(*asking)) == {"T1"}
    assert len(wechat.requests) == 1


async def test_a_token_is_given_up_before_its_end(wechat: StableToken, replicas: Replicas) -> None:
    await replicas[0].current()
    wechat.now += timedelta(hours=2) - timedelta(minutes=2, seconds=1)
    assert await replicas[1].current() == "T1"
    wechat.now += timedelta(seconds=1)
    assert await replicas[1].current() == "T2"


async def test_a_token_near_its_end_is_used_for_half_of_what_is_left(
    wechat: StableToken, replicas: Replicas
) -> None:
    wechat.answer = lambda: response(b'{"access_token":"T9","expires_in":60}')
    await replicas[0].current()
    wechat.now += timedelta(seconds=29)
    await replicas[0].current()
    assert len(wechat.requests) == 1
    wechat.now += timedelta(seconds=1)
    await replicas[0].current()
    assert len(wechat.requests) == 2


# --- renewal ----------------------------------------------------------------------------------


async def test_a_failed_token_is_forced_out(wechat: StableToken, replicas: Replicas) -> None:
    assert await replicas[0].renew(await replicas[0].current()) == "T2"
    assert wechat.forced == [False, False, True]


async def test_many_failures_of_one_token_force_once(wechat: StableToken, replicas: Replicas) -> None:
    failed = await replicas[0].current()
    renewed = await asyncio.gather(*(tokens.renew(failed) for tokens in replicas * 10))
    assert set(renewed) == {"T2"}
    assert wechat.forced.count(True) == 1


async def test_a_token_that_failed_long_ago_changes_nothing(wechat: StableToken, replicas: Replicas) -> None:
    assert await replicas[0].current() == "T1"
    assert await replicas[0].renew("T0") == "T1"
    assert len(wechat.requests) == 1


async def test_who_has_an_old_token_takes_the_platforms_without_force(
    wechat: StableToken, replicas: Replicas
) -> None:
    failed = await replicas[0].current()
    wechat.serial = 5  # somebody else forced it
    assert await replicas[0].renew(failed) == "T5"
    assert True not in wechat.forced


async def test_forces_at_most_every_30_seconds(wechat: StableToken, replicas: Replicas) -> None:
    second = await replicas[0].renew(await replicas[0].current())
    wechat.now += timedelta(seconds=29)
    with pytest.raises(TokenExpired):
        await replicas[1].renew(second)
    wechat.now += timedelta(seconds=1)
    assert await replicas[1].renew(second) == "T3"
    assert wechat.forced.count(True) == 2


# --- refusals ---------------------------------------------------------------------------------


def refusal(code: int, errmsg: str = "rid: 1") -> bytes:
    return json.dumps({"errcode": code, "errmsg": errmsg}).encode()


@pytest.mark.parametrize(
    ("answer", "error", "code", "word"),
    [
        pytest.param(
            refusal(40164, "invalid ip 203.0.113.7, not in whitelist"),
            PlatformError,
            "40164",
            "203.0.113.7",
            id="address not allowed",
        ),
        pytest.param(refusal(40013), PlatformError, "40013", "app_id", id="wrong app id"),
        pytest.param(refusal(40125), PlatformError, "40125", "app_secret", id="wrong secret"),
        pytest.param(refusal(40001), PlatformError, "40001", "app_secret", id="here 40001 means the secret"),
        pytest.param(refusal(-1), PlatformBusy, "-1", "busy", id="busy"),
        pytest.param(refusal(45009), RateLimited, "45009", "quota", id="over the day's quota"),
    ],
)
async def test_refusals(
    wechat: StableToken,
    replicas: Replicas,
    answer: bytes,
    error: type[PlatformError],
    code: str,
    word: str,
) -> None:
    wechat.answer = lambda: response(answer)
    with pytest.raises(PlatformError) as refused:
        await replicas[0].current()
    assert (type(refused.value), refused.value.code) == (error, code)
    assert word in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(b"Bad Gateway", 502, id="gateway's error"),
        pytest.param(b"<html>", 200, id="captive portal"),
        pytest.param(b'{"expires_in": 7200}', 200, id="no token"),
        pytest.param(b'{"access_token": "", "expires_in": 7200}', 200, id="empty token"),
        pytest.param(b'{"access_token": "T", "expires_in": "7200"}', 200, id="lifetime as text"),
        pytest.param(b'{"access_token": "T", "expires_in": 0}', 200, id="no lifetime"),
        pytest.param(b'{"access_token": "T"}', 200, id="lifetime missing"),
    ],
)
async def test_an_answer_without_a_token_may_be_tried_again(
    wechat: StableToken, replicas: Replicas, answer: bytes, status: int
) -> None:
    wechat.answer = lambda: response(answer, status)
    with pytest.raises(PlatformBusy) as refused:
        await replicas[0].current()
    assert refused.value.code == "no-token"
    wechat.answer = None
    assert await replicas[1].current() == "T1", "the lock is free and nothing wrong was kept"


async def test_an_endless_lifetime_is_cut(wechat: StableToken, replicas: Replicas) -> None:
    wechat.answer = lambda: response(b'{"access_token":"T9","expires_in":1%s}' % (b"0" * 30))
    await replicas[0].current()
    wechat.answer = None
    wechat.now += timedelta(hours=2)
    assert await replicas[0].current() == "T2"


@pytest.mark.parametrize(
    "stored", ["", "T1", "{}", '{"token": 1, "good_until": 9e9}', '{"token": "T", "good_until": 1e300}']
)
async def test_rubbish_in_the_shared_place_is_fetched_over(
    wechat: StableToken, replicas: Replicas, stored: str
) -> None:
    await replicas[0].coordinator.put("wechat:wx1:token", stored, timedelta(hours=1))
    assert await replicas[0].current() == "T1"


async def test_shows_no_secret(replicas: Replicas, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="app")
    token = await replicas[0].current()
    assert "app-secret" not in repr(replicas[0]) + caplog.text
    assert token not in caplog.text
