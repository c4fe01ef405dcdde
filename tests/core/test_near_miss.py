"""Where a rule stopped that did not hold."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.core.evidence import Evidence
from app.core.near_miss import NearMiss, near_miss
from app.core.rules import holds
from app.loading.ruleset import load_checker
from tests.core.judging import checker
from tests.core.test_conditions import rule

GAG, CITIZEN = {"lexicon": "mockery.gag"}, {"lexicon": "person.citizen"}


def missed(
    when: Mapping[str, Any], unless: Mapping[str, Any] | None, reply: str, message: str
) -> tuple[NearMiss, Evidence]:
    a_rule = rule(when, unless)
    judge = checker(a_rule)
    evidence = judge.evidence(reply, judge.evidence(message) if message else None)
    miss = near_miss(a_rule, evidence)
    assert miss is not None
    return miss, evidence


@pytest.mark.parametrize(
    ("when", "reply", "message", "path", "proved", "found"),
    [
        pytest.param(
            {"all": [CITIZEN, GAG]}, "您好", "", "when.all[1]", ["您"], [], id="one part is missing"
        ),
        pytest.param(
            {"any": [{"pattern": "滚"}, {"all": [CITIZEN, GAG]}]},
            "您好",
            "",
            "when.any[1].all[1]",
            ["您"],
            [],
            id="the nearest branch",
        ),
        pytest.param(
            {"all": [GAG, {"not": {"any": [{"pattern": "谢谢"}, CITIZEN]}}]},
            "你这哑巴",
            "",
            "when.all[1].not.any[1]",
            ["哑巴"],
            ["你"],
            id="what must not be there",
        ),
        pytest.param(
            {"near": {"of": GAG, "to": CITIZEN, "within": 1}},
            "哑巴说的是你",
            "",
            "when",
            [],
            ["哑巴", "你"],
            id="too far apart",
        ),
        pytest.param(
            {"near": {"of": GAG, "to": CITIZEN, "within": 1}},
            "您好",
            "",
            "when.near.of",
            ["您"],
            [],
            id="near to",
        ),
        pytest.param(
            {"sequence": {"items": [CITIZEN, GAG], "within": 9}},
            "哑巴是你",
            "",
            "when",
            [],
            ["你", "哑巴"],
            id="in another order",
        ),
        pytest.param({"count": {"of": CITIZEN, "at_least": 2}}, "您好", "", "when", [], ["您"], id="too few"),
        pytest.param(
            {"all": [GAG, {"before": {"of": CITIZEN, "within": 1}}]},
            "你才是哑巴",
            "",
            "when.all[1]",
            ["哑巴"],
            ["你"],
            id="too far before",
        ),
        pytest.param(
            {"all": [GAG, {"reply": {"all": [CITIZEN, {"pattern": "再见"}]}}]},
            "哑巴。您好",
            "",
            "when.all[1].reply.all[1]",
            ["哑巴"],
            ["您"],
            id="elsewhere in the reply",
        ),
        pytest.param(
            {"all": [GAG, {"length": {"at_most": 2}}]},
            "谁是哑巴",
            "",
            "when.all[1]",
            ["哑巴"],
            [],
            id="length",
        ),
        pytest.param(
            {"all": [GAG, {"message": {"lexicon": "message.grief"}}]},
            "哑巴",
            "你好",
            "when.all[1].message",
            ["哑巴"],
            [],
            id="nothing of the kind in the message",
        ),
        pytest.param(
            {"all": [GAG, {"message": {"lexicon": "message.grief"}}]},
            "哑巴",
            "",
            "when.all[1]",
            ["哑巴"],
            [],
            id="no message",
        ),
        pytest.param(
            {"all": [CITIZEN, GAG]},
            "您好。请稍候。",
            "",
            "when.all[1]",
            ["您"],
            [],
            id="the nearest sentence",
        ),
        pytest.param(GAG, "", "", "when", [], [], id="no text"),
    ],
)
def test_the_first_unmet_part(
    when: Mapping[str, Any], reply: str, message: str, path: str, proved: list[str], found: list[str]
) -> None:
    miss, evidence = missed(when, None, reply, message)
    assert not miss.exempted
    assert miss.stop.path == path
    assert [evidence.text[start:end] for start, end in miss.stop.proved] == proved
    assert [evidence.text[start:end] for start, end in miss.stop.found] == found


@pytest.mark.parametrize(
    ("unless", "reply", "message", "path", "found"),
    [
        pytest.param({"quoted": True}, "他说“哑巴”", "", "unless", [], id="quoted"),
        pytest.param(
            {"any": [{"quoted": True}, {"lexicon": "exception.apology"}]},
            "哑巴，抱歉",
            "",
            "unless.any[1]",
            ["抱歉"],
            id="the branch it rests on",
        ),
        pytest.param(
            {"reply": {"pattern": "残疾"}}, "残疾证。哑巴", "", "unless.reply", ["残疾"], id="elsewhere"
        ),
    ],
)
def test_what_an_exemption_rests_on(
    unless: Mapping[str, Any], reply: str, message: str, path: str, found: list[str]
) -> None:
    miss, evidence = missed(GAG, unless, reply, message)
    assert miss.exempted
    assert miss.stop.path == path
    assert [evidence.text[start:end] for start, end in miss.stop.proved] == ["哑巴"]
    assert [evidence.text[start:end] for start, end in miss.stop.found] == found


def test_an_exemption_may_rest_on_the_message() -> None:
    miss, evidence = missed(GAG, {"message": {"lexicon": "message.grief"}}, "哑巴", "家父去世")
    assert evidence.message is not None
    ((start, end),) = miss.stop.found
    assert (miss.stop.in_message, evidence.message.text[start:end]) == (True, "去世")


@pytest.mark.timeout(120)
def test_a_rule_misses_exactly_where_it_does_not_hold() -> None:
    judge = load_checker(None, None, None)
    for a_rule in judge.ruleset.rules:
        for example in (*a_rule.hits, *a_rule.passes):
            evidence = judge.evidence(example.reply, judge.evidence(example.message))
            for asked in judge.ruleset.awake(evidence):
                miss = near_miss(asked, evidence)
                assert (miss is None) == holds(asked, evidence), (asked.id, example.reply)
