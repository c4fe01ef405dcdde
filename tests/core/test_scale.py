"""Scales side by side read what each would read alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.scale import Scale, Scales

CLAIM = Scale("claim", -50, {"责令": 200, "令": -7})
PRIVATE = Scale("private", -100, {"呗": 150, "责令": -50})
BOTH = Scales.of([CLAIM, PRIVATE])


@pytest.mark.parametrize(
    ("text", "claim", "private"),
    [
        pytest.param("", -0.5, -1.0, id="nothing but where the scale begins"),
        pytest.param("责令呗", 1.43, 0.0, id="letters and pairs"),
        pytest.param("呗呗呗", -0.5, 0.5, id="each once"),
        pytest.param("责 令", -0.57, -1.0, id="no pair across a space"),
    ],
)
def test_a_sentence_is_read_on_every_scale(text: str, claim: float, private: float) -> None:
    assert BOTH.readings(text) == {"claim": claim, "private": private}


@given(
    st.lists(
        st.dictionaries(st.text("甲乙丙丁", min_size=1, max_size=2), st.integers(-900, 900)), max_size=5
    ),
    st.text("甲乙丙丁戊"),
)
def test_no_scale_changes_what_another_reads(weights: list[dict[str, int]], text: str) -> None:
    scales = [Scale(f"scale-{number}", number - 2, one) for number, one in enumerate(weights)]
    together = Scales.of(scales).readings(text)
    assert together == {scale.name: Scales.of([scale]).readings(text)[scale.name] for scale in scales}
