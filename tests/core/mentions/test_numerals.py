"""Chinese numerals are numbers; words stay words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.mentions.numerals import NUMERAL, as_digits, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("一百零五", 105),
        ("二〇", 20),
        ("两", 2),
        ("一千二百", 1200),
    ],
)
def test_number(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        pytest.param("幺二三四五", "12345", id="read out"),
        pytest.param("二〇二四年", "2024年", id="a year"),
        pytest.param("幺39零零00幺234", "13900001234", id="mixed"),
        pytest.param("三五天，一楼二楼", "三五天，一楼二楼", id="words"),
        pytest.param("12345一直占线", "12345一直占线", id="a word behind a number"),
        pytest.param("二十三", "二十三", id="counted"),
    ],
)
def test_digits_that_are_read_out(text: str, digits: str) -> None:
    assert as_digits(text) == digits


@given(st.text(alphabet="零〇一二两三十百千幺壹9 a路", max_size=40))
def test_digits_stay_where_they_are_and_every_numeral_is_a_number(text: str) -> None:
    assert len(as_digits(text)) == len(text)
    for match in re.finditer(NUMERAL, text):
        assert number(match[0]) >= 0
