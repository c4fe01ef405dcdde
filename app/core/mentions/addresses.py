"""Addresses: a numbered one in a street or village, or what stands behind 地址 and a colon."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.core.mentions.mention import HAN, KnownNames, Mention, every_name, name_before, named
from app.core.mentions.numerals import NUMERAL, number

_NUMBERED = re.compile(
    r"(?P<way>路|街|巷|弄|村|胡同|(?<![街频渠])道)"
    rf"(?P<part>(?:[东南西北中上下]?{NUMERAL}?[段组社])?) ?"
    rf"(?P<number>{NUMERAL}(?:[-—–之][0-9]{{1,4}})?) ?号(?P<annex>附 ?[0-9]{{1,3}} ?号)?"
    r"(?![楼线令文口窗柜门厅台机桥井坑])"
)
_NUMERAL = re.compile(NUMERAL)
_LABELLED = re.compile(r"地址 ?[:为是] ?(?P<place>[^,。;!?:\n]{4,40})")
_PLACE = re.compile(r"[路街巷弄村道厦楼层室号栋幢座院区园场]")
_NO_PLACE = re.compile(r"请|详见|见附|以.{0,8}为准|哪")
_DISTRICT = re.compile(rf"(?:.{{0,16}}(?:自治区|街道|社区|[省市区县镇乡州旗盟]))?(?P<street>[{HAN}]{{2,}})")
_ANOTHER_STREET = "东南西北中新老大小上下前后"
_LABELLED_KEY = "地址:"
_SHORTEST_PLACE = 4


def find(text: str) -> Iterator[Mention]:
    """Keys are `name before|tail` (`请到和平|路12号`), or `地址:` and the words of a labelled place."""
    if "号" in text:
        for match in _NUMBERED.finditer(text):
            if name_before(text, match.start()):  # 2路12号 is a bus stop
                yield named(text, match.start(), match.end(), _tail(match))
    if "地址" in text:
        yield from _labelled(text)


def _labelled(text: str) -> Iterator[Mention]:
    for match in _LABELLED.finditer(text):
        place = match["place"]
        if _PLACE.search(place) and not _NO_PLACE.search(place) and not _NUMBERED.search(place):
            yield Mention(_LABELLED_KEY + _bare(place), match.start("place"), match.end("place"))


def listed(text: str) -> tuple[str, ...]:
    """A value of a list. Province, town and district before a street may be left out in a reply."""
    numbered = tuple(_listed_street(mention.key) for mention in find(text) if "|" in mention.key)
    if numbered:
        return numbered
    place = _bare(text.strip())
    return (_LABELLED_KEY + place,) if len(place) >= _SHORTEST_PLACE else ()


def said(text: str) -> Iterator[str]:
    return every_name(mention.key for mention in find(text))


def _listed_street(key: str) -> str:
    name, _, tail = key.partition("|")
    street = _DISTRICT.fullmatch(name)
    return f"{street['street'] if street else name}|{tail}"


def _tail(match: re.Match[str]) -> str:
    """Way, part and number, with digits whichever way they are written."""
    written = f"{match['part']} {match['number']}".translate(_HYPHENS)
    counted = _NUMERAL.sub(lambda one: str(number(one[0])), written)
    annex = "".join(_NUMERAL.findall(match["annex"] or ""))
    return f"{match['way']}{counted.replace(' ', '')}号{f'附{annex}号' if annex else ''}"


_HYPHENS = str.maketrans("—–之", "---")


def _bare(place: str) -> str:
    return re.sub(r"[\s()]+", "", place)


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    streets: KnownNames
    places: frozenset[str]
    all_places: str
    """One to a line: a reply may give a part of a place."""

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KnownAddresses":
        both = tuple(keys)
        places = frozenset(key.removeprefix(_LABELLED_KEY) for key in both if key.startswith(_LABELLED_KEY))
        streets = KnownNames.of((key for key in both if "|" in key), _ANOTHER_STREET)
        return cls(streets, places, "\n".join(sorted(places)))

    def covers(self, key: str) -> bool:
        if not key.startswith(_LABELLED_KEY):
            return self.streets.covers(key)
        place = key.removeprefix(_LABELLED_KEY)
        return place in self.all_places or any(
            place[start:end] in self.places
            for start in range(len(place))
            for end in range(start + _SHORTEST_PLACE, len(place) + 1)
        )
