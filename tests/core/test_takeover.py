"""What in a message calls for a person, and what only looks so."""

import pytest

from app.core.model import Disposition
from app.core.takeover import Reason, asked_for, reason_of, verdict_of


@pytest.mark.parametrize(
    "text",
    [
        "人工",
        "人工！",
        "转人工",
        "转人工客服",
        "我要找人工",
        "请帮我转接人工服务",
        "有没有真人？叫个真人来",
        "换个人工",
        "人工客服在吗",
        "工作人员呢？",
        "不要机器人",
        "别用机器人糊弄我",
        "我想跟人说话，找工作人员",
    ],
)
def test_who_asks_for_a_person_gets_one(text: str) -> None:
    assert asked_for(text, answered_before=False) is Reason.ASKED


@pytest.mark.parametrize(
    "text",
    [
        "人工湖几点关门？",
        "要人工智能专业的补贴怎么申请",
        "装修找人工费怎么算",
        "请人工降雨的通知在哪里看",
        "窗口工作人员态度很好",
        "办事大厅几点开门？",
        "机器人大赛在哪里报名",
        "请问工作人员几点下班",
        "",
    ],
)
def test_the_bot_answers_the_rest(text: str) -> None:
    assert asked_for(text, answered_before=True) is None


@pytest.mark.parametrize(
    "text", ["答非所问", "你们这是什么态度！", "什么破机器人", "说了等于没说", "又在敷衍我"]
)
def test_anger_counts_after_an_answer(text: str) -> None:
    assert asked_for(text, answered_before=True) is Reason.ANGRY
    assert asked_for(text, answered_before=False) is None


@pytest.mark.parametrize("reason", Reason)
def test_a_hold_without_a_draft_says_why(reason: Reason) -> None:
    verdict = verdict_of(reason, "ruleset-1")
    assert verdict.disposition is Disposition.BLOCK
    assert reason_of(verdict) is reason


def test_other_verdicts_are_none() -> None:
    assert reason_of(None) is None
