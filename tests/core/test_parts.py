"""What a condition is made of, by the names its file has for it."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.core import conditions
from app.core.parts import inside, lexicons_of, told
from app.loading.schema import Part

GAG, CITIZEN = {"lexicon": "mockery.gag"}, {"lexicon": ["person.citizen", "person.second"]}


def part(document: Mapping[str, Any]) -> conditions.Condition:
    return Part.model_validate(document).build({})


@pytest.mark.parametrize(
    ("document", "keys", "text"),
    [
        pytest.param(GAG, [], "词表 mockery.gag", id="a list"),
        pytest.param(CITIZEN, [], "词表 person.citizen、person.second", id="several lists"),
        pytest.param({"pattern": "蚊子"}, [], "句式 蚊子", id="a pattern"),
        pytest.param({"pattern": "蚊" * 99}, [], f"句式 {'蚊' * 60}…", id="a long pattern, cut short"),
        pytest.param({"all": [GAG, CITIZEN]}, ["all[0]", "all[1]"], "全部成立", id="all"),
        pytest.param({"any": [GAG]}, ["any[0]"], "任一成立", id="any"),
        pytest.param({"not": GAG}, ["not"], "没有（词表 mockery.gag）", id="not"),
        pytest.param(
            {"near": {"of": GAG, "to": {"pattern": "你"}, "within": 3}},
            ["near.of", "near.to"],
            "（词表 mockery.gag）与（句式 你）相距不超过 3 字",
            id="near",
        ),
        pytest.param(
            {"sequence": {"items": [GAG, {"pattern": "你"}], "within": 3}},
            ["sequence.items[0]", "sequence.items[1]"],
            "依次出现（词表 mockery.gag；句式 你），相隔不超过 3 字",
            id="sequence",
        ),
        pytest.param(
            {"count": {"of": GAG, "at_least": 2}},
            ["count.of"],
            "（词表 mockery.gag）出现至少 2 处",
            id="count",
        ),
        pytest.param(
            {"before": {"of": GAG, "within": 3}},
            ["before.of"],
            "证据之前 3 字以内有（词表 mockery.gag）",
            id="before",
        ),
        pytest.param(
            {"after": {"of": GAG, "within": 3}},
            ["after.of"],
            "证据之后 3 字以内有（词表 mockery.gag）",
            id="after",
        ),
        pytest.param({"message": GAG}, ["message"], "市民留言（词表 mockery.gag）", id="message"),
        pytest.param({"reply": GAG}, ["reply"], "整条回复（词表 mockery.gag）", id="reply"),
        pytest.param({"quoted": True}, [], "在引号或书名号里", id="quoted"),
        pytest.param({"length": {"at_most": 9}}, [], "长 0 到 9 字", id="length"),
        pytest.param({"position": "only"}, [], "是唯一的一句", id="position"),
        pytest.param(
            {"leans": {"scale": "private", "at_least": 4}}, [], "用语靠近 private 至少 4.0", id="leans"
        ),
        pytest.param({"echo": {"at_least": 4}}, [], "与市民留言相同的至少 4 字", id="echo"),
    ],
)
def test_a_condition_is_told_in_the_words_of_its_file(
    document: Mapping[str, Any], keys: list[str], text: str
) -> None:
    condition = part(document)
    assert [key for key, _ in inside(condition)] == keys
    assert told(condition) == text


def test_every_list_is_named_however_deep() -> None:
    deep = {"all": [{"not": {"message": GAG}}, {"any": [{"near": {"of": CITIZEN, "to": GAG, "within": 1}}]}]}
    assert lexicons_of(part(deep)) == {"mockery.gag", "person.citizen", "person.second"}
    assert lexicons_of(None) == frozenset()
