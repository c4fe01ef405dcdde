"""What each condition of a rule means."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.core.evidence import ScopeKind
from app.core.rules import Rule
from app.loading.schema import RuleFile
from tests.core.judging import checker

GAG, CITIZEN = {"lexicon": "mockery.gag"}, {"lexicon": "person.citizen"}


def rule(when: Mapping[str, Any], unless: Mapping[str, Any] | None = None, scope: str = "sentence") -> Rule:
    facts = {
        "id": "mockery.x",
        "subclass": "gag",
        "certain": True,
        "title": "标题",
        "category": "mockery",
        "severity": "medium",
        "scope": scope,
        "when": when,
        "why": "一句理由",
        "source": "依据",
        "examples": {"hit": ["一", "二", "三"], "pass": ["四", "五", "六"]},
    }
    return RuleFile.model_validate(facts | ({"unless": unless} if unless else {})).build({})


def quotes(a_rule: Rule, reply: str, message: str = "") -> list[str]:
    """What the findings quote, one for each."""
    judge = checker(a_rule)
    seen = judge.evidence(reply, judge.evidence(message))
    return [finding.quote for finding in judge.ruleset.evaluate(seen)]


@pytest.mark.parametrize(
    ("when", "reply", "message", "found"),
    [
        pytest.param(GAG, "谁是哑巴", "", ["哑巴"], id="a word of the list"),
        pytest.param(GAG, "您好", "", [], id="none of its words"),
        pytest.param({"pattern": "不(?:说|讲)话"}, "不讲话", "", ["不讲话"], id="a pattern"),
        pytest.param({"pattern": "^您好"}, "请问。您好", "", ["您好"], id="a pattern's start is the scope's"),
        pytest.param({"all": [GAG, CITIZEN]}, "你这哑巴", "", ["你这哑巴"], id="all: both"),
        pytest.param({"all": [GAG, CITIZEN]}, "哑巴", "", [], id="all: one is not enough"),
        pytest.param({"all": [GAG, CITIZEN]}, "你。哑巴", "", [], id="all: in one sentence"),
        pytest.param({"any": [GAG, CITIZEN]}, "你", "", ["你"], id="any: one is"),
        pytest.param({"all": [GAG, {"not": CITIZEN}]}, "哑巴", "", ["哑巴"], id="not: absent"),
        pytest.param({"all": [GAG, {"not": CITIZEN}]}, "你这哑巴", "", [], id="not: present"),
        pytest.param(
            {"near": {"of": GAG, "to": CITIZEN, "within": 1}},
            "哑巴是你",
            "",
            ["哑巴是你"],
            id="near: any order",
        ),
        pytest.param(
            {"near": {"of": GAG, "to": CITIZEN, "within": 1}}, "哑巴说的是你", "", [], id="near: too far"
        ),
        pytest.param(
            {"sequence": {"items": [CITIZEN, GAG], "within": 3}},
            "你就是哑巴",
            "",
            ["你就是哑巴"],
            id="in order",
        ),
        pytest.param(
            {"sequence": {"items": [CITIZEN, GAG], "within": 3}}, "哑巴就是你", "", [], id="not in order"
        ),
        pytest.param(
            {"sequence": {"items": [CITIZEN, GAG], "within": 0}},
            "你和你哑巴",
            "",
            ["你哑巴"],
            id="in order: from whichever start fits",
        ),
        pytest.param({"count": {"of": CITIZEN, "at_least": 2}}, "你和您", "", ["你和您"], id="count: enough"),
        pytest.param({"count": {"of": CITIZEN, "at_least": 2}}, "您好", "", [], id="count: too few"),
        pytest.param(
            {"leans": {"scale": "private", "at_least": 1}},
            "请稍候。等着呗，急嘛。",
            "",
            ["等着呗，急嘛。"],
            id="leans",
        ),
        pytest.param(
            {"leans": {"scale": "private", "at_least": 1}}, "等着呗，呗呗。", "", [], id="leans: once each"
        ),
        pytest.param(
            {"leans": {"scale": "private", "at_least": 1}}, "请等着呗，急嘛。", "", [], id="leans: courteous"
        ),
        pytest.param({"all": [GAG, {"length": {"at_most": 3}}]}, "哑巴！", "", ["哑巴"], id="length: short"),
        pytest.param({"all": [GAG, {"length": {"at_most": 3}}]}, "谁是个哑巴", "", [], id="length: long"),
        pytest.param({"all": [GAG, {"position": "first"}]}, "哑巴。好", "", ["哑巴"], id="position: first"),
        pytest.param({"all": [GAG, {"position": "first"}]}, "好。哑巴", "", [], id="position: not first"),
        pytest.param({"all": [GAG, {"position": "only"}]}, "哑巴", "", ["哑巴"], id="position: only"),
        pytest.param(
            {"all": [GAG, {"message": {"lexicon": "message.grief"}}]},
            "哑巴",
            "家父去世",
            ["哑巴"],
            id="message: what the citizen wrote",
        ),
        pytest.param(
            {"all": [GAG, {"message": {"lexicon": "message.grief"}}]},
            "哑巴",
            "",
            [],
            id="message: wrote nothing",
        ),
        pytest.param(
            {"all": [GAG, {"reply": {"pattern": "再见"}}]},
            "哑巴。再见",
            "",
            ["哑巴"],
            id="reply: elsewhere in it",
        ),
        pytest.param({"echo": {"at_least": 4}}, "还强烈要求呢", "我强烈要求修路", ["强烈要求"], id="echo"),
        pytest.param({"echo": {"at_least": 4}}, "还要求呢", "我强烈要求修路", [], id="echo: too short"),
    ],
)
def test_when(when: Mapping[str, Any], reply: str, message: str, found: list[str]) -> None:
    assert quotes(rule(when), reply, message) == found


@pytest.mark.parametrize(
    ("unless", "reply", "found"),
    [
        pytest.param({"quoted": True}, "他说“哑巴”，我们抱歉", [], id="somebody else's words"),
        pytest.param({"quoted": True}, "《哑巴》这本书", [], id="a title"),
        pytest.param({"quoted": True}, "“您好”，哑巴", ["哑巴"], id="something else is quoted"),
        pytest.param({"quoted": True}, "他说“哑巴”，您这哑巴", ["哑巴"], id="one exempted, one not"),
        pytest.param(
            {"before": {"of": {"pattern": "关爱"}, "within": 1}},
            "关爱聋的哑巴",
            ["哑巴"],
            id="before: too far",
        ),
        pytest.param({"before": {"of": {"pattern": "关爱"}, "within": 2}}, "关爱哑巴", [], id="before: near"),
        pytest.param({"after": {"of": {"pattern": "学校"}, "within": 0}}, "哑巴学校", [], id="after"),
        pytest.param(
            {"after": {"of": {"pattern": "学校"}, "within": 0}}, "学校哑巴", ["哑巴"], id="after, not before"
        ),
    ],
)
def test_unless_exempts_each_proof_by_itself(unless: Mapping[str, Any], reply: str, found: list[str]) -> None:
    assert quotes(rule(GAG, unless), reply) == found


def test_a_rule_about_the_whole_quotes_the_whole() -> None:
    assert quotes(rule({"length": {"at_most": 2}}, scope=ScopeKind.REPLY), "阅。") == ["阅。"]
