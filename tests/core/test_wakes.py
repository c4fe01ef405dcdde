"""What sleeps could not have held: verdicts are the same with every rule and condition awake."""

import json
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from app.core.checker import Checker
from app.core.model import Conversation, Reply
from app.core.policy import CheckPolicy
from app.core.rules import Needs, Ruleset
from app.loading.ruleset import load_checker

CORPUS = Path(__file__).parents[1] / "corpus"


def unhurried(checker: Checker) -> Checker:
    """The same judgement, every rule and condition always awake."""
    rules = checker.ruleset.rules
    every = (1 << len(rules) + 1) - 1
    lexicons = replace(checker.lexicons, always=checker.lexicons.always | every)
    ruleset = Ruleset(rules, tuple(Needs((), ()) for _ in rules))
    return replace(checker, ruleset=ruleset, lexicons=lexicons, masks={})


def texts(checker: Checker) -> list[tuple[str, str]]:
    """(reply, message) of a fifth of the corpus, and of every example."""
    lines = [
        json.loads(line)
        for file in sorted(CORPUS.glob("*/*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()[::5]
    ]
    examples = chain.from_iterable((*rule.hits, *rule.passes) for rule in checker.ruleset.rules)
    return [(one["text"], one["context"]) for one in lines] + [
        (example.reply, example.message) for example in examples
    ]


@pytest.mark.timeout(300)
def test_sleep_changes_no_verdict() -> None:
    checker = load_checker(None, None, None)
    slow = unhurried(checker)
    for reply, message in texts(checker):
        asked = Reply.of(reply), Conversation(message), CheckPolicy()
        assert checker.check(*asked) == slow.check(*asked), reply


def test_an_ordinary_reply_wakes_few_rules() -> None:
    checker = load_checker(None, None, None)
    evidence = checker.evidence("您好，办理居住证请携带身份证原件到户籍所在地派出所窗口，咨询电话见官网。")
    assert len(list(checker.ruleset.awake(evidence))) < len(checker.ruleset.rules) / 5
