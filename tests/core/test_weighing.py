"""A phrase in a reply that reads as proper is noted; in one that does not, it holds."""

from dataclasses import replace

import pytest

from app.core.model import Severity
from app.core.rules import Rule
from tests.core.judging import checker
from tests.core.test_conditions import rule

DOUBTED = replace(rule({"lexicon": "mockery.gag"}), certain=False)


@pytest.mark.parametrize(
    ("a_rule", "reply", "severity"),
    [
        pytest.param(DOUBTED, "请看哑巴一词。", Severity.LOW, id="proper all through"),
        pytest.param(DOUBTED, "当哑巴呗。", Severity.MEDIUM, id="private talk"),
        pytest.param(DOUBTED, "请看哑巴一词。急嘛，等着呗。", Severity.MEDIUM, id="private talk beside it"),
        pytest.param(replace(DOUBTED, certain=True), "请看哑巴一词。", Severity.MEDIUM, id="certain"),
        pytest.param(
            replace(DOUBTED, severity=Severity.HIGH),
            "请看哑巴一词。",
            Severity.HIGH,
            id="graver than doubted",
        ),
        pytest.param(
            replace(DOUBTED, severity=Severity.INFO), "请看哑巴。", Severity.INFO, id="a note as it is"
        ),
    ],
)
def test_weigh(a_rule: Rule, reply: str, severity: Severity) -> None:
    judge = checker(a_rule)
    (finding,) = judge.ruleset.evaluate(judge.evidence(reply))
    assert finding.severity is severity
