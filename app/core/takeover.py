"""When a person takes over from the bot, and what the citizen hears then."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.model import Category, Disposition, Finding, Reply, Severity, Verdict


class Reason(StrEnum):
    ASKED = "asked"
    EMERGENCY = "emergency"
    ANGRY = "angry"
    REPEATED = "repeated"
    STANDING = "standing"
    """A person is at it already."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """One follower whom people answer, until they hand back or it rests."""

    channel: str
    user: str
    reason: Reason
    since: datetime
    last_at: datetime
    """When the follower last wrote."""


PHRASES: Mapping[Reason, str] = {
    Reason.ASKED: "handed-over",
    Reason.EMERGENCY: "emergency",
    Reason.ANGRY: "listened",
    Reason.REPEATED: "handed-over",
}
"""The standing phrase for each; STANDING hears the channel's holding text."""

_WHY: Mapping[Reason, str] = {
    Reason.ASKED: "市民要求人工，机器人没有被问到，请直接答复。",
    Reason.EMERGENCY: "留言里可能有危险或有人想不开，机器人没有被问到，请马上处理。",
    Reason.ANGRY: "市民对上一次答复很不满，机器人没有被问到，请直接答复。",
    Reason.REPEATED: "市民把同一个问题又问了一遍，机器人没有被问到，请直接答复。",
    Reason.STANDING: "这位市民已由人工接待，机器人没有被问到。",
}
RULE = "system.takeover"
NO_DRAFT = Reply(())

_PERSON = r"(?:人工|真人|活人|工作人员|客服人员|人工客服|人工服务|人工坐席|坐席)"
_ASKS = re.compile(
    rf"(?:转|找|换|接|要|叫|请|喊|帮我[转接找])(?:一?[个下名位])?{_PERSON}"
    rf"|{_PERSON}(?:在吗|呢[?？]|来|接待|答复|回复我)|(?:不要|别让?|不想[跟和]|别用)(?:这个)?机器人"
)
_ALONE = re.compile(rf"[\s。！!？?~～]*{_PERSON}(?:客服|服务)?[\s。！!？?~～]*")
_NOT_A_PERSON = re.compile(r"人工(?:湖|智能|费|草坪|成本|降雨|增雨|受孕|流产|呼吸|授精|岛|林|林场)")
_ANGRY = re.compile(
    r"答非所问|听不懂人话|(?:什么|这)(?:破|烂|垃圾)(?:机器人|玩意|系统|客服)|你们?(?:这)?(?:是)?什么态度|"
    r"敷衍(?:我|谁|人)|糊弄(?:我|谁|人|老百姓)|废话连篇|说了等于没说|(?:我要|我会|去)投诉你|踢皮球|不说人话|"
    r"你是(?:人|机器人)吗|耍(?:我|老百姓)|有病吧|气死(?:我|人)"
)


def asked_for(text: str, *, answered_before: bool) -> Reason | None:
    """What in one message calls for a person. `answered_before`: the bot has just answered this follower."""
    if _ALONE.fullmatch(text) or (_ASKS.search(text) and not _NOT_A_PERSON.search(text)):
        return Reason.ASKED
    if answered_before and _ANGRY.search(text):
        return Reason.ANGRY
    return None


def verdict_of(reason: Reason, ruleset: str) -> Verdict:
    """There is nothing to judge; it waits all the same."""
    severity = Severity.HIGH if reason is Reason.EMERGENCY else Severity.MEDIUM
    finding = Finding(f"{RULE}-{reason}", Category.SYSTEM, severity, _WHY[reason])
    return Verdict(Disposition.BLOCK, (finding,), ruleset)


def reason_of(verdict: Verdict | None) -> Reason | None:
    """Of a hold without a draft; None for every other."""
    for finding in verdict.findings if verdict else ():
        if finding.rule.startswith(f"{RULE}-"):
            return Reason(finding.rule.removeprefix(f"{RULE}-"))
    return None
