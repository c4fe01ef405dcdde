"""The shipped judgement on labelled replies of our own: figures of those set aside against floors."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from app.cli.evaluating import judge_all
from app.cli.figures import PIPED_WIDTH, print_evaluation, print_shortfalls
from app.core.checker import Checker
from app.core.evaluation import Evaluation, Labelled, evaluate
from app.core.floors import Shortfall, shortfalls
from app.core.model import Category, Conversation, Reply
from app.core.policy import CheckPolicy
from app.loading.floors import load_floors
from app.loading.labelled import load_labelled
from app.loading.ruleset import load_checker

HERE = Path(__file__).parent
ASIDE = HERE / "aside"


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, None, None)


def told(evaluation: Evaluation, short: Sequence[Shortfall]) -> str:
    """The figures, and no reply: who reads what was missed tunes on it."""
    output = StringIO()
    console = Console(file=output, width=PIPED_WIDTH, highlight=False)
    print_evaluation(console, evaluation, worst=0)
    print_shortfalls(console, short)
    return output.getvalue()


def test_no_figure_is_worse_than_its_floor(checker: Checker) -> None:
    evaluation = evaluate(judge_all(checker, CheckPolicy(), load_labelled([ASIDE])))
    short = shortfalls(evaluation, load_floors(HERE / "floors.yaml"))
    assert not short, told(evaluation, short)


def test_nothing_set_aside_is_tuned_on() -> None:
    """Nor does a reply to the same message count twice."""
    counts = Counter((one.reply.text, one.conversation.message) for one in load_labelled([HERE]))
    assert [text for (text, _), count in counts.items() if count > 1] == []


def test_every_reply_to_be_held_says_what_for() -> None:
    silent = [f"{one.file}:{one.line}" for one in load_labelled([HERE]) if one.hold and not one.labels]
    assert silent == []


def test_the_known_scandals_are_held(checker: Checker) -> None:
    for one in YAML(typ="safe").load((HERE / "incidents.yaml").read_text(encoding="utf-8")):
        conversation = Conversation(one.get("message", ""))
        said = Labelled(Reply.of(one["reply"]), conversation, True, (), "incidents.yaml", 0)
        (judged,) = judge_all(checker, CheckPolicy(), [said])
        assert judged.held, one["reply"]
        assert Category(one["category"]) in judged.named, one["reply"]
