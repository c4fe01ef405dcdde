import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from app.clients import platform_http
from app.core.errors import FateUnknown, PlatformBusy, PlatformError, RateLimited, TokenExpired
from app.core.model import Card, Cards, Media, MediaKind, MessageKind, Part, Position, Reply, Text
from app.core.records import Delivery
from app.core.submission import Way
from app.platforms.weibo.client import WeiboClient
from app.ports import PlatformClient
from tests.platforms.loopback import answering, loopback, response
from tests.values import delivery, message

FORM_WIRE = (  # open.weibo.com/wiki/Send_Customer_Service_Message, its curl example
    "access_token=ACCESS_TOKEN&receiver_id=2489518277&type=text"
    "&data=%7B%22text%22%3A%22%E4%B8%AD%E6%96%87%E6%B6%88%E6%81%AF%22%7D"
)


def private(*parts: Part, **changes: Any) -> Delivery:
    return delivery(user="2489518277", reply=Reply(parts or (Text("中文消息"),)), **changes)


def public(kind: MessageKind, extra: Mapping[str, str], part: Part = Text("已收悉")) -> Delivery:  # noqa: B008
    return private(part, message=message(kind=kind, passive=False, extra=extra))


def submitted(way: Way, extra: Mapping[str, str], part: Part) -> Delivery:
    """What a vendor sent by itself."""
    told = message("egress:1", kind=MessageKind.EVENT, event=way, passive=False, extra=extra)
    return private(part, message=told)


class Weibo:
    """Keeps what it was sent and answers the same each time."""

    def __init__(self, answer: object = None, status: int = 200) -> None:
        self.sent: list[httpx.Request] = []
        self._body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return response(self._body, self._status)

    @property
    def client(self) -> WeiboClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return WeiboClient(http, "https://m.weibo", "https://api.weibo", "ACCESS_TOKEN", "203.0.113.9")

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.sent[-1].content.decode("ascii"), strict_parsing=True))


async def test_the_documented_request_on_the_wire() -> None:
    async with platform_http() as http, loopback(answering(b'{"result":true}')) as platform:
        client: PlatformClient = WeiboClient(
            http, platform.base, platform.base, "ACCESS_TOKEN", "203.0.113.9"
        )
        await client.send(private())
    (received,) = platform.received
    assert received.line == "POST /2/messages/reply.json HTTP/1.1"
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.body == FORM_WIRE.encode()


def test_does_not_print_its_token() -> None:
    assert "ACCESS_TOKEN" not in repr(Weibo().client)


@pytest.mark.parametrize(
    ("part", "type_name", "data"),
    [
        pytest.param(Text("1+1 & 100%"), "text", {"text": "1+1 & 100%"}, id="text full of traps"),
        pytest.param(
            Cards((Card("题", "要", "https://a.gov.cn", "https://a/p.png"),)),
            "articles",
            {
                "articles": [
                    {
                        "display_name": "题",
                        "summary": "要",
                        "image": "https://a/p.png",
                        "url": "https://a.gov.cn",
                    }
                ]
            },
            id="card",
        ),
        pytest.param(
            Position("116.3", "39.9"), "position", {"longitude": "116.3", "latitude": "39.9"}, id="position"
        ),
    ],
)
async def test_private_messages(part: Part, type_name: str, data: object) -> None:
    weibo = Weibo({"result": True})
    await weibo.client.send(private(part))
    assert weibo.form["type"] == type_name
    assert json.loads(weibo.form["data"]) == data


@pytest.mark.parametrize(
    ("kind", "extra", "url", "fields"),
    [
        pytest.param(
            MessageKind.COMMENT,
            {"cid": "77", "id": "37"},
            "https://api.weibo/2/comments/reply.json",
            {"cid": "77", "id": "37", "without_mention": "1"},
            id="a comment is replied to, without words put in front",
        ),
        pytest.param(
            MessageKind.MENTION,
            {"cid": "77", "id": "37"},
            "https://api.weibo/2/comments/reply.json",
            {"cid": "77", "id": "37", "without_mention": "1"},
            id="so is a mention in a comment",
        ),
        pytest.param(
            MessageKind.MENTION,
            {"id": "37"},
            "https://api.weibo/2/comments/create.json",
            {"id": "37"},
            id="a mention in a post is commented",
        ),
    ],
)
async def test_comments(kind: MessageKind, extra: dict[str, str], url: str, fields: dict[str, str]) -> None:
    weibo = Weibo({"id": 12438492184, "text": "已收悉"})
    await weibo.client.send(public(kind, extra))
    assert str(weibo.sent[0].url) == url
    assert weibo.form == fields | {
        "access_token": "ACCESS_TOKEN",
        "comment": "已收悉",
        "comment_ori": "0",
        "rip": "203.0.113.9",
    }


async def test_a_mention_whose_status_is_unknown_gets_the_one_private_message() -> None:
    weibo = Weibo({"result": True})
    await weibo.client.send(public(MessageKind.MENTION, {"cid": "77"}))
    assert str(weibo.sent[0].url) == "https://m.weibo/2/messages/reply.json"


async def test_a_post_of_a_vendors_is_shared() -> None:
    weibo = Weibo({"id": 5, "text": "停水 https://a.gov.cn"})
    receipt = await weibo.client.send(submitted(Way.STATUS, {}, Text("停水 https://a.gov.cn")))
    assert str(weibo.sent[0].url) == "https://api.weibo/2/statuses/share.json"
    fields = {"access_token": "ACCESS_TOKEN", "status": "停水 https://a.gov.cn", "rip": "203.0.113.9"}
    assert (weibo.form, json.loads(receipt)["id"]) == (fields, 5)


@pytest.mark.parametrize(
    ("extra", "part", "body"),
    [
        pytest.param(
            {"touser": '["7", "8"]'},
            Text("停水"),
            {"touser": ["7", "8"], "text": {"content": "停水"}, "msgtype": "text"},
            id="words for a list",
        ),
        pytest.param(
            {"tag_id": "123"},
            Cards((Card("题", "要", "https://a.gov.cn"),)),
            {
                "filter": {"group_id": "123"},
                "articles": [{"display_name": "题", "summary": "要", "image": "", "url": "https://a.gov.cn"}],
                "msgtype": "articles",
            },
            id="articles for a group",
        ),
    ],
)
async def test_a_mass_message_is_json(extra: Mapping[str, str], part: Part, body: object) -> None:
    weibo = Weibo({"result": True, "msg_id": 9})
    receipt = await weibo.client.send(submitted(Way.MASS, extra, part))
    (sent,) = weibo.sent
    assert str(sent.url) == "https://m.weibo/2/messages/sendall.json?access_token=ACCESS_TOKEN"
    assert (json.loads(sent.content), json.loads(receipt)["msg_id"]) == (body, 9)


async def test_a_mass_message_is_refused_in_a_shape_of_its_own() -> None:
    weibo = Weibo({"request": "/2/messages/sendall", "errcode": "10014", "errmsg": "no"}, 400)
    with pytest.raises(PlatformError) as refused:
        await weibo.client.send(submitted(Way.MASS, {"tag_id": "1"}, Text("停水")))
    assert (type(refused.value), refused.value.code) == (PlatformError, "10014")


async def test_what_the_platform_answered_is_the_receipt() -> None:
    answer = {"result": True, "sender_id": "1", "receiver_id": "2489518277"}
    assert json.loads(await Weibo(answer).client.send(private())) == answer


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(private(Text("一"), Text("二")), "too-many-parts", id="two parts"),
        pytest.param(private(Media(MediaKind.IMAGE, "m")), "no-form", id="image"),
        pytest.param(private(Text("\ud83d")), "unsendable", id="half a character in a comment or message"),
        pytest.param(public(MessageKind.COMMENT, {"cid": "7"}), "no-target", id="comment without status"),
        pytest.param(
            public(MessageKind.COMMENT, {"cid": "7", "id": "3"}, Position("1", "2")),
            "no-form",
            id="place as comment",
        ),
        pytest.param(submitted(Way.STATUS, {}, Position("1", "2")), "no-form", id="place as post"),
        pytest.param(
            submitted(Way.MASS, {"tag_id": "1"}, Position("1", "2")), "no-form", id="place for many"
        ),
        pytest.param(
            submitted(Way.MASS, {"tag_id": "1"}, Text("\ud83d")), "unsendable", id="half a character for many"
        ),
    ],
)
async def test_what_cannot_be_sent_is_not_tried(sent: Delivery, code: str) -> None:
    weibo = Weibo({"result": True})
    with pytest.raises(PlatformError) as refused:
        await weibo.client.send(sent)
    assert (type(refused.value), refused.value.code) == (PlatformError, code)
    assert not weibo.sent


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("10022", RateLimited, id="address over its rate"),
        pytest.param(10024, RateLimited, id="interface over its rate"),
        pytest.param("10002", PlatformBusy, id="service away"),
        pytest.param("10001", FateUnknown, id="system error, perhaps after the work"),
        pytest.param("21327", TokenExpired, id="token expired"),
        pytest.param(21332, TokenExpired, id="token invalid"),
        pytest.param("20019", PlatformError, id="said before"),
        pytest.param("20201", PlatformError, id="comment gone"),
        pytest.param("99999", PlatformError, id="a code nobody knows"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403])
async def test_error_codes(code: object, error: type[PlatformError], status: int) -> None:
    weibo = Weibo({"request": "/2/x", "error_code": code, "error": "text"}, status)
    with pytest.raises(PlatformError) as refused:
        await weibo.client.send(private())
    assert (type(refused.value), refused.value.code) == (error, str(code))
    assert len(weibo.sent) == 1


async def test_accepted_but_shown_late_is_delivered() -> None:
    await Weibo({"error_code": "20032", "error": "later"}).client.send(private())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(b"", 200, id="empty"),
        pytest.param(b"<html>", 200, id="a captive portal"),
        pytest.param(b"Bad Gateway", 502, id="a gateway's error"),
        pytest.param({"result": True}, 500, id="success with an error status"),
        pytest.param({"result": False}, 200, id="no result and no reason"),
        pytest.param([True], 200, id="a list"),
        pytest.param({"error_code": "no number"}, 400, id="a code that is none"),
        pytest.param({"error_code": True}, 400, id="a code that is a truth"),
        pytest.param(b'{"result": false, "result": true}', 200, id="two results"),
        pytest.param(b"", 302, id="a redirect"),
    ],
)
async def test_any_other_answer_leaves_the_fate_unknown(answer: object, status: int) -> None:
    with pytest.raises(FateUnknown) as lost:
        await Weibo(answer, status).client.send(private())
    assert lost.value.code == "bad-answer"


async def test_a_comment_is_proven_by_its_id() -> None:
    with pytest.raises(FateUnknown):
        await Weibo({"result": True}).client.send(public(MessageKind.COMMENT, {"cid": "7", "id": "3"}))
