"""A figure worse than its floor falls short; so does one that cannot be measured."""

import pytest

from app.core.evaluation import Evaluation, evaluate
from app.core.floors import Floors, shortfalls
from app.core.model import Category
from tests.core.test_evaluation import CLAIMS, GAG, IRONY, MOCKS, PROMISE, judged


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Of 4 that mock 3 are held, 2 for mocking. Held falsely: 1 of 2 plain ones, 1 of 4 look-alikes."""
    return evaluate(
        [
            judged(True, MOCKS, labels=(GAG,)),
            judged(True, MOCKS, labels=(GAG,)),
            judged(True, CLAIMS, labels=(IRONY,)),
            judged(True, labels=(IRONY,)),
            judged(False, MOCKS),
            judged(False),
            judged(False, CLAIMS, labels=(PROMISE,)),
            *(judged(False, labels=(PROMISE,)) for _ in range(3)),
        ]
    )


@pytest.mark.parametrize(
    "floors",
    [
        pytest.param(Floors(), id="nothing asked"),
        pytest.param(Floors(recall={"mockery": 0.75}), id="recall just there"),
        pytest.param(Floors(recall={GAG: 1.0, IRONY: 0.5}), id="recall of subclasses"),
        pytest.param(Floors(category_found={"mockery": 0.5}), id="found just there"),
        pytest.param(Floors(category_right={"mockery": 0.66}), id="right"),
        pytest.param(Floors(false_holds=0.5, look_alikes=0.25), id="false holds just there"),
    ],
)
def test_met(evaluation: Evaluation, floors: Floors) -> None:
    assert shortfalls(evaluation, floors) == ()


@pytest.mark.parametrize(
    ("floors", "name", "value"),
    [
        pytest.param(Floors(recall={"mockery": 0.76}), "recall.mockery", 0.75, id="recall"),
        pytest.param(Floors(recall={IRONY: 0.51}), f"recall.{IRONY}", 0.5, id="recall of a subclass"),
        pytest.param(
            Floors(category_found={"mockery": 0.51}), "category_found.mockery", 0.5, id="held, not found"
        ),
        pytest.param(
            Floors(category_right={"authority": 0.1}), "category_right.authority", 0.0, id="found, not right"
        ),
        pytest.param(Floors(false_holds=0.49), "false_holds", 0.5, id="plain replies"),
        pytest.param(Floors(look_alikes=0.24), "look_alikes", 0.25, id="look-alikes"),
    ],
)
def test_short(evaluation: Evaluation, floors: Floors, name: str, value: float) -> None:
    (short,) = shortfalls(evaluation, floors)
    assert short.name == name
    assert short.figure is not None
    assert short.figure.value == value


@pytest.mark.parametrize(
    "floors",
    [
        pytest.param(Floors(recall={"tone": 0.0}), id="no reply of the category"),
        pytest.param(Floors(recall={PROMISE: 0.0}), id="look-alikes of it alone"),
        pytest.param(Floors(category_right={Category.TONE.value: 0.0}), id="never found"),
    ],
)
def test_what_cannot_be_measured_falls_short(evaluation: Evaluation, floors: Floors) -> None:
    (short,) = shortfalls(evaluation, floors)
    assert short.figure is None


def test_without_replies_that_must_pass_their_ceilings_fall_short() -> None:
    short = shortfalls(evaluate([judged(True, labels=(GAG,))]), Floors(false_holds=1.0, look_alikes=1.0))
    assert [one.name for one in short] == ["false_holds", "look_alikes"]
