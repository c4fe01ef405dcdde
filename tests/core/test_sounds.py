"""What is spelled by its sound is heard, whole or in part, and stands where it was written."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.sounds import NOTHING, Sounds
from app.loading.characters import sound_of

SOUNDS = Sounds(("sha", "bi", "zui"), sound_of)
SHABI = SOUNDS.sign(("sha", "bi"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param("傻逼", (0, 2), id="as written"),
        pytest.param("煞笔", (0, 2), id="by other characters"),
        pytest.param("是shabi吧", (1, 6), id="in letters"),
        pytest.param("sha bi", (0, 6), id="in letters, apart"),
        pytest.param("sha逼", (0, 4), id="half in letters"),
        pytest.param("傻bi", (0, 3), id="the other half"),
        pytest.param("shabiao", None, id="letters that go on otherwise"),
        pytest.param("crashabit", None, id="letters inside a longer word"),
        pytest.param("沙 bi", None, id="a space after a character is no part of a word"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_hear(text: str, where: tuple[int, int] | None) -> None:
    heard = SOUNDS.hear(text)
    at = heard.text.find(SHABI)
    assert (heard.range(at, at + 2) if at >= 0 else None) == where


@given(st.text(st.sampled_from("傻逼沙笔shabizu 您好，.'-😀"), max_size=30))
@settings(max_examples=300, deadline=None)
def test_every_sign_comes_from_its_own_place_in_order(text: str) -> None:
    heard = SOUNDS.hear(text)
    ranges = [heard.range(at, at + 1) for at in range(len(heard.text))]
    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert all(one[1] <= other[0] for one, other in pairwise(ranges))
    for (start, end), sign in zip(ranges, heard.text, strict=True):
        if end - start == 1 and not text[start].isascii():
            assert sign == SOUNDS[ord(text[start])]
        elif sign != NOTHING:
            assert text[start:end] in {"sha", "bi", "zui"}
