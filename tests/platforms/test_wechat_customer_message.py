import json

import pytest

from app.core.errors import PlatformError
from app.core.model import (
    Card,
    Cards,
    Media,
    MediaKind,
    Menu,
    MenuItem,
    Opaque,
    Part,
    Position,
    Reply,
    Text,
    Transfer,
)
from app.platforms.wechat.customer_message import customer_message

THUMB = {"ThumbMediaId": "t1"}


@pytest.mark.parametrize(
    ("part", "kind", "content"),
    [
        pytest.param(Text("您好"), "text", {"content": "您好"}, id="text"),
        pytest.param(Media(MediaKind.IMAGE, "m1"), "image", {"media_id": "m1"}, id="image"),
        pytest.param(Media(MediaKind.VOICE, "m1"), "voice", {"media_id": "m1"}, id="voice"),
        pytest.param(
            Media(MediaKind.VIDEO, "m1", "题", "述", extra=THUMB),
            "video",
            {"media_id": "m1", "thumb_media_id": "t1", "title": "题", "description": "述"},
            id="video",
        ),
        pytest.param(
            Media(MediaKind.MUSIC, title="题", url="http://m", extra=THUMB | {"HQMusicUrl": "http://hq"}),
            "music",
            {
                "title": "题",
                "description": "",
                "musicurl": "http://m",
                "hqmusicurl": "http://hq",
                "thumb_media_id": "t1",
            },
            id="music, spelled as in a passive answer",
        ),
        pytest.param(
            Media(
                MediaKind.MUSIC,
                extra={"thumb_media_id": "t1", "musicurl": "http://m", "hqmusicurl": "http://hq"},
            ),
            "music",
            {
                "title": "",
                "description": "",
                "musicurl": "http://m",
                "hqmusicurl": "http://hq",
                "thumb_media_id": "t1",
            },
            id="music, spelled as in the send interface",
        ),
        pytest.param(
            Cards((Card("题", "述", "http://a", "http://p"),)),
            "news",
            {"articles": [{"title": "题", "description": "述", "url": "http://a", "picurl": "http://p"}]},
            id="news: an array even for one",
        ),
        pytest.param(
            Menu("满意吗？", (MenuItem("1", "满意"), MenuItem("2", "不满意")), "谢谢"),
            "msgmenu",
            {
                "head_content": "满意吗？",
                "list": [{"id": "1", "content": "满意"}, {"id": "2", "content": "不满意"}],
                "tail_content": "谢谢",
            },
            id="menu",
        ),
        pytest.param(
            Media(
                MediaKind.MINI_PROGRAM,
                title="题",
                extra={"appid": "wx2", "pagepath": "p", "thumb_media_id": "t1"},
            ),
            "miniprogrampage",
            {"title": "题", "appid": "wx2", "pagepath": "p", "thumb_media_id": "t1"},
            id="mini program",
        ),
        pytest.param(
            Media(MediaKind.CARD, extra={"card_id": "c1"}), "wxcard", {"card_id": "c1"}, id="coupon"
        ),
        pytest.param(Media(MediaKind.ARTICLE, "m1"), "mpnews", {"media_id": "m1"}, id="article as material"),
        pytest.param(
            Media(MediaKind.ARTICLE, extra={"article_id": "a1"}),
            "mpnewsarticle",
            {"article_id": "a1"},
            id="published article",
        ),
    ],
)
def test_forms(part: Part, kind: str, content: object) -> None:
    written = json.loads(customer_message("oABC", Reply((part,))))
    assert written == {"touser": "oABC", "msgtype": kind, kind: content}


def test_is_raw_utf8() -> None:
    assert "您好😀".encode() in customer_message("o", Reply.of("您好😀"))


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        pytest.param((), "too-many-parts", id="nothing"),
        pytest.param((Text("一"), Text("二")), "too-many-parts", id="two parts"),
        pytest.param((Cards((Card("一"), Card("二"))),), "too-many-articles", id="two articles"),
        pytest.param((Cards(()),), "too-many-articles", id="no article"),
        pytest.param((Position("1", "2"),), "no-form", id="position"),
        pytest.param((Transfer(),), "no-form", id="transfer"),
        pytest.param((Opaque("x"),), "no-form", id="unknown"),
        pytest.param((Media(MediaKind.IMAGE),), "incomplete", id="image without id"),
        pytest.param((Media(MediaKind.TEMPLATE, "t1"),), "no-form", id="template message"),
        pytest.param((Media(MediaKind.VIDEO, "m1"),), "incomplete", id="video without thumbnail"),
        pytest.param((Text("\ud83d"),), "unsendable", id="half a surrogate pair"),
    ],
)
def test_what_has_no_form(parts: tuple[Part, ...], code: str) -> None:
    with pytest.raises(PlatformError) as refused:
        customer_message("o", Reply(parts))
    assert (type(refused.value), refused.value.code) == (PlatformError, code)


@pytest.mark.parametrize("kind", sorted(set(MediaKind) - {MediaKind.TEMPLATE}))
def test_every_kind_of_media_has_a_form(kind: MediaKind) -> None:
    media = Media(kind, "m1", extra={"thumb_media_id": "t1", "appid": "wx2"})
    assert json.loads(customer_message("o", Reply((media,))))["msgtype"] == kind.value
