"""Whole messages; what is asked next; and messages that are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.elements.extract import MOST_OF_A_FIELD, extract
from app.core.elements.gazetteer import Gazetteer
from app.core.elements.model import Field
from app.core.elements.questions import QUESTIONS
from tests.core.elements.reading_aloud import RECEIVED_AT, gazetteer, read, tagger

WORDS = (
    "和平路", "12号", "昨晚", "十点", "2月31号", "物业", "我是", "业主", "希望", "因为", "导致", "张先生",
    "我叫", "13800001234", "小区", "到", "与", "，", "。", " ", "\n", "\x00", "😀", "第", "9999年", "１２",
    "99点", "半", "电话", "举报", "一百", "万元", "路口", "\ud800", "微信abcdef", "每", "年", "天", "前",
    "a@b.cn", "去年", "之", "腊月", "3栋", "国庆", "里", "村支书", "两三点", "0时", "上", "周",
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS), max_size=40).map("".join)))
@settings(max_examples=400)
def test_any_text_is_read_and_quotes_stand_where_they_say(text: str) -> None:
    elements = read(text)
    for element in elements.found:
        assert text[element.start : element.end] == element.text
        assert element.text
        assert 0 <= element.confidence <= 1
    assert len(elements.questions) <= 2
    assert all(len(elements.of(field)) <= MOST_OF_A_FIELD for field in Field)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("", id="empty"),
        pytest.param("1", id="digits"),
        pytest.param("路", id="endings without names"),
        pytest.param("和平路12号", id="one address"),
        pytest.param("希望，给", id="wishes that go on"),
        pytest.param("我是业主，", id="self"),
        pytest.param("昨天到", id="ranges"),
        pytest.param("a@b.", id="e-mail"),
        pytest.param("\x00", id="controls"),
        pytest.param("😀", id="emoji"),
    ],
)
def test_twenty_thousand_characters(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    assert len(read(text).found) <= MOST_OF_A_FIELD * len(Field)


def test_an_empty_table_finds_no_names() -> None:
    elements = extract("和平路12号物业不管", RECEIVED_AT, tagger(), Gazetteer.of({}, ()))
    assert (elements.of(Field.WHERE), elements.of(Field.WHOM), elements.topic) == ((), (), "")


def test_nothing_is_asked_twice_of_the_same_text() -> None:
    text = "昨晚和平路12号烧烤店太吵，希望管管，电话13800001234"
    assert read(text) == extract(text, RECEIVED_AT, tagger(), gazetteer())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("投诉太吵了", [Field.WHERE, Field.WHEN], id="at most two, place first"),
        pytest.param("和平路12号烧烤店太吵", [Field.WHEN, Field.WANT], id="then time and wish"),
        pytest.param("昨晚和平路12号太吵，要求整改", [Field.WHOM, Field.CONTACT], id="then whom and contact"),
        pytest.param("着火了快来", [Field.WHERE], id="an emergency: the place alone"),
        pytest.param("特别感谢给我们修路灯的师傅们", [], id="thanks: nothing"),
        pytest.param("请问几点上班", [], id="a question: nothing"),
        pytest.param("建议多装几盏灯", [Field.WHERE], id="a proposal: where"),
    ],
)
def test_questions(text: str, asked: list[Field]) -> None:
    assert list(read(text).questions) == [QUESTIONS[field] for field in asked]
