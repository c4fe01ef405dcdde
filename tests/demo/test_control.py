"""Playing the citizen by HTTP, by hand or from the page."""

import asyncio
import re
from collections.abc import AsyncIterator
from time import time

import httpx
import pytest

from app.demo.control import STATIC
from app.demo.emulator import Emulator, make_emulator
from tests.demo.stage import QUICK, WECHAT, WEIBO, StubGuard, accounts


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


async def test_what_would_be_pushed_again_waits_until_it_may(
    api: httpx.AsyncClient, guard: StubGuard
) -> None:
    guard.answers.insert(0, 503)
    assert (await api.post("/emulator/resends", json={"wait": True})).status_code == 200
    pushing = asyncio.create_task(api.post("/emulator/wechat/messages", json={"user": "o-1", "text": "你好"}))
    while not guard.pushes:  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(0.01)
    done, _ = await asyncio.wait([pushing], timeout=2 * QUICK.answer_within_s)
    assert (done, len(guard.pushes)) == (set(), 1)
    await api.post("/emulator/resends", json={"wait": False})
    assert [one["problem"] for one in (await pushing).json()["tries"]] == ["http-503", ""]


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
        pytest.param("/emulator/resends", b'{"wait":"no"}', id="neither true nor false"),
        pytest.param("/emulator/faults", b'{"path":"/x"}', id="fault that means nothing"),
        pytest.param("/emulator/wechat/autoreply", b'{"magic":true}', id="no such switch"),
        pytest.param("/emulator/wechat/desk", b'{"user":"a"}', id="nothing to say"),
    ],
)
async def test_what_cannot_be_used_is_refused(
    api: httpx.AsyncClient, guard: StubGuard, path: str, body: bytes
) -> None:
    answer = await api.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert guard.pushes == []


async def test_the_platforms_own_replies_are_switched_and_told(api: httpx.AsyncClient) -> None:
    token = await wechat_token(api)

    async def told() -> dict[str, object]:
        url = "/cgi-bin/get_current_autoreply_info"
        return dict((await api.get(url, params={"access_token": token})).json())

    assert await told() == {"is_add_friend_reply_open": 0, "is_autoreply_open": 0}
    for name in ("message", "keyword"):
        await api.post("/emulator/wechat/autoreply", json={name: True})
    assert (await told())["is_autoreply_open"] == 1
    assert "keyword_autoreply_info" in await told()
    answer = await api.post("/emulator/wechat/autoreply", json={"message": False})
    assert answer.json() == {"on": ["keyword"]}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        pytest.param({}, 0, id="as it should be"),
        pytest.param({"starttime": 0}, 65417, id="more than a day"),
        pytest.param({"number": 10_001}, 65416, id="too many"),
        pytest.param({"msgid": "1"}, 65416, id="an id that is text"),
    ],
)
async def test_what_is_written_at_the_platforms_desk_stands_in_its_records(
    api: httpx.AsyncClient, wanted: dict[str, object], code: int
) -> None:
    token, now = await wechat_token(api), int(time())
    for text in ("您好", "再见"):
        await api.post("/emulator/wechat/desk", json={"user": "o-user", "text": text})
    asked = {"starttime": now - 60, "endtime": now + 60, "msgid": 1, "number": 1, **wanted}
    url = "/customservice/msgrecord/getmsglist"
    answer = (await api.post(url, params={"access_token": token}, json=asked)).json()
    assert answer.get("errcode", 0) == code
    if code == 0:
        assert [one["text"] for one in answer["recordlist"]] == ["您好"]
        asked["msgid"] = answer["msgid"]
        answer = (await api.post(url, params={"access_token": token}, json=asked)).json()
        assert [one["text"] for one in answer["recordlist"]] == ["再见"]
    inbox = (await api.get("/emulator/inbox/o-user")).json()
    assert [one["text"] for one in inbox] == ["您好", "再见"]


async def wechat_token(api: httpx.AsyncClient) -> str:
    credentials = {
        "grant_type": "client_credential",
        "appid": WECHAT.app_id,
        "secret": WECHAT.app_secret,
    }
    return str((await api.post("/cgi-bin/stable_token", json=credentials)).json()["access_token"])


async def test_own_comments_are_listed_newest_first(api: httpx.AsyncClient) -> None:
    names = [
        (await api.post("/emulator/weibo/own-comments", json={"status_id": 7, "text": text})).json()["cid"]
        for text in ("一", "二")
    ]
    await api.post("/emulator/weibo/comments", json={"user": 5, "text": "市民的", "status_id": 7})
    query = {"access_token": WEIBO.access_token}
    found = (await api.get("/2/comments/by_me.json", params=query)).json()["comments"]
    assert [(one["id"], one["text"]) for one in found] == [(names[1], "二"), (names[0], "一")]
    query["since_id"] = str(names[0])
    found = (await api.get("/2/comments/by_me.json", params=query)).json()["comments"]
    assert [one["id"] for one in found] == [names[1]]
    assert (await api.get("/2/comments/by_me.json")).json()["error_code"] == "21301"


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
