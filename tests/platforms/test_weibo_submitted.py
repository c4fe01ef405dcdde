"""What a vendor writes -> Submission -> what Weibo is written: only what was checked survives the way."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DecodeError
from app.core.model import Card, Cards, MessageKind, Position, Reply, Text
from app.core.submission import Submission, Way
from app.core.weibo_calls import WAYS
from app.platforms.weibo.shown import shown
from app.platforms.weibo.submitted import MOST_USERS, read_mass, read_submission

MESSAGE, CREATE, REPLY = "/2/messages/reply.json", "/2/comments/create.json", "/2/comments/reply.json"
SHARE = "/2/statuses/share.json"
NEWS = "停水通知，详见 https://www.example.gov.cn"
TEXT = {"receiver_id": "7", "type": "text", "data": '{"text":"您好 100%+1"}'}


@pytest.mark.parametrize(
    ("path", "form", "submission"),
    [
        pytest.param(
            MESSAGE,
            TEXT,
            Submission(Way.MESSAGE, Reply.of("您好 100%+1"), "7"),
            id="a message, its data not decoded once more",
        ),
        pytest.param(
            "/2/messages/reply/biz.json",
            {"receiver_id": "7", "type": "position", "data": '{"longitude":"116.3","latitude":"39.9"}'},
            Submission(Way.MESSAGE, Reply((Position("116.3", "39.9"),)), "7"),
            id="a position at the other host",
        ),
        pytest.param(
            CREATE,
            {"id": "37", "comment": "已收悉", "cid": "9", "comment_ori": "1"},
            Submission(Way.COMMENT, Reply.of("已收悉"), "", {"id": "37"}, MessageKind.COMMENT),
            id="a comment is not turned into an answer to one",
        ),
        pytest.param(
            REPLY,
            {"id": "37", "cid": "77", "comment": "已收悉", "without_mention": "0"},
            Submission(Way.COMMENT, Reply.of("已收悉"), "", {"id": "37", "cid": "77"}, MessageKind.COMMENT),
            id="an answer to a comment",
        ),
        pytest.param(
            SHARE,
            {"status": NEWS, "visible": "0", "lat": "1", "rip": "6.6.6.6"},
            Submission(Way.STATUS, Reply.of(NEWS), ""),
            id="a post",
        ),
    ],
)
def test_is_read(path: str, form: Mapping[str, str], submission: Submission) -> None:
    assert read_submission(path, form) == submission


@pytest.mark.parametrize(
    ("path", "form"),
    [
        pytest.param(MESSAGE, {**TEXT, "receiver_id": "7,8"}, id="two receivers"),
        pytest.param(MESSAGE, {**TEXT, "receiver_id": "\uff17"}, id="a full-width digit"),
        pytest.param(MESSAGE, {**TEXT, "type": "voice"}, id="a kind that is none"),
        pytest.param(MESSAGE, {**TEXT, "data": "%7B%22text%22%3A%22a%22%7D"}, id="data encoded twice"),
        pytest.param(MESSAGE, {**TEXT, "data": '{"text":"a","text":"b"}'}, id="a doubled key"),
        pytest.param(MESSAGE, {**TEXT, "data": '{"text":"\\ud83d"}'}, id="half a character"),
        pytest.param(MESSAGE, {"receiver_id": "7", "type": "text"}, id="no data"),
        pytest.param(CREATE, {"comment": "已收悉"}, id="no post"),
        pytest.param(REPLY, {"id": "37", "comment": "已收悉"}, id="no comment to answer"),
        pytest.param(CREATE, {"id": "37", "comment": " "}, id="no words"),
        pytest.param(SHARE, {"status": NEWS, "visible": "2"}, id="a post for some"),
        pytest.param(SHARE, {"status": NEWS, "pic": "x"}, id="a picture"),
    ],
)
def test_is_refused(path: str, form: Mapping[str, str]) -> None:
    with pytest.raises(DecodeError):
        read_submission(path, form)


def mass(**changes: Any) -> bytes:
    fields: dict[str, Any] = {"touser": ["7", 8], "text": {"content": "停水"}, "msgtype": "text", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def test_a_mass_message_is_for_a_list_or_a_group() -> None:
    to_list = read_mass(mass())
    assert to_list == Submission(Way.MASS, Reply.of("停水"), "", {"touser": '["7", "8"]'})
    to_group = read_mass(mass(touser=None, filter={"group_id": 123}))
    assert to_group.extra == {"tag_id": "123"}


def test_a_mass_message_may_be_articles() -> None:
    article = {"display_name": "题", "summary": "要", "image": "", "url": "https://a.gov.cn"}
    read = read_mass(mass(text=None, articles=[article], msgtype="articles"))
    assert read.reply == Reply((Cards((Card("题", "要", "https://a.gov.cn"),)),))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"touser=7", id="a form"),
        pytest.param(mass(filter={"group_id": 1}), id="a list and a group"),
        pytest.param(mass(touser=None), id="nobody"),
        pytest.param(mass(touser=[]), id="an empty list"),
        pytest.param(mass(touser=["7"] * (MOST_USERS + 1)), id="too many"),
        pytest.param(mass(touser=[["7"]]), id="no id"),
        pytest.param(mass(touser=None, filter={"is_to_all": True}), id="a group that is none"),
        pytest.param(mass(msgtype="image"), id="a kind that cannot be read"),
        pytest.param(mass(text={"content": 1}), id="no text"),
        pytest.param(mass(text=None), id="no words"),
    ],
)
def test_a_mass_message_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        read_mass(body)


@given(st.sampled_from(sorted(WAYS)), st.dictionaries(st.sampled_from(["id", "comment", "data"]), st.text()))
def test_whatever_a_form_says_is_read_or_refused(path: str, form: dict[str, str]) -> None:
    if WAYS[path] is Way.MASS:
        return
    try:
        submission = read_submission(path, form)
    except DecodeError:
        return
    assert submission.reply.parts == (Text(form["comment"]),)


@pytest.mark.parametrize(
    ("submission", "answer"),
    [
        pytest.param(
            Submission(Way.MESSAGE, Reply.of("您好"), "7"),
            {"result": True, "sender_id": "42", "receiver_id": "7"},
            id="message",
        ),
        pytest.param(
            Submission(Way.COMMENT, Reply.of("已收悉"), "", {"id": "37"}, MessageKind.COMMENT),
            {
                "text": "已收悉",
                "created_at": "Mon Jul 16 18:09:20 +0800 2012",
                "user": {"id": 42, "idstr": "42"},
                "status": {"id": 37, "idstr": "37"},
            },
            id="comment",
        ),
    ],
)
def test_the_success_shape_is_the_platforms(submission: Submission, answer: Mapping[str, object]) -> None:
    told = dict(shown(submission, "hold-1", datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC), "42"))
    number = told.pop("id", None)
    if number is not None:
        assert (told.pop("idstr"), told.pop("mid")) == (str(number), str(number))
        assert 2**52 <= int(str(number)) < 2**53, "a number that JavaScript keeps"
    assert told == answer
