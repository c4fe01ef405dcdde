"""Weibo's pushes and its send API, with our own codec as the guard's half."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from app.core.model import Card, Cards, MessageKind, Reply
from app.demo.emulator import Emulator, make_emulator
from app.demo.inbox import Via
from app.demo.weibo_platform import EVENTS, EXAMPLES
from app.platforms.weibo.codec import WeiboCodec
from tests.demo.stage import WEIBO, Answer, StubGuard, accounts

USER = 2489518277
REPLY = "/2/messages/reply.json"
COMMENT_REPLY = "/2/comments/reply.json"
COMMENT = "/2/comments/create.json"
CODEC = WeiboCodec("weibo", WEIBO.app_secret, timedelta(minutes=10), str(WEIBO.uid))


def says(reply: Reply) -> Answer:
    def answer(query: Mapping[str, str], body: bytes) -> bytes:
        now = datetime.now(UTC)
        return CODEC.encode(CODEC.decode(query, body, now), reply, now)

    return answer


def passive(user: int = USER, text: str = "您好", **changed: object) -> bytes:
    data = quote(json.dumps({"text": text}))
    fields: dict[str, object] = {"result": True, "sender_id": str(WEIBO.uid), "receiver_id": str(user)}
    return json.dumps({**fields, "type": "text", "data": data, **changed}).encode()


def emulator_before(guard: StubGuard) -> Emulator:
    return make_emulator(accounts(), httpx.AsyncClient(transport=httpx.ASGITransport(app=guard)))


@pytest.fixture
def emulator() -> Emulator:
    return emulator_before(StubGuard([200]))


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=emulator.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://platform") as client:
        yield client


async def post(api: httpx.AsyncClient, path: str, form: Mapping[str, object]) -> str:
    """The error code as text; empty: done."""
    filled = {"access_token": WEIBO.access_token, "rip": "127.0.0.1", **form}
    answer = await api.post(path, data={name: str(value) for name, value in filled.items()})
    return str(answer.json().get("error_code", ""))


async def test_a_push_is_read_and_its_answer_arrives() -> None:
    guard = StubGuard([says(Reply.of("您好，已收悉。"))])
    emulator = emulator_before(guard)
    result = await emulator.weibo.push(USER, text="路灯坏了 100%")
    message = CODEC.decode(*guard.pushes[0], datetime.now(UTC))
    assert (message.user, message.text, result.problem) == (str(USER), "路灯坏了 100%", "")
    assert [(one.via, one.text) for one in emulator.inbox.of(str(USER))] == [(Via.PASSIVE, "您好，已收悉。")]


async def test_cards_arrive() -> None:
    emulator = emulator_before(StubGuard([says(Reply((Cards((Card("通知", "停水", "https://a"),)),)))]))
    await emulator.weibo.push(USER, text="通知")
    assert [one.text for one in emulator.inbox.of(str(USER))] == ["通知\n停水\nhttps://a"]


@pytest.mark.parametrize("kind", [*EXAMPLES, *EVENTS])
async def test_every_kind_is_understood(kind: str) -> None:
    guard = StubGuard([200])
    await emulator_before(guard).weibo.push(USER, kind, "你好")
    message = CODEC.decode(*guard.pushes[0], datetime.now(UTC))
    assert message.kind is not MessageKind.UNKNOWN
    assert (message.event or message.kind_name) == kind


async def test_two_messages_in_one_second_keep_their_names_apart() -> None:
    guard = StubGuard([200])
    emulator = emulator_before(guard)
    results = [await emulator.weibo.push(USER, text="你好") for _ in range(2)]
    keys = {CODEC.decode(*push, datetime.now(UTC)).key for push in guard.pushes}
    assert (len(keys), len({one.message_id for one in results})) == (2, 2)


async def test_a_failed_push_comes_again_unchanged() -> None:
    guard = StubGuard([503, 0, says(Reply.of("您好"))])
    result = await emulator_before(guard).weibo.push(USER, text="你好")
    assert (len({body for _, body in guard.pushes}), len({query["nonce"] for query, _ in guard.pushes})) == (
        1,
        3,
    )
    assert [one.problem for one in result.tries] == ["http-503", "timeout", ""]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"success", id="no JSON"),
        pytest.param(passive(user=1), id="for another follower"),
        pytest.param(passive(sender_id="1"), id="of another account"),
        pytest.param(passive(result=False), id="result false"),
        pytest.param(passive(text="长" * 300), id="300 letters"),
        pytest.param(passive(data=quote(quote('{"text":"a"}'))), id="encoded twice"),
        pytest.param(passive(data={"text": "a"}), id="data no string"),
        pytest.param(passive(type="hologram"), id="unknown type"),
    ],
)
async def test_an_abnormal_answer_shows_nothing(body: bytes) -> None:
    emulator = emulator_before(StubGuard([lambda _query, _body: body]))
    result = await emulator.weibo.push(USER, text="你好")
    assert result.problem.startswith("abnormal")
    assert emulator.inbox.of(str(USER)) == ()


async def test_the_address_is_verified_by_its_echo(emulator: Emulator) -> None:
    assert await emulator.weibo.verify_url()


# --- the send API -----------------------------------------------------------------------------

MESSAGE = {"receiver_id": USER, "type": "text", "data": json.dumps({"text": "您好"})}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({}, "", id="arrives"),
        pytest.param({"access_token": "wrong"}, "21332", id="wrong token"),
        pytest.param({"data": quote('{"text":"a"}')}, "10008", id="data encoded twice"),
        pytest.param({"data": ""}, "10016", id="no data"),
        pytest.param({"type": "hologram"}, "10008", id="unknown type"),
        pytest.param({"receiver_id": "somebody"}, "10008", id="receiver no number"),
        pytest.param({"receiver_id": 1}, "10014", id="never wrote to us"),
    ],
)
async def test_a_private_message(
    emulator: Emulator, api: httpx.AsyncClient, changed: Mapping[str, object], code: str
) -> None:
    await emulator.weibo.push(USER, text="你好")
    assert await post(api, REPLY, {**MESSAGE, **changed}) == code
    assert len(emulator.inbox.of(str(USER))) == (0 if code else 1)


@pytest.mark.parametrize(
    ("kind", "later_s", "code"),
    [
        pytest.param("follow", 48 * 3600 - 60, "", id="before 48 hours"),
        pytest.param("follow", 48 * 3600, "10014", id="after 48 hours"),
        pytest.param("unfollow", 0, "10014", id="left"),
        pytest.param("view", 0, "10014", id="opened a link"),
    ],
)
async def test_the_window(
    emulator: Emulator, api: httpx.AsyncClient, kind: str, later_s: int, code: str
) -> None:
    await emulator.weibo.push(USER, kind)
    emulator.clock.advance(later_s)
    assert await post(api, REPLY, MESSAGE) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({}, "", id="arrives"),
        pytest.param({"rip": ""}, "10016", id="no rip"),
        pytest.param({"cid": 1}, "20201", id="comment gone"),
        pytest.param({"id": 1}, "20101", id="another post"),
        pytest.param({"comment": "长" * 135}, "20012", id="too long with the mention"),
        pytest.param({"comment": "长" * 135, "without_mention": 1}, "", id="not too long without it"),
        pytest.param({"comment": "长" * 141, "without_mention": 1}, "20012", id="too long"),
    ],
)
async def test_a_reply_to_a_comment(
    emulator: Emulator, api: httpx.AsyncClient, changed: Mapping[str, object], code: str
) -> None:
    comment = emulator.weibo.comment(USER, "路灯坏了", status_id=5000)
    form = {"cid": comment.id, "id": 5000, "comment": "已收悉", **changed}
    assert await post(api, COMMENT_REPLY, form) == code
    assert len(emulator.inbox.of(str(USER))) == (0 if code else 1)


async def test_a_reply_shows_whom_it_answers(emulator: Emulator, api: httpx.AsyncClient) -> None:
    comment = emulator.weibo.comment(USER, "路灯坏了", status_id=5000)
    await post(api, COMMENT_REPLY, {"cid": comment.id, "id": 5000, "comment": "已收悉"})
    assert [(one.via, one.text) for one in emulator.inbox.of(str(USER))] == [
        (Via.COMMENT, f"回复@用户{USER}:已收悉")
    ]


async def test_the_same_comment_twice_is_refused(emulator: Emulator, api: httpx.AsyncClient) -> None:
    comment = emulator.weibo.comment(USER, "路灯坏了", status_id=5000)
    form = {"cid": comment.id, "id": 5000, "comment": "已收悉"}
    texts = ["已收悉", "已收悉", "已转交", "已收悉"]
    codes = [await post(api, COMMENT_REPLY, {**form, "comment": text}) for text in texts]
    assert codes == ["", "20019", "", ""]


async def test_a_mention_is_answered_below_the_citizens_post(
    emulator: Emulator, api: httpx.AsyncClient
) -> None:
    await emulator.weibo.mention(USER, "@贵河发布 路灯坏了", status_id=5001)
    assert await post(api, COMMENT, {"id": 5001, "comment": "已收悉"}) == ""
    assert await post(api, COMMENT, {"id": 5002, "comment": "已转交"}) == "20101"
    assert [one.text for one in emulator.inbox.of(str(USER))] == ["已收悉"]


# --- posts, mass messages, lists --------------------------------------------------------------

NEWS = "停水通知 https://www.example.gov.cn"


@pytest.mark.parametrize("path", ["/2/messages/reply/biz.json", "/2/comments/create/biz.json"])
async def test_the_other_hosts_spelling_counts(emulator: Emulator, api: httpx.AsyncClient, path: str) -> None:
    await emulator.weibo.push(USER, text="你好")
    await emulator.weibo.mention(USER, "@贵河发布", status_id=5001)
    assert await post(api, path, {**MESSAGE, "id": 5001, "comment": "已收悉"}) == ""


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        pytest.param([NEWS], [""], id="appears"),
        pytest.param([NEWS, NEWS], ["", "20019"], id="said before"),
        pytest.param(["停水通知"], ["10017"], id="no link"),
        pytest.param(["长" * 130 + NEWS], ["20012"], id="too long"),
    ],
)
async def test_a_post(emulator: Emulator, api: httpx.AsyncClient, texts: list[str], codes: list[str]) -> None:
    assert [await post(api, "/2/statuses/share.json", {"status": text}) for text in texts] == codes
    posts = [(one.via, one.text) for one in emulator.inbox.of(str(WEIBO.uid))]
    assert posts == ([(Via.POST, NEWS)] if codes[0] == "" else [])


@pytest.mark.parametrize(
    ("whom", "body", "code"),
    [
        pytest.param({"touser": [str(USER)]}, {}, "", id="a list"),
        pytest.param({"filter": {"group_id": "1"}}, {}, "", id="a group, which is everybody here"),
        pytest.param({}, {"msgtype": "hologram"}, "10008", id="unknown type"),
    ],
)
async def test_a_mass_message(
    emulator: Emulator,
    api: httpx.AsyncClient,
    whom: Mapping[str, object],
    body: Mapping[str, object],
    code: str,
) -> None:
    await emulator.weibo.push(USER, "follow")
    wanted = {**whom, "text": {"content": "停水"}, "msgtype": "text", **body}
    query = {"access_token": WEIBO.access_token}
    answer = await api.post("/2/messages/sendall.json", params=query, json=wanted)
    assert str(answer.json().get("error_code", "")) == code
    assert [one.text for one in emulator.inbox.of(str(USER))] == ([] if code else ["停水"])


async def test_lists_of_comments_and_mentions(emulator: Emulator, api: httpx.AsyncClient) -> None:
    first = emulator.weibo.comment(USER, "路灯坏了", status_id=5000)
    second = emulator.weibo.comment(USER, "@贵河发布 还没修", status_id=5000)
    await emulator.weibo.mention(USER, "@贵河发布 看这里", status_id=5001)

    async def ids(path: str, **query: int) -> list[int]:
        answer = await api.get(path, params={"access_token": WEIBO.access_token, **query})
        told = answer.json()
        return [one["id"] for one in told.get("comments", told.get("statuses"))]

    assert await ids("/2/comments/to_me.json") == [second.id, first.id]
    assert await ids("/2/comments/to_me.json", since_id=first.id) == [second.id]
    assert await ids("/2/comments/mentions.json") == [second.id]
    assert await ids("/2/comments/show.json", id=5000, count=1) == [second.id]
    assert await ids("/2/statuses/mentions.json") == [5001]
    refused = await api.get("/2/comments/to_me.json")
    assert (refused.status_code, refused.json()["error_code"]) == (400, "21301")
