"""The quick look at a whole reply must let through every rule that holds in a stretch of it."""

import re

import pytest

from app.core.conditions import Pattern
from tests.core.judging import evidence


@pytest.mark.parametrize(
    ("pattern", "possible"),
    [
        pytest.param("哑巴", True, id="stands there"),
        pytest.param("聋子", False, id="does not stand there"),
        pytest.param("^哑巴", True, id="begins a later clause"),
        pytest.param("(?:^|[,。])谁是$", True, id="is a clause by the ends of it"),
        pytest.param("^聋子", False, id="begins no clause"),
        pytest.param(r"[$^]|\$", False, id="signs that are no anchors"),
        pytest.param("谁是(?!,)", True, id="looks ahead: not known"),
        pytest.param("(聋)\\1", False, id="refers back, but to what is not there"),
    ],
)
def test_a_pattern_is_possible_wherever_a_clause_could_match_it(pattern: str, possible: bool) -> None:
    assert Pattern(re.compile(pattern)).possible(evidence("谁是，哑巴", "")) is possible
