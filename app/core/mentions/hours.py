"""Office hours: ranges of the clock with the days they are said of, opening and closing times."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.core.mentions.mention import Mention
from app.core.mentions.numerals import number

_HOUR = r"(?:[01]?[0-9]|2[0-4]|二十[一二三四]?|十[一二三四五六七八九]?|[零〇一二两三四五六七八九])"
_MINUTE = r"(?:[0-5]?[0-9]|[一二三四五]?十[一二三四五六七八九]?|零?[一二三四五六七八九])"
_PERIOD = r"(?:凌晨|清晨|早上|早晨|早|上午|中午|下午|傍晚|晚上|晚间|晚|夜间)"
_TO = r" ?(?:[-~—–―−〜至到]|--|——|~~) ?"
_DAY = r"(?:周|星期|礼拜)"


def _clock(name: str, *, bare: bool = False) -> str:
    """A time of the clock, its parts in groups behind `name`. `bare`: an hour alone will do."""
    written = (
        rf"(?:: ?(?P<{name}_colon>[0-5][0-9])(?::[0-5][0-9])?"
        rf"|[点时](?:整|钟|(?P<{name}_half>半)|(?P<{name}_quarter>[一三])刻|(?P<{name}_minute>{_MINUTE})分?)?)"
    )
    return rf"(?:(?P<{name}_period>{_PERIOD}) ?)?(?P<{name}_hour>{_HOUR}) ?{written}{'?' if bare else ''}"


_TOKEN = re.compile(
    rf"(?P<days>{_DAY}(?P<first>[一二三四五六日天])(?:{_TO}{_DAY}?(?P<last>[一二三四五六日天]))?"
    r"|工作日|双休日|周末|节假日|每天|每日)(?P<closed>[^。!?;,0-9不休]{0,4}(?:休|除外|不(?![休停打])))?"
    r"|(?P<all_day>全天|24小时)"
    rf"|(?<![0-9.:第十百千]){_clock('from', bare=True)}{_TO}(?:次日|当日)?{_clock('to')}(?![0-9:])"
    rf"|(?<![0-9.:第十百千]){_clock('at')}(?:就|才|准时|开始|前|后)?"
    r"(?P<opens>开门|上班|开放|营业|办公)?(?P<closes>关门|下班|停止|结束|闭馆)?"
    r"|(?P<stop>[。!?])"
)
_WORTH_A_LOOK = re.compile(r"[0-9一二两三四五六七八九十] ?[:点时]|全天|24小时")
_SENTENCE = re.compile(r"[^。!?]+")
_OFFICE = re.compile(
    r"办公|上班|下班|工作时间|工作日|受理|服务|开放|营业|对外|窗口|大厅|办事|办理|接待|接听|咨询|开门|关门|值班|门诊|接诊|取号"
    r"|(?:周|星期|礼拜)[一二三四五六日天]|周末|双休日|节假日"
)
_WEEK = "一二三四五六日"
_DAY_SETS = {
    "工作日": "12345",
    "双休日": "67",
    "周末": "67",
    "节假日": "8",
    "每天": "1234567",
    "每日": "1234567",
}
_AFTERNOON = {"下午", "傍晚", "晚上", "晚间", "晚", "夜间"}
_OPENS_FROM = 7
"""No office opens earlier: 2:00-5:30 is in the afternoon."""
_DAY_MINUTES = 24 * 60
_DAYS_ARE_NEAR_CHARACTERS = 6
"""每天全天 is a claim, 24小时服务热线 the name of a line."""
_JOINED = re.compile(r"[、,和及与 ]{0,2}")


def find(text: str) -> Iterator[Mention]:
    """Keys are `540-1020` or `12345:540-1020`: minutes of the day, weekdays before them (8: holidays).

    Times of anything else than an office (a rush hour, a power cut) are none of these.
    """
    if _WORTH_A_LOOK.search(text) is None:
        return
    for sentence in _SENTENCE.finditer(text):
        if _OFFICE.search(text, *sentence.span()):
            yield from _in_sentence(text, *sentence.span())


def listed(text: str) -> tuple[str, ...]:
    return tuple(mention.key for mention in _in_sentence(text, 0, len(text)))


def _in_sentence(text: str, start: int, end: int) -> Iterator[Mention]:
    days, days_end = "", -1
    for match in _TOKEN.finditer(text, start, end):
        if match["days"]:
            if not match["closed"]:
                joined = days and _JOINED.fullmatch(text, days_end, match.start())
                days, days_end = (days if joined else "") + _days(match), match.end()
            continue
        times = _times(match)
        if match["all_day"] and days and match.start() - days_end <= _DAYS_ARE_NEAR_CHARACTERS:
            times = f"0-{_DAY_MINUTES}"
        if times:
            said_of = "".join(sorted(set(days)))
            yield Mention(f"{said_of}:{times}" if said_of else times, match.start(), match.end())


def _days(match: re.Match[str]) -> str:
    if match["first"] is None:
        return _DAY_SETS[next(name for name in _DAY_SETS if match["days"].startswith(name))]
    first = _WEEK.index(match["first"].replace("天", "日"))
    last = _WEEK.index((match["last"] or match["first"]).replace("天", "日"))
    count = (last - first) % len(_WEEK) + 1
    return "".join(str((first + day) % len(_WEEK) + 1) for day in range(count))


def _times(match: re.Match[str]) -> str:
    """`540-1020`, `540-` for an opening, `-1020` for a closing time; empty: it says none."""
    if match["from_hour"]:
        opening = _minutes(match, "from", "")
        closing = _minutes(match, "to", match["from_period"] or "")
        return f"{opening}-{closing + _DAY_MINUTES // 2 if closing <= opening else closing}"
    if match["at_hour"] and (match["opens"] or match["closes"]):
        at = _minutes(match, "at", "")
        return f"{at}-" if match["opens"] else f"-{at}"
    return ""


def _minutes(match: re.Match[str], name: str, period_before: str) -> int:
    hour = number(match[f"{name}_hour"])
    period = match[f"{name}_period"] or period_before
    if (period in _AFTERNOON or (not period and hour < _OPENS_FROM)) and hour < 12:
        hour += 12
    if period == "中午" and hour < 10:
        hour += 12
    written = match[f"{name}_colon"] or match[f"{name}_minute"]
    quarters = {"一": 15, "三": 45, None: 0}[match[f"{name}_quarter"]]
    return hour * 60 + (30 if match[f"{name}_half"] else number(written) if written else quarters)


@dataclass(frozen=True, slots=True)
class KnownHours:
    days: dict[str, str]
    """By times, the weekdays they are listed for; empty: the list says nothing of days."""

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KnownHours":
        listed_days: dict[str, list[str]] = {}
        for key in keys:
            said_of, _, times = key.rpartition(":")
            opening, _, closing = times.partition("-")
            for part in {times, f"{opening}-", f"-{closing}"} - {"-"}:
                listed_days.setdefault(part, []).append(said_of)
        return cls({times: "" if "" in days else "".join(days) for times, days in listed_days.items()})

    def covers(self, key: str) -> bool:
        """Listed times, on days that are listed for them where days are said."""
        said_of, _, times = key.rpartition(":")
        days = self.days.get(times)
        return days is not None and (not days or set(said_of) <= set(days))
