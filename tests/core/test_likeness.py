"""Which replies stand together in the queue."""

import pytest

from app.core.likeness import likeness


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("您的编号是 77，请稍候。", id="another number"),
        pytest.param("您的编号是１２３４,请稍候", id="full width, other marks"),
        pytest.param("您的编号是12 ,  请稍候！", id="spaces"),
    ],
)
def test_numbers_width_and_marks_make_no_difference(other: str) -> None:
    assert likeness(other) == likeness("您的编号是12，请稍候。")


@pytest.mark.parametrize(
    "other", [pytest.param("您的编号是12，不必等候。", id="other words"), pytest.param("", id="nothing")]
)
def test_other_words_do(other: str) -> None:
    assert likeness(other) != likeness("您的编号是12，请稍候。")


def test_lone_surrogates_are_no_harm() -> None:
    assert likeness("\ud800") != likeness("好")
