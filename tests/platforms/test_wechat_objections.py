import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DecodeError
from app.core.model import (
    Card,
    Cards,
    Category,
    Media,
    MediaKind,
    Menu,
    MenuItem,
    Message,
    MessageKind,
    Opaque,
    Part,
    Position,
    Reply,
    Severity,
    Span,
    Text,
    Transfer,
)
from app.platforms.wechat.objections import objections
from tests.platforms.wechat_pushes import NOW, codec
from tests.values import message

ASKED = message()
CLICKED = message(kind=MessageKind.EVENT, kind_name="event", event="click", text="")
MENU = Menu("您要办理？", (MenuItem("1", "社保"),))
CARD = Card("标题", "描述", "https://e.org/", "https://e.org/a.png")
IMAGE = Media(MediaKind.IMAGE, "m")


@pytest.mark.parametrize(
    ("parts", "rules"),
    [
        pytest.param([Text("您好")], set(), id="a text"),
        pytest.param(
            [Text("您好\n\t请看：<a href='https://e.org'>😀</a>]]>")], set(), id="lines, links, emoji"
        ),
        pytest.param([Text("字" * 682 + "ab")], set(), id="2048 bytes"),
        pytest.param([Text("字" * 682 + "abc")], {"system.too-long"}, id="2049 bytes"),
        pytest.param([Text("a\x0bb")], {"system.control-character"}, id="a vertical tab"),
        pytest.param([Text("a\ud800b")], {"system.control-character"}, id="half a character"),
        pytest.param([Text("")], {"system.empty"}, id="an empty text"),
        pytest.param([Text(" \n\u3000")], {"system.empty"}, id="a blank text"),
        pytest.param([], {"system.empty"}, id="no part at all"),
        pytest.param([Cards((CARD,))], set(), id="one article"),
        pytest.param([Cards((CARD, CARD))], {"system.no-form"}, id="two articles"),
        pytest.param([Cards(())], {"system.empty"}, id="no article"),
        pytest.param(
            [Cards((Card("", picture_url="https://e.org/a.png"),))],
            {"system.empty"},
            id="an article without words",
        ),
        pytest.param(
            [Cards((Card("题", picture_url="\x01"),))],
            {"system.control-character"},
            id="a control character nobody reads",
        ),
        pytest.param([IMAGE], set(), id="an image"),
        pytest.param([Media(MediaKind.IMAGE)], {"system.empty"}, id="an image without id"),
        pytest.param([Media(MediaKind.MUSIC, url="https://e.org/a.mp3")], set(), id="music"),
        pytest.param([Media(MediaKind.MUSIC)], {"system.empty"}, id="music that is nothing"),
        pytest.param([Media(MediaKind.MINI_PROGRAM, title="办事")], {"system.no-form"}, id="a mini program"),
        pytest.param([Media(MediaKind.CARD, "c")], {"system.no-form"}, id="a coupon"),
        pytest.param([Media(MediaKind.ARTICLE, "a")], {"system.no-form"}, id="a published article"),
        pytest.param([MENU], {"system.no-form"}, id="a menu"),
        pytest.param([Position("113", "23")], {"system.no-form"}, id="a place"),
        pytest.param([Opaque("hologram")], {"system.no-form"}, id="nobody knows what"),
        pytest.param([Text("一"), Text("二")], {"system.no-form"}, id="two texts"),
        pytest.param([Transfer()], set(), id="to a human desk"),
    ],
)
def test_after_a_message(parts: list[Part], rules: set[str]) -> None:
    found = objections(ASKED, Reply(tuple(parts)))
    assert {finding.rule for finding in found} == rules
    assert all((f.category, f.severity) == (Category.SYSTEM, Severity.MEDIUM) and f.why for f in found)


@pytest.mark.parametrize(
    ("parts", "rules"),
    [
        pytest.param([Cards((CARD,) * 8)], set(), id="eight articles"),
        pytest.param([Cards((CARD,) * 9)], {"system.no-form"}, id="nine articles"),
        pytest.param([Transfer()], {"system.no-form"}, id="to a human desk"),
    ],
)
def test_after_a_click(parts: list[Part], rules: set[str]) -> None:
    assert {finding.rule for finding in objections(CLICKED, Reply(tuple(parts)))} == rules


def test_a_menu_is_told_which_way_it_can_go() -> None:
    (found,) = objections(ASKED, Reply((MENU,)))
    assert "客服" in found.why


def test_a_control_character_is_pointed_at() -> None:
    (found,) = objections(ASKED, Reply.of("好\x00的\x0b"))
    assert found.spans == (Span(1, 2), Span(3, 4))


TEXTS = st.text(max_size=20) | st.sampled_from(["\x00", "]]>", "😀", "", "\ud800"])
PARTS = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(Cards, st.lists(st.builds(Card, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple)),
    st.builds(
        Media,
        st.sampled_from(MediaKind),
        TEXTS,
        TEXTS,
        TEXTS,
        TEXTS,
        st.dictionaries(st.just("HQMusicUrl"), TEXTS),
    ),
    st.builds(Transfer, TEXTS),
    st.sampled_from([MENU, Position("1", "2"), Opaque("x")]),
)


@given(parts=st.lists(PARTS, max_size=2), to=st.sampled_from([ASKED, CLICKED]))
def test_a_reply_is_written_if_and_only_if_nothing_speaks_against_it(parts: list[Part], to: Message) -> None:
    reply = Reply(tuple(parts))
    if codec().objections(to, reply):
        with pytest.raises(DecodeError):
            codec().encode(to, reply, NOW)
    else:
        assert codec().encode(to, reply, NOW).startswith(b"<xml>")
