"""What is known of one text: its words found, its clauses and sentences, its quotes."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Protocol

from app.core.lexicon import ALWAYS, Hit, Lexicons, Seen, Term
from app.core.model import Span
from app.core.scale import Scales
from app.core.text import Folded
from app.core.words import Cut

Range = tuple[int, int]
"""Half-open, in the plain view."""

_MOST_PROOFS = 64
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


@dataclass(slots=True)
class Scope:
    """A stretch of a text in which a rule looks. Not frozen: making a frozen one takes thrice as long."""

    evidence: "Evidence"
    start: int
    end: int
    text: str
    awake: int
    """Bits of the conditions that may hold in it."""
    index: int = 0
    count: int = 1
    known: dict[int, Sequence[tuple[Range, ...]]] = field(default_factory=dict, compare=False)
    """What was asked before, by the identity of the condition, which outlives every text."""
    readings: Mapping[str, float] | None = field(default=None, compare=False)

    @property
    def length(self) -> int:
        """Letters, digits and Han characters, without spaces, punctuation and symbols."""
        return len(_WORDLESS.sub("", self.text))

    def reading(self, scale: str) -> float:
        """Raises KeyError for a scale there is none of; a rule that names one does not load."""
        if self.readings is None:
            self.readings = self.evidence.scales.readings(self.text)
        return self.readings[scale]

    def wakes(self, condition: "Asked") -> bool:
        """False only where it holds nowhere in this stretch."""
        return self.awake & self.evidence.masks.get(id(condition), ALWAYS) != 0

    def ask(self, condition: "Asked", anchor: tuple[Range, ...]) -> Sequence[tuple[Range, ...]]:
        """The condition's proofs here."""
        name = id(condition)
        if not self.awake & self.evidence.masks.get(name, ALWAYS):
            return ()
        if not condition.alone:
            return condition.proofs(self, anchor)
        known = self.known.get(name)
        if known is None:
            known = self.known[name] = self.evidence.few(condition.proofs(self, ()))
        return known

    def ask_any(self, conditions: "Sequence[Asked]", anchor: tuple[Range, ...]) -> list[tuple[Range, ...]]:
        """The proofs of all of them: most of a long list sleep, so they are passed over in one go."""
        awake, masks = self.awake, self.evidence.masks
        return [
            proof
            for one in conditions
            if awake & masks.get(id(one), ALWAYS)
            for proof in self.ask(one, anchor)
        ]


class Asked(Protocol):
    """A condition, as far as a text knows of conditions."""

    alone: ClassVar[bool]

    def proofs(self, scope: Scope, anchor: tuple[Range, ...]) -> Sequence[tuple[Range, ...]]: ...


@dataclass
class Evidence:
    """Made for one check and thrown away; what is dear is worked out only when a rule asks."""

    folded: Folded
    lexicons: Lexicons
    cut: Cut
    scales: Scales
    message: "Evidence | None" = None
    """What the citizen wrote, read the same way."""
    masks: Mapping[int, int] = field(default_factory=dict)
    """Which bits wake which condition, by its identity."""
    crowded: bool = False
    """Somewhere so many proofs stood that not all were looked at."""
    _scopes: dict[ScopeKind, tuple[Scope, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.folded.text

    def without(self, lexicon: str, term: Term) -> "Evidence":
        """As if the list had no such term: to see what the term is good for."""
        message = self.message.without(lexicon, term) if self.message is not None else None
        evidence = Evidence(self.folded, self.lexicons, self.cut, self.scales, message, self.masks)
        evidence.seen = self.seen.without(lexicon, term)
        return evidence

    @cached_property
    def seen(self) -> Seen:
        return self.lexicons.look(self.text, self.cut)

    def few(self, proofs: Sequence[tuple[Range, ...]]) -> Sequence[tuple[Range, ...]]:
        """As many as can be weighed against each other in good time; the checker holds what has more."""
        if len(proofs) <= _MOST_PROOFS:
            return proofs
        self.crowded = True
        return proofs[:_MOST_PROOFS]

    @property
    def hits(self) -> Mapping[str, tuple[Hit, ...]]:
        """By lexicon, each list in the order of the text."""
        return {lexicon: hits for lexicon in self.seen.lexicons if (hits := self.seen.hits(lexicon))}

    @cached_property
    def quotes(self) -> tuple[Range, ...]:
        return tuple(match.span() for match in _QUOTE.finditer(self.text))

    def hits_in(self, lexicon: str, start: int, end: int) -> Iterator[Hit]:
        hits = self.seen.hits(lexicon)
        for hit in hits[bisect_left(hits, start, key=lambda one: one.start) :]:
            if hit.start >= end:
                return
            if hit.end <= end:
                yield hit

    def scopes(self, kind: ScopeKind) -> tuple[Scope, ...]:
        if kind not in self._scopes:
            self._scopes[kind] = self._cut_scopes(kind)
        return self._scopes[kind]

    @cached_property
    def whole(self) -> Scope:
        return Scope(self, 0, len(self.text), self.text, self.seen.awake)

    def highest(self, scale: str) -> float | None:
        """The reading of the sentence that reads highest; None where there is no such scale."""
        if scale not in self.scales.names:
            return None
        return max((scope.reading(scale) for scope in self.scopes(ScopeKind.SENTENCE)), default=None)

    def span(self, start: int, end: int) -> Span:
        return self.folded.span(start, end)

    def _cut_scopes(self, kind: ScopeKind) -> tuple[Scope, ...]:
        if kind is ScopeKind.REPLY:
            return (self.whole,)
        end = _SENTENCE_END if kind is ScopeKind.SENTENCE else _CLAUSE_END
        titles = [match.span() for match in _TITLE.finditer(self.text)]
        ranges: list[Range] = []
        start = 0
        for match in end.finditer(self.text):
            if titles and any(opened < match.start() < closed for opened, closed in titles):
                continue
            ranges.append((start, match.end()))
            start = match.end()
        ranges.append((start, len(self.text)))
        kept = [(a, b) for a, b in ranges if self.text[a:b].strip()]
        awake = self.seen.awake_in(kept)
        return tuple(
            Scope(self, a, b, self.text[a:b], bits, index, len(kept))
            for index, ((a, b), bits) in enumerate(zip(kept, awake, strict=True))
        )
