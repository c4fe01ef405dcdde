"""Words with their parts of speech: of the checker's own cut, from the dictionary alone."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.elements.reading_aloud import tagger


@given(st.text(max_size=60))
def test_the_words_are_the_text(text: str) -> None:
    assert "".join(word for word, _ in tagger()(text)) == text


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        pytest.param("希望", "v", id="verb"),
        pytest.param("昨晚", "t", id="time"),
        pytest.param("朝阳区", "ns", id="place"),
        pytest.param("物业", "n", id="noun"),
        pytest.param("12", "m", id="digits"),
        pytest.param("KTV", "eng", id="letters"),
        pytest.param("，", "x", id="mark"),
    ],
)
def test_flags(word: str, flag: str) -> None:
    assert tagger()(word) == [(word, flag)]


def test_the_model_of_new_words_is_not_loaded() -> None:
    tagger()("您好")
    assert "jieba.posseg" not in sys.modules
