"""The send API as the documents describe it: error codes, windows, quotas, tokens."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from app.demo.emulator import Emulator, make_emulator
from tests.demo.stage import WECHAT, StubGuard, accounts

USER = "o-user"
SEND = "/cgi-bin/message/custom/send"
CREDENTIALS = {"grant_type": "client_credential", "appid": WECHAT.app_id, "secret": WECHAT.app_secret}
MINUTE_S = 60
HOUR_S = 3600


@pytest.fixture
def emulator() -> Emulator:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=StubGuard([200])))
    return make_emulator(accounts(), http)


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=emulator.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://platform") as client:
        yield client


async def token(api: httpx.AsyncClient) -> str:
    answer = await api.post("/cgi-bin/stable_token", json=CREDENTIALS)
    return str(answer.json()["access_token"])


async def send(api: httpx.AsyncClient, body: Mapping[str, object] | bytes, access_token: str = "") -> int:
    """The errcode of one send. Raw UTF-8, as the platform wants it."""
    query = {"access_token": access_token or await token(api)}
    answer = (
        await api.post(SEND, params=query, content=body)
        if isinstance(body, bytes)
        else await api.post(SEND, params=query, json=body)
    )
    return int(answer.json()["errcode"])


def text(content: str = "您好", user: str = USER) -> dict[str, object]:
    return {"touser": user, "msgtype": "text", "text": {"content": content}}


async def test_a_text_arrives(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await emulator.wechat.push(USER)
    assert await send(api, text("您好，已转交。")) == 0
    assert [(one.via, one.text) for one in emulator.inbox.of(USER)] == [("api", "您好，已转交。")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", 44002, id="empty post"),
        pytest.param(b"{", 47001, id="broken JSON"),
        pytest.param(b"[]", 47001, id="no object"),
        pytest.param(text(""), 44004, id="empty content"),
        pytest.param(text("长" * 683), 45002, id="2049 bytes"),
        pytest.param(text("长" * 682), 0, id="2046 bytes are well"),
        pytest.param(text(user="o-stranger"), 40003, id="not a follower"),
        pytest.param({**text(), "msgtype": "hologram"}, 40008, id="unknown type"),
        pytest.param({**text(), "text": ["您好"]}, 45162, id="a list for an object"),
        pytest.param(
            {"touser": USER, "msgtype": "news", "news": {"articles": {"title": "a"}}},
            45162,
            id="articles no list",
        ),
        pytest.param(
            {"touser": USER, "msgtype": "news", "news": {"articles": [{"title": "a"}] * 2}},
            45008,
            id="two articles",
        ),
        pytest.param(
            {"touser": USER, "msgtype": "news", "news": {"articles": [{"title": "a"}]}}, 0, id="one article"
        ),
        pytest.param(
            b'{"touser":"o-user","msgtype":"text","text":{"content":"\\u60a8"}}', 40033, id="escaped letters"
        ),
        pytest.param(
            b'{"touser":"o-user","msgtype":"text","text":{"content":"C:\\\\users"}}', 0, id="a backslash"
        ),
    ],
)
async def test_what_is_refused(
    emulator: Emulator, api: httpx.AsyncClient, body: Mapping[str, object] | bytes, code: int
) -> None:
    await emulator.wechat.push(USER)
    assert await send(api, body) == code
    assert len(emulator.inbox.of(USER)) == (1 if code == 0 else 0)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        pytest.param("text", [0, 0, 0, 0, 0, 45047], id="five after a message"),
        pytest.param("subscribe", [0, 0, 0, 45047], id="three after a follow"),
        pytest.param("CLICK", [0, 0, 0, 45047], id="three after a menu click"),
        pytest.param("SCAN", [0, 0, 0, 45047], id="three after a scan"),
        pytest.param("VIEW", [45015], id="none after opening a link"),
        pytest.param("unsubscribe", [45015], id="none after leaving"),
    ],
)
async def test_the_quota(emulator: Emulator, api: httpx.AsyncClient, kind: str, codes: list[int]) -> None:
    await emulator.wechat.push(USER, kind)
    assert [await send(api, text()) for _ in codes] == codes


@pytest.mark.parametrize(
    ("kind", "later_s", "code"),
    [
        pytest.param("text", 48 * HOUR_S - MINUTE_S, 0, id="a minute before 48 hours"),
        pytest.param("text", 48 * HOUR_S, 45015, id="after 48 hours"),
        pytest.param("CLICK", MINUTE_S - 5, 0, id="within the minute"),
        pytest.param("CLICK", MINUTE_S, 45015, id="after the minute"),
    ],
)
async def test_the_window(
    emulator: Emulator, api: httpx.AsyncClient, kind: str, later_s: int, code: int
) -> None:
    await emulator.wechat.push(USER, kind)
    emulator.clock.advance(later_s)
    assert await send(api, text()) == code


async def test_a_message_opens_the_window_anew(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await emulator.wechat.push(USER)
    assert [await send(api, text()) for _ in range(6)][-1] == 45047
    await emulator.wechat.push(USER)
    assert await send(api, text()) == 0


async def test_a_click_adds_to_the_window_of_a_message(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await emulator.wechat.push(USER)
    await emulator.wechat.push(USER, "CLICK")
    assert [await send(api, text()) for _ in range(9)] == [0] * 8 + [45047]


async def test_a_tap_in_a_menu_message_is_a_click(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await emulator.wechat.push(USER, fields={"Content": "是", "bizmsgmenuid": "101"})
    emulator.clock.advance(MINUTE_S)
    assert await send(api, text()) == 45015


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"appid": "wx-other"}, 40013, id="app id"),
        pytest.param({"secret": "wrong"}, 40125, id="secret"),
        pytest.param({"grant_type": "password"}, 40002, id="grant type"),
    ],
)
async def test_a_token_needs_the_credentials(
    api: httpx.AsyncClient, changed: Mapping[str, str], code: int
) -> None:
    wanted = {**CREDENTIALS, **changed}
    assert (await api.post("/cgi-bin/stable_token", json=wanted)).json()["errcode"] == code
    assert (await api.get("/cgi-bin/token", params=wanted)).json()["errcode"] == code


async def test_tokens_missing_wrong_and_expired(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await emulator.wechat.push(USER)
    assert (await api.post(SEND, json=text())).json()["errcode"] == 41001
    assert await send(api, text(), "made-up") == 40001
    issued = await token(api)
    emulator.clock.advance(7200)
    assert await send(api, text(), issued) == 42001
    assert await send(api, text()) == 0


async def test_a_stable_token_stays_and_the_other_endpoint_ends_its_own(
    emulator: Emulator, api: httpx.AsyncClient
) -> None:
    await emulator.wechat.push(USER)
    stable = await token(api)
    first = (await api.get("/cgi-bin/token", params=CREDENTIALS)).json()["access_token"]
    second = (await api.get("/cgi-bin/token", params=CREDENTIALS)).json()["access_token"]
    assert await token(api) == stable
    assert [await send(api, text(), one) for one in (stable, first, second)] == [0, 0, 0]
    emulator.clock.advance(5 * MINUTE_S)
    assert [await send(api, text(), one) for one in (first, second)] == [42001, 0]


async def test_a_stable_token_is_renewed_near_its_end_and_on_demand(
    emulator: Emulator, api: httpx.AsyncClient
) -> None:
    first = await token(api)
    emulator.clock.advance(7200 - 4 * MINUTE_S)
    second = await token(api)
    forced = await api.post("/cgi-bin/stable_token", json={**CREDENTIALS, "force_refresh": True})
    assert len({first, second, forced.json()["access_token"]}) == 3


@pytest.mark.parametrize(("command", "code"), [("Typing", 0), ("CancelTyping", 0), ("Dancing", 45072)])
async def test_typing(api: httpx.AsyncClient, command: str, code: int) -> None:
    answer = await api.post(
        "/cgi-bin/message/custom/typing",
        params={"access_token": await token(api)},
        json={"touser": USER, "command": command},
    )
    assert answer.json()["errcode"] == code
