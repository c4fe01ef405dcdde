"""When: the words for times in a message, put together where they stand together."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.elements.dates import value_of
from app.core.elements.model import Element, Field

_N = r"(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})"
_COUNT = r"(?:[0-9]{1,3}|[一二两三四五六七八九十几]{1,3})"
_HOUR = r"(?:[0-9]{1,2}|十[一二]|二十[一二三四]?|十|[一二两三四五六七八九])"
_WAY = r"(?![路街巷桥道村镇区乡]|大[街道桥]|[东西南北中][路街]|广场|公园|小区|社区)"
_YEAR_OF = r"(?:(?:19|20)[0-9]{2}|今|去|前|明|当)年(?![级龄轻检审费卡薪味纪货夜糕])"

_ATOM = re.compile(
    "|".join(
        (
            r"(?P<iso>(?<![0-9.-])(?:19|20)[0-9]{2}[-./][01]?[0-9][-./][0-3]?[0-9](?![0-9]))",
            rf"(?P<month>(?:{_YEAR_OF}[的 ]?)?(?<![0-9.个第])(?:{_N}月|上上个?月|上个?月|这个月|本月|"
            r"下个?月)"
            rf"(?![龄子嫂租薪供饼卡票均亮])份?(?:{_N}[日号](?![楼线])|上旬|中旬|下旬|初|底|末)?)",
            rf"(?P<year>(?<![0-9]){_YEAR_OF}(?:年?初|年?[底末]|上半年|下半年|[春夏秋冬][天季])?)",
            r"(?P<day>(?<![路街巷弄道院区村0-9.\-/第一二三四五六七八九十])[0-9]{1,2}[号日]"
            r"(?=凌晨|早|上午|中午|下午|晚|夜|开始|起|那天|当天|到|至|之前|以前))",
            r"(?P<rel>大前天|前[天日晚]|昨[天日儿夜晚早]|今[天日儿夜晚早晨]|明[天日早晚]|后天|刚才|刚刚)",
            r"(?P<week>(?:(?:上上|上|这|下)个?|本)(?:周|星期|礼拜)[一二三四五六日天末]?"
            r"|(?:周|星期|礼拜)[一二三四五六日天末](?![福边围]))",
            rf"(?P<ago>(?:{_COUNT}(?:天|个?星期|周|个月|个半月|年|个?小时|个?钟头|分钟)|半个?(?:月|年|"
            r"小时|天))多?(?:之|以)?前)",
            r"(?P<every>每个?[天日晚夜早周月年](?:[一二三四五六日末](?![级]))?|天天|夜夜|(?:每[到逢]|"
            r"一到)?(?:周末|双休日|节假日|工作日)"
            r"|(?:每[到逢]|一到|逢)(?:早上|晚上|夜里|夜间|半夜|中午|夏天|冬天|雨天|下雨天?|阴雨天|汛期|"
            r"放假|过节|高峰期?))",
            r"(?P<holiday>大年(?:初[一二三四五六七]|三十)|除夕|元旦|春节|清明节?|五一|劳动节|端午|中秋|国庆"
            r"|十一(?=期间|假期|长假|黄金周)|(?:腊月|正月)(?:初[一二三四五六七八九十]|"
            r"二?十[一二三四五六七八九]?|三十)?|元宵|高考|中考|寒假|暑假|过年)",
            r"(?P<vague>长期以来|长期|常年|长年|一直以来|最近几[天个周月年]月?|最近(?!的)|近期|近日|近来|"
            r"近[几两三]?[天日年]|"
            r"前几[天年]|前[些两]天|前阵子|前段时间|前一?段时间|这段时间|这阵子|这几[天年]|这两[天年]|"
            r"这几个月|平时|平日|"
            r"白天|早晚高峰期?|[早晚]高峰期?|高峰期|高峰时段|上下班(?:高峰期?|时间|时段)|放学(?:时间|"
            r"时段|时候|期间)|"
            r"上学时间|夏天|冬天|雨季|汛期|当[天晚时]|半夜三更|大半夜|三更半夜|"
            rf"(?:最近|近|连续|过去|这)(?:{_COUNT}|半)(?:天|周|个?星期|个月|年|个?小时))",
            r"(?P<period>凌晨|清晨|大?清早|一大早|早上|早晨|上午|中午|午间|午休|下午|傍晚|晚上|晚间|夜里|"
            r"夜晚|夜间|深夜|后?半夜|"
            rf"[早晚](?!一点)(?={_HOUR}(?:[点时:：]|[-到至~])))",
            r"(?P<clock>(?<![0-9.:])(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?![0-9:])"
            rf"|(?<![0-9.第十])(?:(?:{_HOUR}|[一二两三四五六七八九]{{2}})点(?:半|[一三]刻|(?:[0-5]?[0-9]|"
            r"[一二三四五]?十[一二三四五六七八九]?|零[0-9一二三四五六七八九])分?)?"
            rf"|[0-9]{{1,2}}时(?:[0-9]{{1,2}}分)?)(?:多|来)?钟?)",
        )
    )
)
_HOLIDAY_END = re.compile(r"节?(?:期间|假期|长假|黄金周|当天|那天|前后|前|后)?")
_SUFFIX = re.compile(
    r"(?:(?:开始)?(?:一直)?[到至](?:现在|目前|今天?)|左右|前后|以后|之后|以前|之前|过后|整|许|"
    r"后(?=[^面门])|开始|起)?"
)
_GAP = re.compile(r"[的 ]?")
_TO = re.compile(r" ?(?:一直)?[到至~～—–-]{1,2} ?(?:第二天|次日|现在|今天)?")
_NO_CLOCK = re.compile(r"(?:都|也|儿|点|意见|建议|要求|原因|诉求|问题|希望|疑问|疑惑|看法|声音|办法|消息)")
_BARE_HOUR = re.compile(r"(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})点\Z")
_AFTER_BARE_HOUR = re.compile(r"左右|以后|之后|以前|之前|前|后|就|才|开始|起|还|准时|[到至-]")
_DURATION = re.compile(
    r"(?P<cue>(?<!为)[\u4e00-\u9fff]了|已经|都|有|快|长达|持续|连续|整整|拖了|停了|等了|欠了|住了|关了|"
    r"坏了|过了|没|近|将近|快要|超过){0,2}"
    r"(?P<length>(?:[0-9]{1,3}|[一二两三四五六七八九十几好]{1,3}|半)(?:多?个?(?:小时|钟头)|多?天|"
    r"多?个?(?:星期|礼拜)|周|个?多?月|个半月|年)(?:多|半)?)"
    r"(?![的内])(?P<after>了|以来|来(?!回)|没|不|都)?"
)
_NOT_BEFORE_DURATION = re.compile(r"[第0-9个每前近.](?<!都)\Z")


@dataclass(frozen=True, slots=True)
class Atom:
    """One word for a time; `kind` names the group of `_ATOM`, or is `to`."""

    kind: str
    text: str
    start: int
    end: int


def find(text: str, received_at: datetime) -> Iterator[Element]:
    """Everything that says when. Values are of China's time, as `received_at` tells them."""
    for chain in _chains(text):
        atoms = [atom for atom in chain if not _is_no_clock(text, atom, chain)]
        if not atoms:
            continue
        start, end = atoms[0].start, atoms[-1].end
        suffix = _SUFFIX.match(text, end)
        end = suffix.end() if suffix else end
        value = value_of(atoms, received_at)
        yield Element(Field.WHEN, text[start:end], start, end, value, 0.9 if value else 0.7)
    for match in durations(text):
        yield Element(Field.WHEN, match["length"], *match.span("length"), "", 0.5)


def durations(text: str) -> Iterator[re.Match[str]]:
    """How long it has gone on: 已经三个月, 半年了. Terms of a contract or a rule are none."""
    for match in _DURATION.finditer(text):
        if (match["cue"] or match["after"]) and not _NOT_BEFORE_DURATION.search(
            text[: match.start("length")][-1:]
        ):
            yield match


def _chains(text: str) -> Iterator[Sequence[Atom]]:
    chain: list[Atom] = []
    for atom in _atoms(text):
        if chain:
            joint = text[chain[-1].end : atom.start]
            if _GAP.fullmatch(joint):
                chain.append(atom)
                continue
            if _TO.fullmatch(joint):
                chain += [Atom("to", joint, chain[-1].end, atom.start), atom]
                continue
            yield chain
        chain = [atom]
    if chain:
        yield chain


def _atoms(text: str) -> Iterator[Atom]:
    for match in _ATOM.finditer(text):
        kind = str(match.lastgroup)
        end = match.end()
        if kind == "holiday":
            if re.match(_WAY, text[end : end + 3]) is None:
                continue
            tail = _HOLIDAY_END.match(text, end)
            end = tail.end() if tail else end
        yield Atom(kind, text[match.start() : end], match.start(), end)


def _is_no_clock(text: str, atom: Atom, chain: Sequence[Atom]) -> bool:
    """一点 of 有一点吵 and 三点 of 三点建议 are no hours."""
    if atom.kind != "clock" or not _BARE_HOUR.match(atom.text):
        return False
    if _NO_CLOCK.match(text, atom.end):
        return True
    return len(chain) == 1 and not _AFTER_BARE_HOUR.match(text, atom.end)
