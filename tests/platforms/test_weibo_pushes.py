import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.errors import DecodeError
from app.core.model import Message, MessageKind
from app.platforms.weibo.pushes import (
    MESSAGES_PER_MENTION,
    MESSAGES_PER_WINDOW,
    id_text,
    message_of,
    read_push,
)
from tests.values import NOON

SENT = datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)


def push(**changes: Any) -> bytes:
    documented = {
        "type": "text",
        "receiver_id": 1902538057,
        "sender_id": 2489518277,
        "created_at": "Mon Jul 16 18:09:20 +0800 2012",
        "text": "私信或留言内容",
        "data": {},
    }
    return json.dumps({k: v for k, v in (documented | changes).items() if v is not None}).encode()


def read(body: bytes) -> Message:
    return message_of(read_push(body), channel="weibo-hall", raw=body, nonce="n", now=NOON)


def test_reads_the_documented_text() -> None:
    message = read(push())
    assert (message.user, message.account) == ("2489518277", "1902538057")
    assert (message.kind, message.kind_name, message.text) == (MessageKind.TEXT, "text", "私信或留言内容")
    assert message.sent_at == SENT
    assert message.passive
    assert message.window is not None
    assert message.window.closes_at == SENT + timedelta(hours=48)
    assert message.window.messages == MESSAGES_PER_WINDOW


@pytest.mark.parametrize(
    ("type_name", "data", "kind", "extra"),
    [
        pytest.param(
            "position",
            {"longitude": "116.30", "latitude": 39.98},
            MessageKind.LOCATION,
            {"longitude": "116.30", "latitude": "39.98"},
            id="position",
        ),
        pytest.param(
            "voice",
            {"vfid": 821804459, "tovfid": 9},
            MessageKind.VOICE,
            {"vfid": "821804459", "tovfid": "9"},
            id="voice",
        ),
        pytest.param(
            "image", {"vfid": 1, "tovfid": 2}, MessageKind.IMAGE, {"vfid": "1", "tovfid": "2"}, id="image"
        ),
        pytest.param("sticker", {"pack": ["x"]}, MessageKind.UNKNOWN, {}, id="a type of tomorrow"),
        pytest.param("text", None, MessageKind.TEXT, {}, id="no data"),
    ],
)
def test_kinds(type_name: str, data: object, kind: MessageKind, extra: dict[str, str]) -> None:
    message = read(push(type=type_name, data=data))
    assert (message.kind, message.kind_name, dict(message.extra)) == (kind, type_name, extra)


@pytest.mark.parametrize(
    ("subtype", "opens"),
    [
        ("follow", True),
        ("subscribe", True),
        ("scan", True),
        ("scan_follow", True),
        ("click", True),
        ("unfollow", False),
        ("unsubscribe", False),
        ("view", False),
        ("something_new", False),
    ],
)
def test_events(subtype: str, opens: bool) -> None:
    message = read(
        push(type="event", text="事件消息", data={"subtype": subtype.upper(), "key": "K", "ticket": "T"})
    )
    assert (message.kind, message.event, message.event_key) == (MessageKind.EVENT, subtype, "K")
    assert message.extra["ticket"] == "T"
    assert message.text == "", "the platform's caption is nobody's words"
    assert (message.window is not None) == opens


@pytest.mark.parametrize(
    ("type_name", "fields", "target"),
    [
        pytest.param(
            "mention",
            {"data": {"subtype": "status", "key": "3700057402482222"}},
            {"id": "3700057402482222"},
            id="mentioned in a post",
        ),
        pytest.param(
            "mention", {"data": {"subtype": "comment", "key": 77}}, {"cid": "77"}, id="mentioned in a comment"
        ),
        pytest.param(
            "comment",
            {"data": {"cid": 77, "id": "3700057402482222"}},
            {"cid": "77", "id": "3700057402482222"},
            id="comment",
        ),
        pytest.param("comment", {"cid": 77, "id": 37}, {"cid": "77", "id": "37"}, id="ids beside data"),
        pytest.param(
            "mention", {"data": {"subtype": "status", "key": "../../x"}}, {}, id="an id that is none"
        ),
    ],
)
def test_what_was_written_in_public_takes_no_passive_answer(
    type_name: str, fields: dict[str, object], target: dict[str, str]
) -> None:
    message = read(push(type=type_name, **fields))
    assert not message.passive
    assert {name: message.extra[name] for name in ("cid", "id") if name in message.extra} == target
    assert message.text == "私信或留言内容"


def test_a_mention_allows_one_reply() -> None:
    window = read(push(type="mention", data={"subtype": "status", "key": 1})).window
    assert window is not None
    assert window.messages == MESSAGES_PER_MENTION


def test_a_time_in_the_future_keeps_no_window_open() -> None:
    window = read(push(created_at="Fri Dec 31 23:59:59 +0800 9999")).window
    assert window is not None
    assert window.closes_at == NOON + timedelta(hours=48)


# --- keys: a resend has the same one, another message another one ---------------------------------


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(push(), id="the same bytes"),
        pytest.param(push(sender_id="2489518277"), id="ids as text"),
        pytest.param(json.dumps(json.loads(push()), indent=1).encode(), id="spaced"),
    ],
)
def test_a_resend_has_the_same_key(again: bytes) -> None:
    assert read(again).key == read(push()).key


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(push(text="另一句"), id="another text in the same second"),
        pytest.param(push(sender_id=2489518278), id="another follower"),
        pytest.param(push(created_at="Mon Jul 16 18:09:21 +0800 2012"), id="a second later"),
        pytest.param(push(type="image", data={"vfid": 1}), id="an image"),
        pytest.param(push(type="event", data={"subtype": "click", "key": "A"}), id="an event"),
    ],
)
def test_another_message_has_another_key(other: bytes) -> None:
    assert read(other).key != read(push()).key


def test_two_clicks_in_one_second_are_two() -> None:
    one, two = (push(type="event", data={"subtype": "click", "key": key}) for key in "AB")
    assert read(one).key != read(two).key


def test_a_comment_is_named_by_its_id_whatever_else_changes() -> None:
    one, two = (push(type="comment", cid=77, id=37, data={"likes": likes}) for likes in (1, 2))
    assert read(one).key == read(two).key


def test_a_key_stays_short() -> None:
    body = push(type="event", data={"subtype": "x" * 5_000, "key": "钥" * 5_000})
    assert len(read(body).key) < 200


# --- what is no push --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(push(type=None), id="no type"),
        pytest.param(push(type="文本"), id="a type that is no name"),
        pytest.param(push(type="t" * 41), id="an endless type"),
        pytest.param(push(sender_id=None), id="no sender"),
        pytest.param(push(sender_id=True), id="a sender that is no id"),
        pytest.param(push(sender_id=-1), id="a negative id"),
        pytest.param(push(receiver_id="１"), id="full-width digits"),
        pytest.param(push(created_at=None), id="no time"),
        pytest.param(push(created_at="2012-07-16T18:09:20Z"), id="another time format"),
        pytest.param(push(created_at="Mon Jan 01 00:00:00 +0800 0001"), id="a time before all times"),
        pytest.param(b"<xml></xml>", id="XML"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"type": "text", "type": "event"}', id="doubled key"),
        pytest.param(b"{" * 60_000, id="bottomless"),
    ],
)
def test_refuses(body: bytes) -> None:
    with pytest.raises(DecodeError):
        read_push(body)


def test_nul_cannot_be_stored_and_is_replaced() -> None:
    message = read(push(text="a\x00b", data={"x\x00": "y\x00"}))
    assert message.text == "a\ufffdb"
    assert dict(message.extra) == {"x\ufffd": "y\ufffd"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(2**63 - 1, "9223372036854775807"), ("007", "007"), (None, ""), (1.5, ""), (False, ""), ("1" * 21, "")],
)
def test_ids(value: object, text: str) -> None:
    assert id_text(value) == text
