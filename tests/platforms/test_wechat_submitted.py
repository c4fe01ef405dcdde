"""What a vendor submits is read strictly and written anew: the known fields, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.egress import WAYS
from app.core.errors import DecodeError, PlatformError
from app.core.model import Article, Media, MediaKind, Message, Reply, Text
from app.core.submission import KEY, Submission, Way, addressee, way_of
from app.platforms.wechat.articles import draft_written, pin_of, reply_of, words_of
from app.platforms.wechat.calls import call_of, fits
from app.platforms.wechat.submitted import read_submission
from tests.values import message

TEXT = {"msgtype": "text", "text": {"content": "九点开门"}}
VALUES = {"thing1": {"value": "补办成功", "color": "#ff0000"}, "time2": {"value": "9:00"}}
PLAIN = {key: {"value": one["value"]} for key, one in VALUES.items()}
TEMPLATE = {"touser": "o-1", "template_id": "t-1", "data": VALUES}


def pushed(submission: Submission) -> Message:
    """The message that stands for it."""
    return replace(
        message(),
        key=f"{KEY}1",
        event=submission.way,
        extra=submission.extra,
        passive=False,
        text="",
    )


def written(way: Way, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    submission = read_submission(way, json.dumps(fields).encode())
    call = call_of(pushed(submission), submission.reply, "id-1")
    return call.path, json.loads(call.body)


@pytest.mark.parametrize(
    ("way", "fields", "path", "body"),
    [
        pytest.param(
            Way.MASS,
            {"filter": {"is_to_all": True, "group_id": None}, **TEXT, "surprise": 1},
            "message/mass/sendall",
            {
                "clientmsgid": "id-1",
                "filter": {"is_to_all": True},
                **TEXT,
                "send_ignore_reprint": 0,
            },
            id="to all, as wechatpy writes it",
        ),
        pytest.param(
            Way.MASS,
            {"filter": {"is_to_all": False, "tag_id": 2}, **TEXT, "clientmsgid": "mine"},
            "message/mass/sendall",
            {
                "clientmsgid": "mine",
                "filter": {"is_to_all": False, "tag_id": 2},
                **TEXT,
                "send_ignore_reprint": 0,
            },
            id="to a tag, under the vendor's own name for it",
        ),
        pytest.param(
            Way.MASS,
            {"touser": ["o-1", "o-2"], "msgtype": "mpvideo", "mpvideo": {"media_id": "v"}},
            "message/mass/send",
            {
                "clientmsgid": "id-1",
                "touser": ["o-1", "o-2"],
                "msgtype": "mpvideo",
                "mpvideo": {"media_id": "v"},
                "send_ignore_reprint": 0,
            },
            id="to a list",
        ),
        pytest.param(
            Way.PREVIEW,
            {
                "towxname": "chief",
                "msgtype": "image",
                "images": {"media_ids": ["a", "b"], "recommend": "快来"},
            },
            "message/mass/preview",
            {
                "towxname": "chief",
                "msgtype": "image",
                "images": {"media_ids": ["a", "b"], "recommend": "快来"},
            },
            id="a preview of pictures",
        ),
        pytest.param(
            Way.TEMPLATE,
            {
                **TEMPLATE,
                "url": "http://a/",
                "miniprogram": {"appid": "wx1", "pagepath": "p"},
                "topcolor": "#fff",
            },
            "message/template/send",
            {
                "touser": "o-1",
                "template_id": "t-1",
                "data": PLAIN,
                "url": "http://a/",
                "miniprogram": {"appid": "wx1", "pagepath": "p"},
            },
            id="a template, without colours",
        ),
        pytest.param(
            Way.SUBSCRIPTION,
            {**TEMPLATE, "page": "index"},
            "message/subscribe/bizsend",
            {"touser": "o-1", "template_id": "t-1", "data": PLAIN, "page": "index"},
            id="a subscription message",
        ),
        pytest.param(
            Way.ONE_OFF,
            {**TEMPLATE, "scene": 7, "title": "办理结果", "data": {"content": {"value": "已办结"}}},
            "message/template/subscribe",
            {
                "touser": "o-1",
                "template_id": "t-1",
                "scene": "7",
                "title": "办理结果",
                "data": {"content": {"value": "已办结"}},
            },
            id="a message agreed to for once",
        ),
        pytest.param(
            Way.COMMENT,
            {"msg_data_id": 1, "index": "0", "user_comment_id": 3, "content": "谢谢", "by": "x"},
            "comment/reply/add",
            {"msg_data_id": 1, "index": 0, "user_comment_id": 3, "content": "谢谢"},
            id="an answer to a comment",
        ),
        pytest.param(
            Way.PUBLISH,
            {"media_id": "m", "x": 1},
            "freepublish/submit",
            {"media_id": "m"},
            id="a publication",
        ),
    ],
)
def test_a_call_is_written_anew(way: Way, fields: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    if way is Way.PUBLISH:  # its words are fetched
        submission = read_submission(way, json.dumps(fields).encode())
        call = call_of(pushed(submission), Reply((Article("题目"),)), "id-1")
        assert (call.path, json.loads(call.body)) == (f"/cgi-bin/{path}", body)
    else:
        assert written(way, fields) == (f"/cgi-bin/{path}", body)


def test_all_that_a_person_can_read_in_a_template_is_read() -> None:
    fields = {**TEMPLATE, "url": "http://a/", "title": "题目", "scene": 1}
    submission = read_submission(Way.ONE_OFF, json.dumps(fields).encode())
    for words in ("题目", "补办成功", "9:00", "http://a/"):
        assert words in submission.reply.text
    assert addressee(replace(pushed(submission), extra={"shenyan.to": submission.to})) == "o-1"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["touser", "msgtype", "text", "filter", "images", "data", "template_id", "content", "media_id", "index"]
)

WECHATS = frozenset(WAYS.values()) - {Way.MESSAGE}


@given(way=st.sampled_from(sorted(WECHATS)), fields=st.dictionaries(NAMES, ANY_JSON))
def test_whatever_a_vendor_writes_is_a_submission_or_refused(way: Way, fields: dict[str, Any]) -> None:
    try:
        submission = read_submission(way, json.dumps(fields).encode())
    except DecodeError:
        return
    assert submission.way is way
    if submission.reply.parts:
        json.loads(call_of(pushed(submission), submission.reply, "id").body)


# --- who is a vendor's --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"passive": True}, id="a push of the platform's"),
        pytest.param({"key": "MsgId:1"}, id="a citizen's key"),
        pytest.param({"event": "subscribe"}, id="another event"),
    ],
)
def test_nothing_that_a_citizen_does_is_taken_for_a_vendors_post(changes: dict[str, Any]) -> None:
    forged = replace(pushed(Submission(Way.MASS, Reply.of("x"), "", {"is_to_all": "true"})), **changes)
    assert way_of(forged) is None
    with pytest.raises(PlatformError):
        call_of(forged, Reply.of("群发给所有人"), "id-1")


# --- what fits -----------------------------------------------------------------------------------

DRAFT = {"media_id": "m"}


@pytest.mark.parametrize(
    ("way", "extra", "reply", "rules"),
    [
        pytest.param(Way.MASS, {}, Reply.of("九点开门"), [], id="a text for many"),
        pytest.param(Way.MASS, {}, Reply.of(" "), ["system.empty"], id="nothing for many"),
        pytest.param(Way.MASS, DRAFT, Reply((Article("一"), Article("二"))), [], id="a draft as it lies"),
        pytest.param(Way.MASS, DRAFT, Reply.of("改了"), ["system.no-form"], id="a draft edited here"),
        pytest.param(Way.PUBLISH, DRAFT, Reply(()), ["system.no-form"], id="a draft without articles"),
        pytest.param(
            Way.COMMENT, {}, Reply((Media(MediaKind.IMAGE, "i"),)), ["system.no-form"], id="a picture"
        ),
        pytest.param(Way.TEMPLATE, {}, Reply.of("改了"), ["system.no-form"], id="a template edited here"),
        pytest.param(Way.COMMENT, {}, Reply((Text("一"), Text("二"))), ["system.no-form"], id="two texts"),
    ],
)
def test_what_leaves_by_the_call_it_was_submitted_for(
    way: Way, extra: dict[str, str], reply: Reply, rules: list[str]
) -> None:
    found = fits(pushed(Submission(way, reply, "", extra)), reply)
    assert [finding.rule for finding in found] == rules


# --- drafts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "words"),
    [
        pytest.param("<p>九点<b>开门</b></p><p>请带证件</p>", "九点开门\n请带证件", id="paragraphs"),
        pytest.param("九&#28857;&nbsp;开门", "九点\xa0开门", id="references"),
        pytest.param('<p style="display:none">滚</p>', "滚", id="hidden"),
        pytest.param('<a href="http://a/">看</a>', "http://a/\n看", id="where a link leads"),
        pytest.param('<img alt="滚" src="x">', "滚", id="what a phone reads aloud"),
        pytest.param("<p>滚<!-- 远 -->开", "滚开", id="a comment in the middle of a word"),
        pytest.param("<span>滚</span><span>开</span>", "滚开", id="a word in two elements"),
        pytest.param("<p>半个<", "半个<", id="cut short"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_everything_that_can_be_read_in_an_article(html: str, words: str) -> None:
    assert words_of(html) == words


@given(st.text(max_size=200))
def test_any_html_has_words(html: str) -> None:
    words_of(html)


def test_a_pin_breaks_with_any_field_but_the_platforms_own_addresses() -> None:
    item = {"title": "题", "content": "文", "digest": "摘", "thumb_media_id": "t", "url": "http://1/"}
    pin = pin_of([item])
    assert pin_of([{**item, "url": "http://2/", "thumb_url": "http://3/"}]) == pin
    for name in ("title", "content", "digest", "thumb_media_id"):
        assert pin_of([{**item, name: "别的"}]) != pin
    assert pin_of([{**item, "new_field": 1}]) != pin
    assert pin_of([item, item]) != pin


def test_an_article_of_pictures_cannot_be_read_and_is_held() -> None:
    assert reply_of([{"article_type": "newspic", "title": "图"}]).unreadable


def test_a_change_of_a_draft_keeps_what_is_known() -> None:
    fields = {"media_id": "m", "index": 1, "articles": {"title": "题", "content": "文", "x": 1}}
    kept = json.loads(draft_written(json.dumps(fields).encode(), new=False))
    assert kept == {"media_id": "m", "index": 1, "articles": {"title": "题", "content": "文"}}
