"""规范用语: standing phrases that pass by their id and the hash of their text, never by likeness.

What a person fills in is checked like any text; the words around it were agreed on once.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Invalid
from app.core.model import Category, Finding, Reply, Span


class Kind(StrEnum):
    """What may stand in a gap."""

    WORDS = "words"
    """A name, a place, a department: one line without numbers that call somebody."""
    PHONE = "phone"
    DATE = "date"
    NUMBER = "number"
    """A case number: letters, digits, hyphens."""
    PASSAGE = "passage"
    """What a unit answered, word for word: several lines."""


_PATTERNS: Mapping[Kind, re.Pattern[str]] = {
    Kind.WORDS: re.compile(r"[^\n⟨⟩]{1,40}"),
    Kind.PHONE: re.compile(r"(?:0\d{2,3}-?)?\d{7,8}|[48]00-?\d{3}-?\d{4}|1\d{2}|12\d{3}|9\d{4}"),
    Kind.DATE: re.compile(r"(?:\d{4}年)?\d{1,2}月\d{1,2}日|\d{4}-\d{2}-\d{2}"),
    Kind.NUMBER: re.compile(r"[A-Za-z0-9-]{1,40}"),
    Kind.PASSAGE: re.compile(r"[^⟨⟩]{1,500}"),
}
_ASKED: Mapping[Kind, str] = {
    Kind.WORDS: "一行字，至多 40 个",
    Kind.PHONE: "一个对外公布的电话号码",
    Kind.DATE: "一个日期，例如 3月8日",
    Kind.NUMBER: "字母、数字和连字符",
    Kind.PASSAGE: "至多 500 字",
}
GAP = re.compile(r"⟨([^⟨⟩]+)⟩")


@dataclass(frozen=True, slots=True)
class Phrase:
    id: str
    title: str
    when: str
    """When to use it, for the person who looks for one."""
    text: str
    """With a gap ⟨name⟩ for each value."""
    gaps: Mapping[str, Kind]
    """In the order in which they stand in the text."""

    @property
    def hash(self) -> str:
        return hashlib.sha256(f"{self.id}\n{self.text}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Filled:
    reply: Reply
    spans: tuple[Span, ...]
    """Where the person's values stand."""


def fill(phrase: Phrase, text_hash: str, values: Mapping[str, str]) -> Filled:
    """Raises Invalid, in the moderator's words, where the phrase has changed or a value does not fit."""
    if text_hash != phrase.hash:
        raise Invalid(f"规范用语“{phrase.title}”刚刚改过，请重新选用")
    pieces: list[str] = []
    spans: list[Span] = []
    length = end = 0
    for gap in GAP.finditer(phrase.text):
        value = _fitting(phrase, gap[1], values.get(gap[1], "").strip())
        before = phrase.text[end : gap.start()]
        pieces += (before, value)
        length += len(before) + len(value)
        spans.append(Span(length - len(value), length))
        end = gap.end()
    return Filled(Reply.of("".join(pieces) + phrase.text[end:]), tuple(spans))


def on_values(filled: Filled, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are about what was filled in, or about the platform's limits."""
    return tuple(
        finding
        for finding in findings
        if finding.category is Category.SYSTEM
        or any(
            one.start < value.end and value.start < one.end for one in finding.spans for value in filled.spans
        )
    )


def _fitting(phrase: Phrase, name: str, value: str) -> str:
    kind = phrase.gaps[name]
    if not _PATTERNS[kind].fullmatch(value):
        raise Invalid(f"规范用语“{phrase.title}”里的“{name}”要填{_ASKED[kind]}")
    return value
