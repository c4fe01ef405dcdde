"""What in the citizen's message mattered."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.core.judging import checker
from tests.core.test_conditions import rule

GAG, CITIZEN = {"lexicon": "mockery.gag"}, {"lexicon": "person.citizen"}
GRIEF = {"message": {"lexicon": "message.grief"}}


def message_quotes(when: Mapping[str, Any], reply: str, message: str) -> list[str]:
    judge = checker(rule(when))
    seen = judge.evidence(reply, judge.evidence(message))
    return [finding.message_quote for finding in judge.ruleset.evaluate(seen)]


@pytest.mark.parametrize(
    ("when", "reply", "message", "quoted"),
    [
        pytest.param({"all": [GAG, GRIEF]}, "哑巴", "家父昨天去世了", "去世", id="the word that mattered"),
        pytest.param({"all": [GAG, GRIEF]}, "哑巴", "家父昨天去\u200b世了", "去\u200b世", id="as written"),
        pytest.param(GAG, "哑巴", "家父昨天去世了", "", id="a rule that does not listen"),
        pytest.param(
            {"any": [GAG, {"all": [CITIZEN, GRIEF]}]}, "哑巴", "家父去世", "", id="a branch that did not hold"
        ),
        pytest.param(
            {"any": [GAG, {"all": [CITIZEN, GRIEF]}]}, "您好", "家父去世", "去世", id="the branch that held"
        ),
        pytest.param(
            {"all": [GAG, {"not": {"message": {"pattern": "谢谢"}}}]},
            "哑巴",
            "去世",
            "",
            id="what is missing",
        ),
        pytest.param(
            {"all": [GAG, {"message": {"not": {"pattern": "谢谢"}}}]}, "哑巴", "去世", "", id="missing there"
        ),
        pytest.param(
            {"all": [GAG, {"message": {"any": [{"pattern": "去世"}, {"pattern": "\\d+天"}]}}]},
            "哑巴",
            "3天前去世，3天了，又3天",
            "3天、去世",
            id="several words, each once, in their order",
        ),
        pytest.param(
            {"all": [GAG, {"reply": {"all": [CITIZEN, GRIEF]}}]},
            "哑巴。您好",
            "去世",
            "去世",
            id="of the reply",
        ),
        pytest.param(
            {"echo": {"at_least": 4}}, "还强烈要求修呢", "我强烈要求修路", "强烈要求修", id="echoed"
        ),
    ],
)
def test_the_citizens_words_are_quoted(
    when: Mapping[str, Any], reply: str, message: str, quoted: str
) -> None:
    assert message_quotes(when, reply, message) == [quoted]


def test_no_message_no_quote() -> None:
    assert message_quotes({"any": [GAG, GRIEF]}, "哑巴", "") == [""]


def test_few_and_short_quotes_however_much_was_written() -> None:
    when = {"all": [GAG, {"message": {"pattern": "[甲乙丙丁](?:子丑寅卯)+"}}]}
    (quote,) = message_quotes(when, "哑巴", "，".join(f"{first}{'子丑寅卯' * 900}" for first in "甲乙丙丁"))
    assert quote == "、".join(f"{first}{'子丑寅卯' * 5}子丑寅…" for first in "甲乙丙")
