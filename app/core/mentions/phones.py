"""Telephone numbers: mobile, landline, 400 and 800, foreign; local and short ones where announced."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.core.mentions.mention import Mention

_GAP = r"[-‐–—−.·_ ]{0,2}"
_CHINA = rf"(?:(?:\+|00)?\(?86\)?{_GAP})"


def _grouped(*sizes: int) -> str:
    return _GAP.join(f"[0-9]{{{size}}}" for size in sizes)


def _extension(name: str) -> str:
    """转801, 分机801, ext. 801 or -801; the group is `name`, or `name`_dash."""
    return (
        rf"(?:[-,. (]{{0,2}}(?:转|分机号?|ext\.?|[#])[:. ]{{0,2}}(?P<{name}>[0-9]{{1,6}})"
        rf"|-(?P<{name}_dash>[0-9]{{1,4}}))?"
    )


_MOBILE = (
    rf"(?=1[^0-9]?[3-9])(?:{_grouped(3, 4, 4)}|{_grouped(4, 3, 4)}|{_grouped(4, 4, 3)}|{_grouped(3, 3, 5)}"
    r"|[0-9](?P<between>[-. ])[0-9](?:(?P=between)[0-9]){9})"
)
_NUMBER = re.compile(
    r"(?<![0-9a-z])(?<![0-9][.-])(?:tel[:. ]{0,2})?(?:"
    rf"{_CHINA}?(?P<mobile>{_MOBILE})"
    rf"|(?:{_CHINA}\(?0?(?P<abroad>[1-9][0-9]{{1,2}})|\(?0(?P<area>[0-9]{{2,3}}))\)?{_GAP}"
    rf"(?P<subscriber>[0-9]{{3,4}}{_GAP}[0-9]{{4}}|1[0-9]{{4}}|9[0-9]{{4,5}}){_extension('extension')}"
    rf"|(?P<free>(?=[48]00)(?:{_grouped(3, 3, 4)}|{_grouped(3, 4, 3)}))"
    rf"|(?P<foreign>\+[0-9]{{1,3}}(?:{_GAP}[0-9]{{2,4}}){{2,4}})"
    rf"|(?P<local>[1-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}){_extension('inner')}"
    r"|(?P<short>[1-9][0-9]{2,5})(?![-./:][0-9])"
    r")(?![0-9])"
)
_WORTH_A_LOOK = re.compile(r"[0-9]{3}|[0-9][-. ][0-9][-. ][0-9]")
_DIGITS = re.compile(r"[0-9]+")

_BEFORE_CHARACTERS = 14
_ANNOUNCED = re.compile(
    r"(?:(?:电话|座机|热线|专线|号码|传真|拨打|致电|拨|打|客服|tel|phone)[^0-9。!?;\n]{0,10}"
    r"|(?:联系|联系方式|咨询|举报|投诉)[:是为 ]{0,3})\Z"
)
_ANOTHER_NUMBER = re.compile(
    r"(?:编号|单号|工单|文号|证号|账号|卡号|代码|邮编|qq群?|微信号?|窗口|第|楼|室)[:是为 ]{0,3}\Z"
)
_NAMED_BEHIND = re.compile(r" ?(?:热线|专线|电话|客服|服务热线|报警|急救|便民)")
_COUNTED = re.compile(
    r" ?(?:[年月日号元块万千百亿人个次件位户名天时分秒页条项章款室楼层栋幢座米平公克吨度]"
    r"|[%多余家辆台份路岁周级届期亩℃]|小时|窗口|学年)"
)
_NEXT_NUMBER = re.compile(r"(?:[、,/ 或和及与]|以及|或者){1,3}")
_MOBILE_KEY = re.compile(r"1[3-9][0-9]{9}")


def is_mobile(key: str) -> bool:
    return _MOBILE_KEY.fullmatch(key) is not None


def find(text: str) -> Iterator[Mention]:
    """Keys are digits, `0` before an area code; an extension stands behind an `x`.

    Short and local numbers could count anything: they are to be called where 电话 or the like stands before,
    the word for a hotline behind, or another such number right before.
    """
    return _found(text, only_called=True)


def said(text: str) -> Iterator[str]:
    """Whatever looks like a number, announced or not."""
    return (mention.key for mention in _found(text, only_called=False))


def _found(text: str, *, only_called: bool) -> Iterator[Mention]:
    if _WORTH_A_LOOK.search(text) is None:
        return
    position, called_until = 0, -1
    while (match := _NUMBER.search(text, position)) is not None:
        start, end = match.span()
        bare = match["local"] or match["short"]
        if only_called and bare and not _is_called(text, start, end, called_until):
            position = _DIGITS.search(text, start, end).end()  # type: ignore[union-attr]  # it has digits
            continue
        position = called_until = end
        yield Mention(_key(match), start, end)


def listed(text: str) -> tuple[str, ...]:
    """A list's value: numbers, with words beside them. None where digits are left that are no number."""
    announced = f"电话{text}"
    keys, left, position = [], "", 0
    for mention in find(announced):
        keys.append(mention.key)
        left += announced[position : mention.start]
        position = mention.end
    return () if _DIGITS.search(left + announced[position:]) else tuple(keys)


def _is_called(text: str, start: int, end: int, called_until: int) -> bool:
    if _COUNTED.match(text, end):
        return False
    if called_until >= 0 and _NEXT_NUMBER.fullmatch(text, called_until, start):
        return True
    before = max(0, start - _BEFORE_CHARACTERS)
    return _NAMED_BEHIND.match(text, end) is not None or (
        _ANNOUNCED.search(text, before, start) is not None
        and _ANOTHER_NUMBER.search(text, before, start) is None
    )


def _key(match: re.Match[str]) -> str:
    if match["foreign"]:
        return f"+{_only_digits(match['foreign'])}"
    area = match["area"] or match["abroad"]
    number = match["subscriber"] or match["mobile"] or match["free"] or match["local"] or match["short"]
    extension = match["extension"] or match["extension_dash"] or match["inner"] or match["inner_dash"]
    key = f"0{area}{_only_digits(number)}" if area else _only_digits(number)
    return f"{key}x{extension}" if extension else key


def _only_digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


@dataclass(frozen=True, slots=True)
class KnownPhones:
    numbers: frozenset[str]
    """As listed, and each without its extension and without its area code."""
    areas: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KnownPhones":
        full = set(keys)
        full |= {key.partition("x")[0] for key in full}
        areas = frozenset(_area(key) for key in full if key.startswith("0"))
        return cls(frozenset(full | {key.removeprefix(_area(key)) for key in full}), areas)

    def covers(self, key: str) -> bool:
        """A listed number, or the part behind its area code; a listed hotline behind a listed area code."""
        area = _area(key)
        hotline = key.removeprefix(area)
        return key in self.numbers or (
            area in self.areas and len(hotline) <= _HOTLINE_DIGITS and hotline in self.numbers
        )


_HOTLINE_DIGITS = 6


def _area(key: str) -> str:
    """010 and 02x have three digits, all others four."""
    if not key.startswith("0"):
        return ""
    return key[:3] if key[1] in "12" else key[:4]
