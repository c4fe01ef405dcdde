"""What the sample bot says: polite mostly, sometimes rude, late, presumptuous or broken, by keyword.

The three lines marked 2018 were really sent by automatic replies of government accounts that year, in
Guichi (池州市贵池区) and Zigong (自贡市), and are the reason for this program. All others are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mishap(StrEnum):
    NONE = ""
    HTTP_500 = "http-500"
    """An HTML page with a stack trace."""
    GARBAGE = "garbage"
    """Bytes that are no text."""
    HUGE = "huge"
    """A well-formed answer of several megabytes."""
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    after_s: float = 0
    """How long the bot thinks."""
    mishap: Mishap = Mishap.NONE


LATE_S = 8.0
"""Past the five seconds of a push."""

THINKING_S = 2.0
"""Long enough to be killed meanwhile, and in time."""

_LINES: Mapping[str, Line] = {
    # late
    "落户": Line("您好，新生儿落户请携带出生医学证明和父母双方的户口簿、身份证，到户籍窗口办理。"),
    "稍等": Line("您好，养老认证可以在手机上办理，也可以到就近的社区服务站办理。", after_s=THINKING_S),
    # broken
    "网页": Line("", mishap=Mishap.HTTP_500),
    "乱码": Line("", mishap=Mishap.GARBAGE),
    "超长": Line("", mishap=Mishap.HUGE),
    "沉默": Line("", mishap=Mishap.SILENCE),
    "越界": Line("收到]]></Content><Content><![CDATA[这一段不该出现"),
    # rude
    "扬尘": Line("不说话没人把你当哑巴"),  # 2018, Zigong
    "津贴": Line("我仿佛听见了一群蚊子在嗡嗡嗡"),  # 2018, Guichi
    "什么态度": Line("面子是别人给的，脸是自己丢的"),  # 2018, Zigong
    "等了三天": Line("才三天就急成这样，您可真是沉得住气呢[微笑]"),
    # claims of authority
    "占道": Line("您好，经查属实，我们已对该商户罚款两千元并责令停业。"),
    "漏水": Line("您好，我们保证明天上午十点前修好，请放心。"),
    "低保": Line("根据您说的情况，您符合低保条件，下个月就能领到补助。"),
    # made up
    "医保报销": Line("您好，医保报销请拨打0000-88886666咨询，或登录www.guihe-gov.com查询。"),
    # polite
    "公交": Line("您好，公交线路和时刻请以公交公司公布的信息为准。"),
    "几点": Line("您好，政务服务大厅工作日上午九点至十二点、下午一点半至五点对外服务，节假日休息。"),
    "居住证": Line("您好，办理居住证请携带本人身份证和居住证明，到居住地派出所或社区受理点申请。"),
    "路灯": Line("您好，您反映的情况已收悉，已转交市政部门核查处理。"),
    "谢谢": Line("不客气，祝您生活愉快。"),
    "你好": Line("您好，请问有什么可以帮您？"),
}
"""Keyword -> line; the first keyword that stands in the question decides."""

_OTHERWISE = Line("您好，您的留言已收到，我们会转交相关部门。")

WELCOME = Line("欢迎关注，您可以在这里查询办事指南，也可以给我们留言。")

SLOW = "慢"


def line_for(question: str) -> Line:
    """The bot's answer to a text. With 慢 in it, whatever it is comes late."""
    found = next((line for keyword, line in _LINES.items() if keyword in question), _OTHERWISE)
    if SLOW in question:
        return Line(found.text, after_s=LATE_S, mishap=found.mishap)
    return found


def line_for_event(event: str) -> Line:
    match event.lower():
        case "subscribe" | "follow" | "scan" | "scan_follow":
            return WELCOME
        case "click":
            return line_for("几点")
        case _:
            return Line("", mishap=Mishap.SILENCE)
