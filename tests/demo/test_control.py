"""Playing the citizen by HTTP, by hand or from the page."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from app.demo.control import STATIC
from app.demo.emulator import Emulator, make_emulator
from tests.demo.stage import StubGuard, accounts


@pytest.fixture
def guard() -> StubGuard:
    return StubGuard([lambda _query, _body: b""])


@pytest.fixture
async def api(guard: StubGuard) -> AsyncIterator[httpx.AsyncClient]:
    emulator: Emulator = make_emulator(
        accounts(), httpx.AsyncClient(transport=httpx.ASGITransport(app=guard))
    )
    transport = httpx.ASGITransport(app=emulator.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://platform") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        pytest.param("/emulator/wechat/messages", {"user": "o-1", "text": "你好"}, id="text"),
        pytest.param("/emulator/wechat/messages", {"user": "o-1", "kind": "subscribe"}, id="follow"),
        pytest.param(
            "/emulator/wechat/messages",
            {"user": "o-1", "kind": "location", "fields": {"Label": "广场", "Scale": 3}},
            id="fields of one's own",
        ),
        pytest.param("/emulator/weibo/messages", {"user": "2", "text": "你好"}, id="weibo, id as text"),
        pytest.param("/emulator/weibo/messages", {"user": 2, "kind": "follow"}, id="weibo follow"),
        pytest.param(
            "/emulator/weibo/mentions", {"user": 2, "text": "@贵河发布", "status_id": 5}, id="mention"
        ),
    ],
)
async def test_a_citizen_writes(
    api: httpx.AsyncClient, guard: StubGuard, path: str, wanted: dict[str, object]
) -> None:
    result = (await api.post(path, json=wanted)).json()
    assert (len(result["tries"]), result["problem"], len(guard.pushes)) == (1, "", 1)


async def test_an_inbox_can_be_waited_for(api: httpx.AsyncClient) -> None:
    assert (await api.get("/emulator/inbox/o-1", params={"at_least": 1, "within_s": 0.05})).json() == []
    assert (await api.get("/emulator/inbox/o-1", params={"at_least": "many"})).status_code == 400


async def test_a_comment_gets_the_ids_a_reply_needs(api: httpx.AsyncClient) -> None:
    wanted = {"user": 2, "text": "路灯", "status_id": 5}
    comment = (await api.post("/emulator/weibo/comments", json=wanted)).json()
    assert (comment["id"], comment["cid"] > 0) == (5, True)


@pytest.mark.parametrize("platform", ["wechat", "weibo"])
async def test_the_webhook_can_be_verified(api: httpx.AsyncClient, platform: str) -> None:
    assert (await api.post(f"/emulator/{platform}/verification")).json() == {"ok": True}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/emulator/wechat/messages", b"{", id="broken JSON"),
        pytest.param("/emulator/wechat/messages", b"[]", id="no object"),
        pytest.param("/emulator/wechat/messages", b'{"text":"a"}', id="no user"),
        pytest.param("/emulator/wechat/messages", b'{"user":"a","fields":[]}', id="fields no object"),
        pytest.param("/emulator/weibo/messages", b'{"user":"citizen","text":"a"}', id="user no number"),
        pytest.param("/emulator/weibo/messages", b'{"text":"a"}', id="weibo without user"),
        pytest.param("/emulator/clock", b'{"advance_s":true}', id="seconds no number"),
        pytest.param("/emulator/faults", b'{"path":"/x"}', id="fault that means nothing"),
    ],
)
async def test_what_cannot_be_used_is_refused(
    api: httpx.AsyncClient, guard: StubGuard, path: str, body: bytes
) -> None:
    answer = await api.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert guard.pushes == []


async def test_the_clock_goes_forward(api: httpx.AsyncClient) -> None:
    first = (await api.post("/emulator/clock", json={"advance_s": 0})).json()["now"]
    later = (await api.post("/emulator/clock", json={"advance_s": 86_400})).json()["now"]
    assert later > first


async def test_the_page_and_all_it_needs_are_served(api: httpx.AsyncClient) -> None:
    page = await api.get("/")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert [(await api.get(path)).status_code for path in needed] == [200, 200]


@pytest.mark.parametrize("name", ["page.html", "page.js", "page.css"])
def test_the_page_takes_nothing_from_elsewhere_and_styles_nothing_in_place(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//\w|\bstyle=|\.style\b|innerHTML|\bon\w+=", text.replace("// ", ""))
