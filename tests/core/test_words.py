"""Words are cut only around what is asked of, and just as the whole text would be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.words import Words
from app.loading.ruleset import shipped_dirs
from app.loading.segmenter import make_segmenter

CUT = make_segmenter(shipped_dirs()[1] / "dictionary.txt", None)
LETTERS = st.text(
    st.sampled_from("您好聋哑巴士公积金办理处。,!？ \n\tab12.-_#您的投诉已收到😀·"), max_size=40
)


@given(LETTERS)
@settings(max_examples=300, deadline=None)
def test_a_stretch_is_cut_as_in_the_whole(text: str) -> None:
    tokens = CUT(text)
    words = Words(text, CUT)
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + 5) + 1):
            whole = any(one.start == start for one in tokens) and any(one.end == end for one in tokens)
            assert words.are(start, end) == whole, text[start:end]


@pytest.mark.parametrize(
    ("term", "is_word"),
    [pytest.param("哑巴", False, id="across two words"), pytest.param("巴士", True, id="a word")],
)
def test_are_words(term: str, is_word: bool) -> None:
    text = "聋哑巴士免费。"
    assert Words(text, CUT).are(text.index(term), text.index(term) + 2) == is_word
