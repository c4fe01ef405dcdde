"""Many spellings fold to one, and every folded character knows where it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import squeeze
from tests.core.judging import folder


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("ＡＢＣ１２３", "abc123", id="full width"),
        pytest.param("不說話", "不说话", id="traditional"),
        pytest.param("你\u200b好\u2060", "你好", id="invisible marks"),
        pytest.param("ѕb", "sb", id="a Cyrillic look-alike"),
        pytest.param("滚滚滚滚滚滚", "滚滚滚", id="a long run"),
        pytest.param("哈哈", "哈哈", id="two are no run"),
        pytest.param("谢谢", "谢谢", id="nor a word"),
        pytest.param("100000", "100000", id="digits are never shortened"),
        pytest.param("幺三九零零零零", "幺三九零零零零", id="nor are numbers in words"),
        pytest.param("&#28378;", "滚", id="an HTML entity"),
        pytest.param("%E6%BB%9A", "滚", id="percent-encoded, as in links"),
        pytest.param("100%好评", "100%好评", id="a percent sign is one"),
        pytest.param("e\u0301", "e", id="a combining mark"),
        pytest.param("🙂\ufe0f", "🙂", id="an emoji keeps its face"),
        pytest.param("第一行\n第二行", "第一行\n第二行", id="lines stay lines"),
    ],
)
def test_fold(written: str, folded: str) -> None:
    assert folder().fold(written).text == folded


@pytest.mark.parametrize(
    ("plain", "squeezed"),
    [
        pytest.param("傻*逼", "傻逼", id="a symbol inside"),
        pytest.param("傻🙂逼", "傻逼", id="an emoji inside"),
        pytest.param("傻.逼", "傻逼", id="a dot inside"),
        pytest.param("不 说 话", "不说话", id="spaced out"),
        pytest.param("亻尔氵衮", "你滚", id="taken apart"),
        pytest.param("您好,请稍候。", None, id="punctuation stays"),
        pytest.param("办理 流程 如下", None, id="words set apart stay words"),
        pytest.param("工信处女干事每月经过下属科室", None, id="a famous trap"),
    ],
)
def test_squeeze(plain: str, squeezed: str | None) -> None:
    found = squeeze(plain)
    assert (found.text if found else None) == squeezed


AWKWARD = st.text(
    alphabet=st.sampled_from("你滚傻ＡａЅ說&;#%Ee6BbA9x１🙂\u200b\ufe0f\u0301ﬀ㊣…—“”。,\n 哈*.氵衮")
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)


@given(AWKWARD)
def test_every_folded_character_points_at_what_it_came_from(text: str) -> None:
    folded = folder().fold(text)
    end = 0
    for position in range(len(folded.text)):
        span = folded.span(position, position + 1)
        assert 0 <= span.start < span.end <= len(text)
        assert span.end >= end  # never backwards
        end = span.end


@given(AWKWARD)
def test_a_text_already_folded_stays_as_it_is(text: str) -> None:
    once = folder().fold(text).text
    if "&" not in once and "%" not in once:
        assert folder().fold(once).text == once


@given(AWKWARD)
def test_what_is_squeezed_out_is_all_that_is_lost(text: str) -> None:
    plain = folder().fold(text).text
    squeezed = squeeze(plain)
    if squeezed is not None:
        assert len(squeezed.positions) == len(squeezed.text)
        assert all(0 <= start < end <= len(plain) for start, end in squeezed.positions)
