"""Shares with the intervals that are published for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.proportion import wilson


@pytest.mark.parametrize(  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    ("hits", "total", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="a third of many"),
        pytest.param(15, 148, 0.0624, 0.1605, id="a tenth of many"),
        pytest.param(0, 20, 0.0, 0.1611, id="none of few is not surely none"),
        pytest.param(1, 29, 0.0061, 0.1718, id="one of few"),
        pytest.param(20, 20, 0.8389, 1.0, id="all of few is not surely all"),
    ],
)
def test_an_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    figure = wilson(hits, total)
    assert figure is not None
    assert figure.value == hits / total
    assert (round(figure.low, 4), round(figure.high, 4)) == (low, high)


def test_of_nothing_there_is_no_rate() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_a_rate_lies_within_its_bounds(counts: tuple[int, int]) -> None:
    figure = wilson(*counts)
    assert figure is not None
    assert 0 <= figure.low <= figure.value <= figure.high <= 1
