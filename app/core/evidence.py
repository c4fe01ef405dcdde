"""What is known of one text: its words found, its clauses and sentences, its quotes."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from app.core.lexicon import Hit, Lexicons, Token
from app.core.model import Span
from app.core.text import Folded, Folder, squeeze

Range = tuple[int, int]
"""Half-open, in the plain view."""

# An ellipsis folds to three full stops.
_SENTENCE_END = re.compile(r"(?:[。!?;\n]|\.{3})+")
_CLAUSE_END = re.compile(r"(?:[。!?;,、:\n]|\.{3})+")
_QUOTE = re.compile(r"“[^”]*”|‘[^’]*’|「[^」]*」|『[^』]*』|《[^》]*》|\"[^\"]*\"")
_TITLE = re.compile(r"《[^》\n]*》")
_WORDLESS = re.compile(r"[\W_]+")


class ScopeKind(StrEnum):
    CLAUSE = "clause"
    SENTENCE = "sentence"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Scope:
    """A stretch of a text in which a rule looks."""

    evidence: "Evidence"
    start: int
    end: int
    index: int = 0
    count: int = 1

    @property
    def text(self) -> str:
        return self.evidence.text[self.start : self.end]

    @property
    def length(self) -> int:
        """Letters, digits and Han characters, without spaces, punctuation and symbols."""
        return len(_WORDLESS.sub("", self.text))


class Asked(Protocol):
    """A condition, as far as a text knows of conditions."""

    def possible(self, evidence: "Evidence") -> bool: ...


@dataclass
class Evidence:
    """Made for one check and thrown away; what is dear is worked out only when a rule asks."""

    folded: Folded
    lexicons: Lexicons
    cut: Callable[[str], Sequence[Token]]
    message: "Evidence | None" = None
    """What the citizen wrote, read the same way."""
    _scopes: dict[ScopeKind, tuple[Scope, ...]] = field(default_factory=dict)
    _may_hold: dict[int, bool] = field(default_factory=dict)
    """By the identity of a condition, which outlives every text it is asked about."""

    @classmethod
    def of(
        cls,
        text: str,
        folder: Folder,
        lexicons: Lexicons,
        cut: Callable[[str], Sequence[Token]],
        message: "Evidence | None" = None,
    ) -> "Evidence":
        return cls(folder.fold(text), lexicons, cut, message)

    @property
    def text(self) -> str:
        return self.folded.text

    @cached_property
    def characters(self) -> frozenset[str]:
        return frozenset(self.text)

    def may_hold(self, condition: "Asked") -> bool:
        """`condition.possible` of this text, found out once."""
        known = self._may_hold.get(id(condition))
        if known is None:
            known = self._may_hold[id(condition)] = condition.possible(self)
        return known

    @cached_property
    def tokens(self) -> Sequence[Token]:
        return self.cut(self.text)

    @cached_property
    def hits(self) -> Mapping[str, tuple[Hit, ...]]:
        """By lexicon, each list in the order of the text."""
        found: dict[str, list[Hit]] = {}
        for hit in self.lexicons.find(self.text, squeeze(self.text), lambda: self.tokens):
            found.setdefault(hit.lexicon, []).append(hit)
        return {lexicon: tuple(hits) for lexicon, hits in found.items()}

    @cached_property
    def quotes(self) -> tuple[Range, ...]:
        return tuple(match.span() for match in _QUOTE.finditer(self.text))

    def hits_in(self, lexicon: str, start: int, end: int) -> Iterator[Hit]:
        hits = self.hits.get(lexicon, ())
        for hit in hits[bisect_left(hits, start, key=lambda one: one.start) :]:
            if hit.start >= end:
                return
            if hit.end <= end:
                yield hit

    def scopes(self, kind: ScopeKind) -> tuple[Scope, ...]:
        if kind not in self._scopes:
            self._scopes[kind] = self._cut_scopes(kind)
        return self._scopes[kind]

    def whole(self) -> Scope:
        return Scope(self, 0, len(self.text))

    def span(self, start: int, end: int) -> Span:
        return self.folded.span(start, end)

    def _cut_scopes(self, kind: ScopeKind) -> tuple[Scope, ...]:
        if kind is ScopeKind.REPLY:
            return (self.whole(),)
        end = _SENTENCE_END if kind is ScopeKind.SENTENCE else _CLAUSE_END
        titles = [match.span() for match in _TITLE.finditer(self.text)]
        ranges: list[Range] = []
        start = 0
        for match in end.finditer(self.text):
            if any(opened < match.start() < closed for opened, closed in titles):
                continue
            ranges.append((start, match.end()))
            start = match.end()
        ranges.append((start, len(self.text)))
        kept = [(a, b) for a, b in ranges if _WORDLESS.sub("", self.text[a:b]) or self.text[a:b].strip()]
        return tuple(Scope(self, a, b, index, len(kept)) for index, (a, b) in enumerate(kept))
