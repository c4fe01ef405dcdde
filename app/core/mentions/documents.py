"""Document numbers (市政办〔2024〕3号, 国务院令第752号, 2024年第5号公告) and titles (《...》)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.core.mentions.mention import Mention, every_name, named
from app.core.mentions.numerals import NUMERAL, number

_ORDER = "令|公告|通告|决定"
_NUMBER = re.compile(
    r" {0,2}[〔\[(【「{<《] ?(?P<year>[0-9]{4})(?:年)? ?[〕\])】」}>》] ?第?"
    rf"(?P<number>{NUMERAL}) ?号(?![楼线窗柜门厅台])"
    rf"|(?P<order>{_ORDER}) ?\(?(?:(?P<order_year>[0-9]{{4}})年 ?)?第 ?(?P<order_number>{NUMERAL}) ?号\)?"
    rf"|(?P<notice_year>[0-9]{{4}})年 ?第 ?(?P<notice_number>{NUMERAL}) ?号(?P<notice>{_ORDER}|文件)"
)
_TITLE = re.compile(r"《(?P<title>[^《》\n]{2,80})》")
_EDITION = re.compile(r"\([^()]{1,20}\)|[\s·\"“”]")
_COUNTRY = "中华人民共和国"


def find(text: str) -> Iterator[Mention]:
    """Keys are `words before|〔2024〕3号` and `words before|令3号`, whichever brackets are written."""
    if "号" not in text:
        return
    for match in _NUMBER.finditer(text):
        yield named(text, match.start(), match.end(), _tail(match))


def listed(text: str) -> tuple[str, ...]:
    return tuple(mention.key for mention in find(text))


def said(text: str) -> Iterator[str]:
    return every_name(mention.key for mention in find(text))


def find_titles(text: str) -> Iterator[Mention]:
    """Keys are titles without edition (2024年修订), spaces and the country's name."""
    if "《" not in text:
        return
    for match in _TITLE.finditer(text):
        yield Mention(_title(match["title"]), match.start(), match.end())


def listed_titles(text: str) -> tuple[str, ...]:
    title = _title(text.strip().removeprefix("《").removesuffix("》"))
    return (title,) if title else ()


def said_titles(text: str) -> Iterator[str]:
    return (mention.key for mention in find_titles(text))


@dataclass(frozen=True, slots=True)
class KnownTitles:
    titles: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KnownTitles":
        return cls(frozenset(keys))

    def covers(self, key: str) -> bool:
        return key in self.titles


def _tail(match: re.Match[str]) -> str:
    if match["year"]:
        return f"〔{match['year']}〕{number(match['number'])}号"
    order = match["order"] or match["notice"]
    year = match["order_year"] or match["notice_year"] or ""
    return f"{order}{year}第{number(match['order_number'] or match['notice_number'])}号"


def _title(title: str) -> str:
    return _EDITION.sub("", title).removeprefix(_COUNTRY)
