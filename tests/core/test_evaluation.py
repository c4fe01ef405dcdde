"""Counts, rates and intervals of labelled replies, by hand-counted examples."""

import pytest

from app.core.evaluation import (
    Confusion,
    Judged,
    Label,
    Labelled,
    Naming,
    Pace,
    evaluate,
)
from app.core.model import NO_CONVERSATION, Category, Finding, Reply, Severity, Verdict
from app.core.policy import CheckPolicy, decide
from app.core.proportion import wilson

GAG = "mockery.gag"
IRONY = "mockery.irony"
PROMISE = "authority.promise"


def found(category: Category, severity: Severity = Severity.MEDIUM, *, shadow: bool = False) -> Finding:
    return Finding(f"{category.value}.some-rule", category, severity, "理由", shadow=shadow)


def judged(
    hold: bool, *findings: Finding, labels: tuple[str, ...] = (), file: str = "a/x.jsonl", line: int = 1
) -> Judged:
    """A reply so labelled, in which the checker found that."""
    parts = (label.split(".") for label in labels)
    said = tuple(Label(Category(category), subclass) for category, subclass in parts)
    labelled = Labelled(Reply.of("回复"), NO_CONVERSATION, hold, said, file, line)
    verdict = Verdict(decide(findings, CheckPolicy()), findings, "version")
    return Judged.of(labelled, verdict, CheckPolicy(), seconds=line / 1000)


MOCKS = found(Category.MOCKERY)
CLAIMS = found(Category.AUTHORITY)
MURMURS = found(Category.MOCKERY, Severity.LOW)


# --- rates ------------------------------------------------------------------------------------


def test_the_four_rates() -> None:
    counts = Confusion(held=8, missed=2, falsely_held=4, released=16)
    assert counts.recall == wilson(8, 10)
    assert counts.precision == wilson(8, 12)
    assert counts.false_hold_rate == wilson(4, 20)
    assert counts.f1 is not None
    assert counts.f1.value == pytest.approx(2 * (8 / 12) * (8 / 10) / (8 / 12 + 8 / 10))
    assert counts.f1.low < counts.f1.value < counts.f1.high


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(Confusion(5, 1, 0, 0), id="a file of replies to be held"),
        pytest.param(Confusion(0, 0, 1, 5), id="a file of replies that must pass"),
        pytest.param(Confusion(0, 0, 0, 0), id="nothing"),
    ],
)
def test_one_kind_alone_has_no_precision(counts: Confusion) -> None:
    """It would be 1, or 0, whatever the checker does."""
    assert counts.precision is None
    assert counts.f1 is None


def test_a_checker_that_holds_nothing_has_the_worst_f1() -> None:
    counts = Confusion(held=0, missed=5, falsely_held=0, released=5)
    assert counts.precision is None
    assert counts.recall == wilson(0, 5)
    assert counts.f1 is not None
    assert counts.f1.value == 0


# --- what counts as held, and as named --------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "held", "named"),
    [
        pytest.param((), False, set(), id="nothing found"),
        pytest.param((MOCKS,), True, {Category.MOCKERY}, id="held"),
        pytest.param((found(Category.TONE, Severity.HIGH),), True, {Category.TONE}, id="blocked"),
        pytest.param((MURMURS,), False, set(), id="noted only"),
        pytest.param(
            (MURMURS, CLAIMS), True, {Category.AUTHORITY}, id="noted beside what holds: not named for it"
        ),
        pytest.param((found(Category.TONE, shadow=True),), False, set(), id="in shadow mode"),
    ],
)
def test_named_is_what_would_hold_by_itself(
    findings: tuple[Finding, ...], held: bool, named: set[Category]
) -> None:
    one = judged(True, *findings)
    assert one.held is held
    assert one.named == named


# --- slices -----------------------------------------------------------------------------------

REPLIES = [
    judged(True, MOCKS, labels=(GAG, PROMISE), file="a/held.jsonl"),
    judged(True, CLAIMS, labels=(GAG,), file="a/held.jsonl"),  # held, for another reason
    judged(True, labels=(IRONY,), file="b/held.jsonl"),
    judged(True, CLAIMS, MOCKS, labels=(PROMISE,), file="b/held.jsonl"),
    judged(True, CLAIMS, file="b/held.jsonl"),  # labelled with nothing
    judged(False, MOCKS, labels=(GAG,), file="b/passed.jsonl"),
    judged(False, MURMURS, labels=(PROMISE,), file="b/passed.jsonl"),
    judged(False, file="b/passed.jsonl"),
]


def test_every_reply_counts_once_in_the_whole_its_folder_and_its_file() -> None:
    evaluation = evaluate(REPLIES)
    assert evaluation.whole == Confusion(held=4, missed=1, falsely_held=1, released=2)
    assert evaluation.folders == {"a": Confusion(2, 0, 0, 0), "b": Confusion(2, 1, 1, 2)}
    assert evaluation.files == {
        "a/held.jsonl": Confusion(2, 0, 0, 0),
        "b/held.jsonl": Confusion(2, 1, 0, 0),
        "b/passed.jsonl": Confusion(0, 0, 1, 2),
    }


def test_the_first_label_decides_where_a_reply_counts() -> None:
    """And a look-alike counts with what it looks like; a reply held for another reason is held."""
    evaluation = evaluate(REPLIES)
    assert evaluation.categories == {"authority": Confusion(1, 0, 0, 1), "mockery": Confusion(2, 1, 1, 0)}
    assert evaluation.subclasses == {
        PROMISE: Confusion(1, 0, 0, 1),
        GAG: Confusion(2, 0, 1, 0),
        IRONY: Confusion(0, 1, 0, 0),
    }


def test_plain_replies_and_look_alikes_are_told_apart() -> None:
    evaluation = evaluate(REPLIES)
    assert evaluation.plain == Confusion(0, 0, 0, 1)
    assert evaluation.look_alikes == Confusion(0, 0, 1, 1)


def test_whether_a_category_is_named_where_it_is_labelled() -> None:
    naming = evaluate(REPLIES).naming
    assert naming["mockery"] == Naming(labelled=3, found=1, claimed=3, right=1)
    assert naming["authority"] == Naming(labelled=1, found=1, claimed=3, right=1)
    assert naming["mockery"].found_rate == wilson(1, 3)
    assert naming["authority"].right_rate == wilson(1, 3)


def test_a_further_label_makes_a_claim_right() -> None:
    assert evaluate([judged(True, CLAIMS, labels=(GAG, PROMISE))]).naming["authority"] == Naming(0, 0, 1, 1)


def test_a_category_that_is_found_and_never_labelled_is_listed() -> None:
    evaluation = evaluate([judged(False, found(Category.SYSTEM))])
    assert evaluation.categories == {"system": Confusion(0, 0, 0, 0)}
    assert evaluation.naming == {"system": Naming(labelled=0, found=0, claimed=1, right=0)}


def test_a_file_without_a_folder_lies_here() -> None:
    assert set(evaluate([judged(True, file="x.jsonl")]).folders) == {"."}


def test_nothing_judged_is_no_error() -> None:
    evaluation = evaluate([])
    assert evaluation.whole == Confusion(0, 0, 0, 0)
    assert evaluation.pace is None


# --- the worst --------------------------------------------------------------------------------


def lines(worst: tuple[Judged, ...]) -> list[int]:
    return [one.labelled.line for one in worst]


def test_a_miss_is_the_worse_the_less_was_found() -> None:
    noted = found(Category.MOCKERY, Severity.INFO)
    misses = [
        judged(True, MURMURS, labels=(GAG,), line=1),
        judged(True, noted, noted, labels=(GAG,), line=2),
        judged(True, noted, labels=(GAG,), line=3),
        judged(True, labels=(GAG,), line=4),
        judged(True, MOCKS, labels=(GAG,), line=5),
    ]
    evaluation = evaluate(misses)
    assert lines(evaluation.misses) == [4, 3, 2, 1]
    assert evaluation.false_holds == ()


def test_a_false_hold_is_the_worse_the_more_severe() -> None:
    holds = [
        judged(False, MOCKS, line=1),
        judged(False, MOCKS, CLAIMS, line=2),
        judged(False, found(Category.MOCKERY, Severity.HIGH), line=3),
        judged(False, MURMURS, line=4),
    ]
    assert lines(evaluate(holds).false_holds) == [3, 2, 1]


def test_among_equals_the_labels_take_turns() -> None:
    subclasses = (GAG, GAG, GAG, IRONY, PROMISE, PROMISE)
    misses = [judged(True, labels=(label,), line=line) for line, label in enumerate(subclasses, 1)]
    assert lines(evaluate(misses).misses) == [1, 4, 5, 2, 6, 3]


# --- time -------------------------------------------------------------------------------------


def test_the_time_per_reply() -> None:
    pace = Pace.of(float(second) for second in range(20, 0, -1))
    assert pace == Pace(mean=10.5, median=10.0, p95=19.0, longest=20.0)


def test_one_reply_is_its_own_median() -> None:
    assert Pace.of([0.5]) == Pace(0.5, 0.5, 0.5, 0.5)
