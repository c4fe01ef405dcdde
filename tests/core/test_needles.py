"""One of the strings a pattern is said to need is in everything it matches."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.needles import Needles, needles_of

PATTERNS = [
    "不(?:说话|开口)没人",
    "(?:你|您)(?!好)的?情况",
    "(?<![已曾])经[^,。]{0,4}查",
    "[一-三][零〇]{2}",
    "(?:a|)b?c",
    "(哑)\\1",
    "[^好]坏+",
    "(?:甲(?:乙|丙)|丁){2}",
    "\\d{3}路",
    "一(?:定|直)(?:给|帮)?您.{0,3}满意",
    "^(?:好的?|行)[,。]?$",
]


def cost(needles: Needles) -> float:
    return sum(0.1 ** len(one) for one in needles)


@pytest.mark.parametrize("written", PATTERNS)
def test_every_match_holds_a_needle(written: str) -> None:
    pattern = re.compile(written)
    needles = needles_of(pattern, cost)
    assert needles

    @given(st.from_regex(pattern))
    @settings(max_examples=60, deadline=None)
    def holds(text: str) -> None:
        assert any(one in text for one in needles)

    holds()


@pytest.mark.parametrize(
    ("written", "needles"),
    [
        pytest.param("哑巴", {"哑巴"}, id="a word whole"),
        pytest.param("哑?巴", {"巴"}, id="but not what may be missing"),
        pytest.param("(?:哑巴|聋子)", {"哑巴", "聋子"}, id="one of several"),
        pytest.param("(?:聋|哑)巴", {"聋巴", "哑巴"}, id="a few choices are multiplied out"),
        pytest.param("哑.{0,3}巴士", {"巴士"}, id="the most telling part"),
        pytest.param("(?:哑巴|.)", None, id="unless one of them is anything"),
        pytest.param("[^哑]", None, id="not a class of all others"),
        pytest.param("(?!哑)巴", {"巴"}, id="nor what must not follow"),
        pytest.param("(?:哑巴)*", None, id="nor what may stand there never"),
        pytest.param("(?i:sb)", None, id="letters in either case are not known"),
    ],
)
def test_needles_of(written: str, needles: set[str] | None) -> None:
    assert needles_of(re.compile(written), cost) == needles
