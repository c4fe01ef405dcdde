"""What words for a time come to on the calendar, as far as they and the hour of receipt tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Protocol

from app.core.mentions.numerals import number

CHINA = timezone(timedelta(hours=8))

_DIGITS = re.compile(r"[0-9]+|[零一二两三四五六七八九十]+")
_ABOUT = re.compile(r"[一二两三四五六七八九]{2}点")
"""两三点 is no hour of its own."""
_WEEKDAYS = "一二三四五六日"
_NIGHT = ("晚上", "晚间", "夜里", "夜晚", "夜间", "深夜", "半夜", "后半夜", "晚")
_NIGHT_ENDS = 5
"""昨晚两点 is in the morning of today."""
_REL_DAYS = {"大": -3, "前": -2, "昨": -1, "今": 0, "刚": 0, "明": 1, "后": 2}
_YEARS = {"今": 0, "去": -1, "前": -2, "明": 1}
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1}
_SOON = timedelta(days=60)
"""A month and day without a year is a past one, or one that comes this soon."""
_HOLIDAYS = {"国庆": ((10, 1), (10, 7)), "十一": ((10, 1), (10, 7)), "元旦": ((1, 1), (1, 1))}
"""Those that fall on the same days each year."""


class _Atom(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Days:
    first: date
    last: date


def value_of(atoms: Sequence[_Atom], received_at: datetime) -> str:
    """`2026-11-23`, `2026-11-23T22:00`, two of them with a slash between, or nothing."""
    try:
        return _value(atoms, received_at.astimezone(CHINA))
    except (ValueError, OverflowError):  # 2月31号; a year before the first
        return ""


def _value(atoms: Sequence[_Atom], now: datetime) -> str:
    sides: list[list[_Atom]] = [[]]
    for atom in atoms:
        if atom.kind == "to":
            sides.append([])
        else:
            sides[-1].append(atom)
    if any(atom.kind in ("every", "vague") for atom in atoms) or len(sides) > 2:
        return ""
    first = _moment(sides[0], now, None, ())
    if len(sides) == 1 or not first:
        return first
    days = _days(sides[0], now)
    last = _moment(sides[1], now, days, _parts_of_day(sides[0]))
    if not last or "/" in first or "/" in last:
        return ""
    if last < first and "T" in last:
        last = (datetime.fromisoformat(last) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    return f"{first}/{last}" if first < last else ""


def _moment(atoms: Sequence[_Atom], now: datetime, default: _Days | None, parts: Sequence[str]) -> str:
    ago = next((atom.text for atom in atoms if atom.kind == "ago"), "")
    if ago:
        return _ago(ago, now)
    days = _days(atoms, now) or default
    if days is None:
        return ""
    if days.first != days.last:
        return f"{days.first.isoformat()}/{days.last.isoformat()}"
    clock = next((atom.text for atom in atoms if atom.kind == "clock"), "")
    at = _clock(clock, _parts_of_day(atoms) or parts) if clock else None
    if at is None:
        return days.first.isoformat()
    return (datetime.combine(days.first, datetime.min.time()) + at).strftime("%Y-%m-%dT%H:%M")


def _parts_of_day(atoms: Sequence[_Atom]) -> Sequence[str]:
    return [atom.text for atom in atoms if atom.kind in ("period", "rel")]


def _clock(clock: str, parts: Sequence[str]) -> timedelta | None:
    """Since the midnight that begins the day; more than 24 hours for the small hours of a night."""
    found = _DIGITS.findall(clock.replace("零", ""))
    if _ABOUT.match(clock):
        return None
    hour = number(found[0])
    minute = number(found[1]) if len(found) > 1 else 0
    if "刻" in clock:
        minute *= 15
    elif "半" in clock:
        minute = 30
    if hour > 24 or minute > 59:
        return None
    if any(part in _NIGHT or part[-1:] in "晚夜" for part in parts):
        hour += 24 if hour < _NIGHT_ENDS else 12 if hour <= 12 else 0
    elif any(part in ("下午", "傍晚") for part in parts):
        hour += 12 if hour < 12 else 0
    elif any(part in ("中午", "午间", "午休") for part in parts):
        hour += 12 if hour < 4 else 0
    elif any(part == "凌晨" for part in parts):
        hour = 0 if hour == 12 else hour
    elif not _says_morning(parts) and hour < 13 and ":" not in clock:
        return None
    return timedelta(hours=hour, minutes=minute)


def _says_morning(parts: Sequence[str]) -> bool:
    return any(part in ("上午",) or part[-1:] in "早晨" or part in ("早上",) for part in parts)


def _days(atoms: Sequence[_Atom], now: datetime) -> _Days | None:
    year = next((_year(atom.text, now) for atom in atoms if atom.kind == "year"), None)
    for atom in atoms:
        match atom.kind:
            case "iso":
                parts = [int(part) for part in re.split(r"[-./]", atom.text)]
                return _one(date(parts[0], parts[1], parts[2]))
            case "month":
                return _month(atom.text, now)
            case "day":
                return _one(_day_of_month(number(_DIGITS.findall(atom.text)[0]), now))
            case "rel":
                return _one(now.date() + timedelta(days=_REL_DAYS[atom.text[0]]))
            case "week":
                return _week(atom.text, now)
            case "holiday":
                return _holiday(atom.text, year, now)
    if year is not None:
        text = next(atom.text for atom in atoms if atom.kind == "year")
        return _part_of_year(year, text)
    return None


def _one(day: date) -> _Days:
    return _Days(day, day)


def _year(text: str, now: datetime) -> int | None:
    if text[:4].isdecimal():
        return int(text[:4])
    return now.year + _YEARS[text[0]] if text[0] in _YEARS else None


def _part_of_year(year: int, text: str) -> _Days | None:
    if text.endswith("上半年"):
        return _Days(date(year, 1, 1), date(year, 6, 30))
    if text.endswith("下半年"):
        return _Days(date(year, 7, 1), date(year, 12, 31))
    return _Days(date(year, 1, 1), date(year, 12, 31)) if text.endswith("年") else None


def _month(text: str, now: datetime) -> _Days | None:
    before, _, after = text.partition("月")
    year = None
    if "年" in before:
        year_text, _, before = before.partition("年")
        year = _year(year_text, now)
        if year is None:
            return None
    before = before.strip("的 ")
    if before[:1] in ("上", "这", "本", "下"):
        steps = _WEEKS["上上" if before.startswith("上上") else before[0]]
        months = now.year * 12 + now.month - 1 + steps
        year, month = divmod(months, 12)
        month += 1
    else:
        month = number(before)
    day = _DIGITS.findall(after.removeprefix("份"))
    if day:
        return _one(_nearest(year, month, number(day[0]), now))
    first = _nearest(year, month, 1, now)
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)
    if after.removeprefix("份") in ("上旬", "中旬", "下旬"):
        start = {"上": 1, "中": 11, "下": 21}[after.removeprefix("份")[0]]
        return _Days(first.replace(day=start), last if start == 21 else first.replace(day=start + 9))
    return _Days(first, last) if after in ("", "份") else None


def _nearest(year: int | None, month: int, day: int, now: datetime) -> date:
    if year is not None:
        return date(year, month, day)
    this = date(now.year, month, day)
    return this if this <= now.date() + _SOON else date(now.year - 1, month, day)


def _day_of_month(day: int, now: datetime) -> date:
    if day <= now.day + 7:
        return date(now.year, now.month, day)
    last_month = now.date().replace(day=1) - timedelta(days=1)
    return last_month.replace(day=day)


def _week(text: str, now: datetime) -> _Days | None:
    monday = now.date() - timedelta(days=now.weekday())
    which = next((word for word in _WEEKS if text.startswith(word)), None)
    if which is not None:
        monday += timedelta(weeks=_WEEKS[which])
    last = text[-1].replace("天", "日")
    if last == "末":
        return _Days(monday + timedelta(days=5), monday + timedelta(days=6)) if which else None
    if last not in _WEEKDAYS:
        return _Days(monday, monday + timedelta(days=6))
    day = monday + timedelta(days=_WEEKDAYS.index(last))
    # A bare 周五 is the last one that was, today's with it.
    return _one(day - timedelta(weeks=1) if which is None and day > now.date() else day)


def _holiday(text: str, year: int | None, now: datetime) -> _Days | None:
    fixed = next((days for name, days in _HOLIDAYS.items() if text.startswith(name)), None)
    if fixed is None or text.endswith(("前后", "前", "后")):
        return None
    (month, first), (_, last) = fixed
    start = _nearest(year, month, first, now)
    return _Days(start, start if text.endswith(("当天", "那天")) else start.replace(day=last))


def _ago(text: str, now: datetime) -> str:
    """Days, weeks, hours and minutes are exact enough; months and years are not."""
    found = _DIGITS.findall(text)
    if not found or "多" in text or "几" in text or "半" in text:
        return ""
    count = number(found[0])
    if "小时" in text or "钟头" in text:
        return (now - timedelta(hours=count)).strftime("%Y-%m-%dT%H:%M")
    if "分钟" in text:
        return (now - timedelta(minutes=count)).strftime("%Y-%m-%dT%H:%M")
    if "天" in text:
        return (now.date() - timedelta(days=count)).isoformat()
    if "周" in text or "星期" in text:
        return (now.date() - timedelta(weeks=count)).isoformat()
    return ""
