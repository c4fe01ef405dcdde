"""The shipped judgement on labelled replies of our own that nothing was made with: recall and false holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.core.checker import Checker
from app.core.model import Conversation, Disposition, Reply, Verdict
from app.core.policy import CheckPolicy
from app.loading.ruleset import load_checker

HERE = Path(__file__).parent
FLOORS: Mapping[str, Any] = YAML(typ="safe").load((HERE / "floors.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, None, None)


def labelled(folder: str) -> list[Mapping[str, Any]]:
    files = sorted((HERE / folder).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def held(checker: Checker, text: str, context: str) -> Verdict | None:
    verdict = checker.check(Reply.of(text), Conversation(context), CheckPolicy())
    return None if verdict.disposition is Disposition.RELEASE else verdict


@pytest.mark.parametrize("category", FLOORS["held"])
def test_what_must_be_held_is(checker: Checker, category: str) -> None:
    wanted = [one for one in labelled("aside") if one["hold"] and one["labels"][0].startswith(category)]
    missed = [one for one in wanted if not held(checker, one["text"], one["context"])]
    assert 1 - len(missed) / len(wanted) >= FLOORS["held"][category], missed


@pytest.mark.parametrize(("kind", "look_alike"), [("false_holds", False), ("look_alikes", True)])
def test_proper_replies_pass(checker: Checker, kind: str, look_alike: bool) -> None:
    proper = [one for one in labelled("aside") if not one["hold"] and bool(one["labels"]) is look_alike]
    wronged = [one for one in proper if held(checker, one["text"], one["context"])]
    assert len(wronged) / len(proper) <= FLOORS[kind], wronged


def test_nothing_set_aside_was_learnt_from() -> None:
    assert not {one["text"] for one in labelled("aside")} & {one["text"] for one in labelled("development")}


def test_the_known_scandals_are_held(checker: Checker) -> None:
    for one in YAML(typ="safe").load((HERE / "incidents.yaml").read_text(encoding="utf-8")):
        verdict = held(checker, one["reply"], one.get("message", ""))
        assert verdict is not None, one["reply"]
        assert one["category"] in {finding.category.value for finding in verdict.findings}, one["reply"]
