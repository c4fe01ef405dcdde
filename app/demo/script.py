"""The scripted conversation: who asks what, and what it is to show."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.model import Platform


class Expected(StrEnum):
    """How a scene must end, else the demonstration has failed."""

    RELEASED = "放行"
    """The bot's words, as the passive answer."""
    HELD = "暂留"
    """The holding text only."""
    LATE = "迟到后补发"
    """The holding text, then the bot's words by the API."""
    RESENT = "重发只答一次"
    """The first answer got lost; the platform's resend got the same, once, and the bot was asked once."""
    APPROVED = "人工放行"
    """The holding text, then the bot's words by the API."""
    EDITED = "改后放行"
    """The holding text, then a person's words by the API."""
    SURVIVED = "崩溃后恢复"
    """The guard was killed while the bot was being asked; the resend still got the bot's words, once."""
    FALLBACK = "机器人出错"
    """The bot's answer was none: the holding text only."""


@dataclass(frozen=True, slots=True)
class Scene:
    shows: str
    platform: Platform
    citizen: str
    """The openid or uid: one citizen for each scene."""
    asks: str
    expected: Expected
    lose_answers: int = 0
    edited_text: str = ""
    reason: str = ""
    """Of the moderator."""


SCENES = (
    Scene(
        "普通咨询",
        Platform.WECHAT,
        "o-citizen-01",
        "办事大厅几点开门？",
        Expected.RELEASED,
    ),
    Scene("办事指南", Platform.WECHAT, "o-citizen-02", "居住证怎么办？", Expected.RELEASED),
    Scene("已转交的回执", Platform.WEIBO, "7000000003", "小区路灯坏了一周了", Expected.RELEASED),
    Scene(
        "2018年的嘲讽",
        Platform.WECHAT,
        "o-citizen-04",
        "学校旁边工地扬尘太大，孩子们没法上课！",
        Expected.HELD,
    ),
    Scene("2018年的比喻", Platform.WECHAT, "o-citizen-05", "教师津贴什么时候发？", Expected.HELD),
    Scene("2018年的回呛", Platform.WEIBO, "7000000006", "你们这是什么态度？", Expected.HELD),
    Scene(
        "机器人答得太慢",
        Platform.WECHAT,
        "o-citizen-07",
        "新生儿落户手续慢吗？",
        Expected.LATE,
    ),
    Scene(
        "平台重发",
        Platform.WECHAT,
        "o-citizen-08",
        "公交车末班是几点钟？",
        Expected.RESENT,
        lose_answers=1,
    ),
    Scene(
        "机器人返回网页",
        Platform.WECHAT,
        "o-citizen-09",
        "你们的网页打不开",
        Expected.FALLBACK,
    ),
    Scene(
        "核实后放行",
        Platform.WECHAT,
        "o-citizen-10",
        "有商户占道经营，管不管？",
        Expected.APPROVED,
        reason="已与执法部门核实，处罚决定书已送达",
    ),
    Scene(
        "改写承诺",
        Platform.WECHAT,
        "o-citizen-11",
        "家门口水管漏水，什么时候修？",
        Expected.EDITED,
        edited_text="您好，您反映的水管漏水情况已收悉，已转交供水部门核查处理。",
        reason="维修时间尚未确定，不作承诺",
    ),
    Scene("编造的电话和网址", Platform.WECHAT, "o-citizen-13", "医保报销打哪个电话？", Expected.HELD),
    Scene(
        "崩溃与恢复",
        Platform.WECHAT,
        "o-citizen-12",
        "稍等，想问养老认证在哪里办？",
        Expected.SURVIVED,
    ),
)
"""The last one kills the guard: it is played when all others are over."""
