"""Why, how, to what end, and the story itself."""

import pytest

from app.core.elements.model import Field
from tests.core.elements.reading_aloud import quotes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("路灯坏了，希望尽快修好", ["希望尽快修好"], id="a hope"),
        pytest.param("要求退还押金1000元。谢谢", ["要求退还押金1000元"], id="a demand"),
        pytest.param("能不能在这里加个斑马线？", ["能不能在这里加个斑马线"], id="could you"),
        pytest.param("请相关部门严查，还我们一个安静", ["请相关部门严查，还我们一个安静"], id="goes on"),
        pytest.param("麻烦安排人来看看 谢谢", ["麻烦安排人来看看"], id="thanks are no part"),
        pytest.param("请问几点上班", [], id="请问 asks"),
        pytest.param("我请假去办的", [], id="leave from work"),
        pytest.param("物业要求我们交三年的费", [], id="what others demand"),
        pytest.param("申请表交了没消息", [], id="申请"),
        pytest.param("没希望了", [], id="no hope"),
    ],
)
def test_want(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WANT) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("因为修路，公交改道了", ["修路"], id="because"),
        pytest.param("停气了，原因是管道老化", ["管道老化"], id="the reason is"),
        pytest.param("由于没人通知，大家都没存水", ["没人通知"], id="owing to"),
        pytest.param("因此我很生气", [], id="therefore"),
    ],
)
def test_why(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WHY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("半夜施工，导致孩子没法写作业", ["导致孩子没法写作业"], id="a consequence"),
        pytest.param("一共欠我们18万元", ["18万元"], id="a sum"),
        pytest.param("打了好几次电话", ["好几次"], id="how often"),
        pytest.param("老人在冰面上摔倒骨折", ["在冰面上摔倒", "骨折"], id="harm"),
        pytest.param("影响力很大", [], id="influence"),
        pytest.param("住在和平路12号", [], id="a number of a house"),
    ],
)
def test_how(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.HOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("您好，楼道灯坏了，希望修一下，谢谢", ["楼道灯坏了"], id="between greeting and wish"),
        pytest.param(
            "自来水发黄。有味道！电话13800001234", ["自来水发黄。有味道"], id="a number is no story"
        ),
        pytest.param("你好，在吗", [], id="a greeting alone"),
        pytest.param("😀😀", [], id="no words"),
    ],
)
def test_what(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WHAT) == expected


def test_a_long_story_is_cut() -> None:
    (what, *_) = quotes("垃圾没人清运，" * 100, Field.WHAT)
    assert 250 < len(what) <= 300
