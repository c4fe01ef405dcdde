"""The shipped judgement on labelled replies of our own: precision and recall against floors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.core.checker import Checker
from app.core.model import Conversation, Disposition, Reply, Verdict
from app.core.policy import CheckPolicy
from app.loading.ruleset import load_checker

HERE = Path(__file__).parent
CATEGORIES = ("tone", "mockery", "authority")


def read(name: str) -> Any:
    return YAML(typ="safe").load((HERE / name).read_text(encoding="utf-8"))


def entry(one: Any) -> Mapping[str, Any]:
    return {"reply": one} if isinstance(one, str) else dict(one)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, None, None)


def judged(checker: Checker, entries: Sequence[Any]) -> list[tuple[Mapping[str, Any], Verdict]]:
    return [
        (one, checker.check(Reply.of(one["reply"]), Conversation(one.get("message", "")), CheckPolicy()))
        for one in map(entry, entries)
    ]


def categories(verdict: Verdict) -> set[str]:
    """Of the findings that count."""
    return {f.category.value for f in verdict.findings if f.severity >= CheckPolicy().hold_at}


@pytest.mark.parametrize("category", CATEGORIES)
def test_recall(checker: Checker, category: str) -> None:
    wanted = [one for one in judged(checker, read("held.yaml")) if one[0]["category"] == category]
    held = [one for one in wanted if one[1].disposition is not Disposition.RELEASE]
    assert len(held) / len(wanted) >= read("floors.yaml")["recall"][category]


def test_ordinary_replies_pass(checker: Checker) -> None:
    results = judged(checker, read("passed.yaml"))
    held = [one["reply"] for one, verdict in results if verdict.disposition is not Disposition.RELEASE]
    assert len(held) / len(results) <= read("floors.yaml")["false_holds"], held


@pytest.mark.parametrize("category", CATEGORIES)
def test_precision(checker: Checker, category: str) -> None:
    """Of the replies in which the category was found, how many are labelled with it."""
    labelled = judged(checker, read("held.yaml")) + judged(checker, read("passed.yaml"))
    found = [one for one, verdict in labelled if category in categories(verdict)]
    right = [one for one in found if category in {one.get("category"), *one.get("also", ())}]
    assert len(right) / len(found) >= read("floors.yaml")["precision"][category]


def test_the_known_scandals_are_held(checker: Checker) -> None:
    for one, verdict in judged(checker, read("incidents.yaml")):
        assert verdict.disposition is not Disposition.RELEASE, one["reply"]
        assert one["category"] in categories(verdict), one["reply"]
