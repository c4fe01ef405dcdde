"""What a vendor's bot answers, and what the platform is told in its place."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BotMalformed
from app.core.model import (
    BodyFormat,
    Card,
    Cards,
    Envelope,
    Media,
    MediaKind,
    MessageKind,
    Part,
    Reply,
    Text,
    Transfer,
)
from tests.platforms.wechat_pushes import NOW, SENT, codec, golden, push
from tests.values import message

ASKED = message(user="oCitizen", account="gh_hall")
CLICKED = message(user="oCitizen", account="gh_hall", kind=MessageKind.EVENT)
HEAD = {"ToUserName": "oCitizen", "FromUserName": "gh_hall", "CreateTime": "1"}
CARD = Card("题", "述", "https://e.org/?a=1&b=2", "https://e.org/a.png")
MUSIC_EXTRA = {"HQMusicUrl": "https://e.org/hq.mp3", "ThumbMediaId": "t"}

REPLIES = [
    pytest.param(Text("您好，大厅9点开门😀\n<a href='https://e.org'>看</a> ]]> &amp;"), id="text"),
    pytest.param(Cards((CARD,)), id="one article"),
    pytest.param(Cards((CARD, Card("二"))), id="two articles"),
    pytest.param(Media(MediaKind.IMAGE, "m"), id="image"),
    pytest.param(Media(MediaKind.VOICE, "m"), id="voice"),
    pytest.param(Media(MediaKind.VIDEO, "m", "题", "述"), id="video"),
    pytest.param(Media(MediaKind.MUSIC, "", "曲", "述", "https://e.org/a.mp3", MUSIC_EXTRA), id="music"),
    pytest.param(Media(MediaKind.MUSIC, "", "曲"), id="music with little"),
]


@pytest.mark.parametrize("body_format", list(BodyFormat))
@pytest.mark.parametrize("part", REPLIES)
def test_what_is_written_reads_back(part: Part, body_format: BodyFormat) -> None:
    to = message(user="oCitizen", kind=MessageKind.EVENT, envelope=Envelope(body_format))
    assert codec().decode_answer(to, codec().encode(to, Reply((part,)), NOW)) == Reply((part,))


@pytest.mark.parametrize("part", [Transfer(), Transfer("kf2001@gh_hall")], ids=["any desk", "one desk"])
def test_a_transfer_reads_back(part: Part) -> None:
    assert codec().decode_answer(ASKED, codec().encode(ASKED, Reply((part,)), NOW)) == Reply((part,))


def test_a_text_answer_as_the_platform_wants_it() -> None:
    written = codec().encode(ASKED, Reply.of("您好]]>😀"), NOW).decode()
    assert written == (
        "<xml><ToUserName><![CDATA[oCitizen]]></ToUserName><FromUserName><![CDATA[gh_hall]]></FromUserName>"
        f"<CreateTime>{SENT}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        "<Content><![CDATA[您好]]]]><![CDATA[>😀]]></Content></xml>"
    )


def test_a_news_answer_in_json_as_the_platform_wants_it() -> None:
    to = message(user="oCitizen", account="gh_hall", envelope=Envelope(BodyFormat.JSON))
    assert json.loads(codec().encode(to, Reply((Cards((CARD,)),)), NOW)) == {
        "ToUserName": "oCitizen",
        "FromUserName": "gh_hall",
        "CreateTime": SENT,
        "MsgType": "news",
        "ArticleCount": 1,
        "Articles": [
            {
                "Title": "题",
                "Description": "述",
                "PicUrl": "https://e.org/a.png",
                "Url": "https://e.org/?a=1&b=2",
            }
        ],
    }


@given(text=st.text(min_size=1, max_size=300) | st.text("]>[<!CDAT&;", min_size=1))
def test_every_text_arrives_or_is_objected_to(text: str) -> None:
    reply = Reply.of(text)
    if codec().objections(ASKED, reply):
        return
    read = ElementTree.fromstring(codec().encode(ASKED, reply, NOW))  # noqa: S314 - a peer reads what we wrote
    assert [child.tag for child in read].count("Content") == 1
    assert read.findtext("Content") == text.replace("\r\n", "\n").replace("\r", "\n")


# --- answers of vendors -----------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b" \r\n", b"success", b"\n success \n"])
def test_silence(body: bytes) -> None:
    assert codec().decode_answer(ASKED, body) is None


LINKED = '<a href="weixin://bizmsgmenu?msgmenucontent=隐藏的话&msgmenuid=1">点我</a>'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cdata_breakout_werobot", "doubled"),
        ("json_body", "malformed"),
        ("html_500", "html"),
        ("python_exception_text", "no-markup"),
        ("control_char", "malformed"),
        ("doctype", "malformed"),
        ("wrong_touser", "wrong-user"),
        ("success", None),
        ("empty", None),
        ("hidden_link_text", Reply.of(LINKED)),
    ],
)
def test_hostile_answers_met_in_the_wild(name: str, expected: object) -> None:
    (recorded,) = [entry for entry in golden("wechat_hostile_answers.json") if entry["name"] == name]
    assert outcome(message(user="o1"), recorded["bytes"].encode()) == expected


def outcome(to: Any, body: bytes) -> Reply | str | None:
    """The reply, None for silence, or the code of the refusal."""
    try:
        return codec().decode_answer(to, body)
    except BotMalformed as error:
        return error.code


def answer(inner: str, user: str = "oCitizen") -> bytes:
    return f"<xml><ToUserName>{user}</ToUserName>{inner}</xml>".encode()


TEXT = "<MsgType>text</MsgType>"
NEWS = "<MsgType>news</MsgType>"
ITEM = "<item><Title>题</Title></item>"
TWO_TITLES = "<item><Title>甲</Title><Title>乙</Title></item>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(answer(TEXT + "<Content>好</Content>"), Reply.of("好"), id="without CDATA"),
        pytest.param(
            answer(TEXT + "<Content></Content>"), Reply.of(""), id="an empty text is objected to later"
        ),
        pytest.param(answer(TEXT), Reply.of(""), id="a text without content"),
        pytest.param(
            answer(TEXT + "<Content>好</Content><Note>x</Note>"), Reply.of("好"), id="an unknown element"
        ),
        pytest.param(
            answer(NEWS + f"<ArticleCount>1</ArticleCount><Articles>{ITEM}</Articles><Content/>"),
            Reply((Cards((Card("题"),)),)),
            id="an empty content beside news",
        ),
        pytest.param(
            answer(NEWS + "<ArticleCount>0</ArticleCount><Articles/>"), Reply((Cards(()),)), id="no article"
        ),
        pytest.param(
            answer(NEWS + f"<ArticleCount>2</ArticleCount><Articles>{ITEM}</Articles>"),
            "article-count",
            id="two announced, one there",
        ),
        pytest.param(
            answer(NEWS + f"<Articles>{ITEM}</Articles>"), "article-count", id="none announced, one there"
        ),
        pytest.param(
            answer(NEWS + "<ArticleCount>1</ArticleCount><Articles><item>题</item></Articles>"),
            "malformed",
            id="an article of words",
        ),
        pytest.param(
            answer(
                NEWS + f"<ArticleCount>1</ArticleCount><Articles>{ITEM}</Articles><Articles>{ITEM}</Articles>"
            ),
            "doubled",
            id="two lists of articles",
        ),
        pytest.param(
            answer(NEWS + f"<ArticleCount>1</ArticleCount><Articles>{TWO_TITLES}</Articles>"),
            "malformed",
            id="two titles of one article",
        ),
        pytest.param(answer("<MsgType>image</MsgType><Image>m</Image>"), "malformed", id="an image of words"),
        pytest.param(
            answer("<MsgType>image</MsgType>"),
            Reply((Media(MediaKind.IMAGE),)),
            id="an image without id is objected to later",
        ),
        pytest.param(answer("<MsgType>device_text</MsgType>"), "unknown-kind", id="a kind we do not pass on"),
        pytest.param(answer("<Content>x</Content>"), "malformed", id="no kind"),
        pytest.param(
            answer(TEXT + "<Content>x</Content>", user="oOther"), "wrong-user", id="for somebody else"
        ),
        pytest.param(b"<xml>" + TEXT.encode() + b"<Content>x</Content></xml>", "wrong-user", id="for nobody"),
        pytest.param(answer(TEXT + "<Content>a</Content><Content>b</Content>"), "doubled", id="two contents"),
        pytest.param(
            answer(TEXT + "<Content><a href='x'>y</a></Content>"), "malformed", id="a link that is no text"
        ),
        pytest.param(answer(TEXT + "<Encrypt>x</Encrypt>"), "encrypted", id="encrypted, and we have no key"),
        pytest.param(b"<html><body>502</body></html>", "html", id="a gateway's page"),
        pytest.param(b"  <!DOCTYPE html><html></html>", "html", id="a page with a document type"),
        pytest.param(b"Traceback (most recent call last):", "no-markup", id="a stack trace"),
        pytest.param(b'"success"', "no-markup", id="success in quotes"),
        pytest.param("好的".encode(), "no-markup", id="bare words"),
        pytest.param("<xml>好".encode("gbk"), "malformed", id="GBK"),
        pytest.param(
            b'{"ToUserName":"oCitizen","MsgType":"text","MsgType":"image"}', "malformed", id="a doubled key"
        ),
        pytest.param(
            b'{"ToUserName":"oCitizen","MsgType":"text","Content":["a","b"]}',
            "doubled",
            id="a list of contents",
        ),
        pytest.param(
            b'{"ToUserName":"oCitizen","MsgType":"text","Content":{"a":"b"}}',
            "malformed",
            id="an object as content",
        ),
        pytest.param(
            '{"ToUserName":"oCitizen","MsgType":"text","Content":"好"}'.encode(), Reply.of("好"), id="JSON"
        ),
        pytest.param(
            '{"ToUserName":"oCitizen","MsgType":"news","ArticleCount":1,"Articles":[{"Title":"题"}]}'.encode(),
            Reply((Cards((Card("题"),)),)),
            id="JSON news",
        ),
        pytest.param(
            '{"ToUserName":"oCitizen","MsgType":"news","ArticleCount":1,"Articles":{"item":[{"Title":"题"}]}}'.encode(),
            Reply((Cards((Card("题"),)),)),
            id="JSON news spelled as XML",
        ),
    ],
)
def test_answers(body: bytes, expected: object) -> None:
    assert outcome(ASKED, body) == expected


ANSWER = push({**HEAD, "MsgType": "news", "ArticleCount": "1", "Articles": ({"Title": "题", "Url": "u"},)})
MARKUP = st.sampled_from(
    [
        *("<xml>", "</xml>", "<ToUserName>oCitizen</ToUserName>", TEXT, NEWS, "<Content>", "</Content>"),
        *("<Articles>", ITEM, "</Articles>", "<Encrypt>", "</Encrypt>", "<![CDATA[", "]]>", "&#8;", "&x;"),
        *("<?xml", "好", '{"', '":', ",", "}"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    start = draw(st.integers(0, len(ANSWER)))
    end = draw(st.integers(start, min(len(ANSWER), start + 12)))
    return ANSWER[:start] + draw(st.binary(max_size=6)) + ANSWER[end:]


@given(
    body=st.binary(max_size=200)
    | st.lists(MARKUP, max_size=12).map(lambda s: "".join(s).encode())
    | damaged()
)
def test_no_answer_raises_anything_but_malformed(body: bytes) -> None:
    assert isinstance(outcome(ASKED, body), Reply | str | None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["item", "Title", "Content"]), inner)
    ),
    max_leaves=8,
)
JSON_NAMES = st.sampled_from(
    ["MsgType", "Content", "Articles", "ArticleCount", "Image", "Encrypt", "TransInfo"]
)
KINDS = st.sampled_from(["text", "news", "image", "transfer_customer_service"])


@given(fields=st.dictionaries(JSON_NAMES, JSON_VALUES), kind=KINDS)
def test_no_json_answer_raises_anything_but_malformed(fields: dict[str, object], kind: str) -> None:
    body = json.dumps({"MsgType": kind, **fields, "ToUserName": "oCitizen"}).encode()
    assert isinstance(outcome(ASKED, body), Reply | str | None)
