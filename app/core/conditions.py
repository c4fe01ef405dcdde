"""The parts of rules. A condition, asked in a scope, answers with its proofs: where it holds, and how often.

A proof is the tuple of ranges that show it. A condition about the whole scope (its length, what the citizen
wrote) proves nothing in particular: its proof is empty, `()`. No proof at all means: it does not hold.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from app.core.evidence import Evidence, Range, Scope
from app.core.required import Needs, met, needs_of

Proof = tuple[Range, ...]
HOLDS: tuple[Proof, ...] = ((),)
FAILS: tuple[Proof, ...] = ()

_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[$^]|[^$^\\\[]+", re.DOTALL)
_ANCHORS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\Z"})
_LOOKS_AROUND = re.compile(r"\(\?[=!<>(P]|[*+?}]\+|\\[1-9]")
"""In a pattern: what may match in a stretch of a text and, even without anchors, not in the whole of it."""


class Condition(Protocol):
    def possible(self, evidence: Evidence) -> bool:
        """False only where it holds nowhere in this text: asked of the whole, before it is cut up."""
        ...

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        """`anchor` is what has been proved so far: conditions such as `before` speak of it."""
        ...


@dataclass(frozen=True, slots=True)
class InLexicon:
    lexicons: tuple[str, ...]

    def possible(self, evidence: Evidence) -> bool:
        return not evidence.hits.keys().isdisjoint(self.lexicons)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        hits = {
            (hit.start, hit.end)
            for lexicon in self.lexicons
            for hit in scope.evidence.hits_in(lexicon, scope.start, scope.end)
        }
        return [(found,) for found in sorted(hits)]


@dataclass(frozen=True, slots=True)
class Pattern:
    pattern: re.Pattern[str]
    _anywhere: re.Pattern[str] | None = field(init=False, compare=False)
    _needs: Needs = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_anywhere", _unanchored(self.pattern))
        object.__setattr__(self, "_needs", needs_of(self.pattern))

    @property
    def rarest(self) -> frozenset[str] | None:
        """The most telling set of characters of which any match holds one; None: nothing is known."""
        return self._needs[0] if self._needs else None

    def possible(self, evidence: Evidence) -> bool:
        if not met(self._needs, evidence.characters):
            return False
        return self._anywhere is None or self._anywhere.search(evidence.text) is not None

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return [
            ((scope.start + match.start(), scope.start + match.end()),)
            for match in self.pattern.finditer(scope.text)
            if match.end() > match.start()
        ]


@dataclass(frozen=True, slots=True)
class All:
    """Proved around each proof of the first part that has a place; the others add their nearest."""

    parts: tuple[Condition, ...]

    def possible(self, evidence: Evidence) -> bool:
        return all(map(evidence.may_hold, self.parts))

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        if not scope.evidence.may_hold(self):
            return FAILS
        proved: list[Proof] = [anchor]
        for part in self.parts:
            proved = [
                joined
                for before in proved
                for joined in self._joined(part.proofs(scope, before), before, anchor)
            ]
            if not proved:
                return FAILS
        return proved

    def _joined(self, found: Sequence[Proof], before: Proof, anchor: Proof) -> Iterator[Proof]:
        if not found:
            return
        if before == anchor:  # nothing placed yet: every proof is a start of its own
            yield from ((*before, *one) for one in found)
        else:
            yield (*before, *min(found, key=lambda one: _distance(before, one)))


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Condition, ...]
    _guarded: tuple[tuple[frozenset[str] | None, Condition], ...] = field(init=False, compare=False)
    """Each part with the rarest thing it needs, if it is a pattern: most parts of most rules end there."""

    def __post_init__(self) -> None:
        guarded = ((part.rarest if isinstance(part, Pattern) else None, part) for part in self.parts)
        object.__setattr__(self, "_guarded", tuple(guarded))

    def possible(self, evidence: Evidence) -> bool:
        return next(self._awake(evidence), None) is not None

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return [proof for part in self._awake(scope.evidence) for proof in part.proofs(scope, anchor)]

    def _awake(self, evidence: Evidence) -> Iterator[Condition]:
        characters = evidence.characters
        for rarest, part in self._guarded:
            if (rarest is None or not rarest.isdisjoint(characters)) and evidence.may_hold(part):
                yield part


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def possible(self, evidence: Evidence) -> bool:
        return True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return FAILS if self.part.proofs(scope, anchor) else HOLDS


@dataclass(frozen=True, slots=True)
class Near:
    """The two stand at most `within` characters apart, in any order."""

    of: Condition
    to: Condition
    within: int

    def possible(self, evidence: Evidence) -> bool:
        return evidence.may_hold(self.of) and evidence.may_hold(self.to)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        others = self.to.proofs(scope, anchor)
        return [
            (*one, *nearest)
            for one in self.of.proofs(scope, anchor)
            if others
            for nearest in [min(others, key=lambda other, one=one: _distance(one, other))]  # type: ignore[misc]
            if _distance(one, nearest) <= self.within
        ]


@dataclass(frozen=True, slots=True)
class InOrder:
    """The items follow each other, with at most `within` characters between two of them."""

    items: tuple[Condition, ...]
    within: int

    def possible(self, evidence: Evidence) -> bool:
        return all(map(evidence.may_hold, self.items))

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        columns = [item.proofs(scope, anchor) for item in self.items]
        if not all(columns):
            return FAILS
        return [chain for first in columns[0] if (chain := self._chain(first, columns[1:])) is not None]

    def _chain(self, so_far: Proof, columns: Sequence[Sequence[Proof]]) -> Proof | None:
        if not columns:
            return so_far
        end = so_far[-1][1]
        for following in columns[0]:
            if following and 0 <= following[0][0] - end <= self.within:
                chain = self._chain((*so_far, *following), columns[1:])
                if chain is not None:
                    return chain
        return None


@dataclass(frozen=True, slots=True)
class Count:
    of: Condition
    at_least: int
    at_most: int | None = None

    def possible(self, evidence: Evidence) -> bool:
        return self.at_least == 0 or self.of.possible(evidence)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        ranges = sorted({one for proof in self.of.proofs(scope, anchor) for one in proof})
        if len(ranges) < self.at_least or (self.at_most is not None and len(ranges) > self.at_most):
            return FAILS
        return [tuple(ranges)]


@dataclass(frozen=True, slots=True)
class Beside:
    """`of` stands at most `within` characters before (or after) what has been proved so far."""

    of: Condition
    within: int
    side: Literal["before", "after"]

    def possible(self, evidence: Evidence) -> bool:
        return self.of.possible(evidence)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        if not anchor:
            return FAILS
        first, last = min(start for start, _ in anchor), max(end for _, end in anchor)
        return [
            proof for proof in self.of.proofs(scope, anchor) if proof and self._stands(proof, first, last)
        ]

    def _stands(self, proof: Proof, first: int, last: int) -> bool:
        gap = first - proof[-1][1] if self.side == "before" else proof[0][0] - last
        return 0 <= gap <= self.within


@dataclass(frozen=True, slots=True)
class Quoted:
    """What was proved first stands inside quotes or a book title: somebody else's words, or a name."""

    def possible(self, evidence: Evidence) -> bool:
        return True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        quotes = scope.evidence.quotes
        inside = anchor and any(
            opened <= anchor[0][0] and anchor[0][1] <= closed for opened, closed in quotes
        )
        return HOLDS if inside else FAILS


@dataclass(frozen=True, slots=True)
class Length:
    """Of the scope, without spaces and punctuation."""

    at_least: int
    at_most: int | None

    def possible(self, evidence: Evidence) -> bool:
        return True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        length = scope.length
        return (
            HOLDS if self.at_least <= length and (self.at_most is None or length <= self.at_most) else FAILS
        )


@dataclass(frozen=True, slots=True)
class Position:
    where: Literal["first", "last", "only"]

    def possible(self, evidence: Evidence) -> bool:
        return True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        match self.where:
            case "first":
                holds = scope.index == 0
            case "last":
                holds = scope.index == scope.count - 1
            case "only":
                holds = scope.count == 1
        return HOLDS if holds else FAILS


@dataclass(frozen=True, slots=True)
class OfMessage:
    """Holds for what the citizen wrote; for an empty message, nothing does."""

    part: Condition

    def possible(self, evidence: Evidence) -> bool:
        message = evidence.message
        return message is not None and bool(message.text) and self.part.possible(message)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        message = scope.evidence.message
        if message is None or not message.text:
            return FAILS
        return HOLDS if self.part.proofs(message.whole(), ()) else FAILS


@dataclass(frozen=True, slots=True)
class OfReply:
    """Holds anywhere in the whole reply, for rules that look at one clause or sentence."""

    part: Condition

    def possible(self, evidence: Evidence) -> bool:
        return self.part.possible(evidence)

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return HOLDS if self.part.proofs(scope.evidence.whole(), ()) else FAILS


@dataclass(frozen=True, slots=True)
class Echo:
    """A run of at least `at_least` characters of the scope stands in the citizen's message too."""

    at_least: int

    def possible(self, evidence: Evidence) -> bool:
        return evidence.message is not None

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        message = scope.evidence.message
        if message is None:
            return FAILS
        found = [
            (start, start + self.at_least)
            for start in range(scope.start, scope.end - self.at_least + 1)
            if scope.evidence.text[start : start + self.at_least].isalnum()
            and scope.evidence.text[start : start + self.at_least] in message.text
        ]
        return [((found[0][0], found[-1][1]),)] if found else FAILS


def _distance(one: Proof, other: Proof) -> int:
    """Characters between the two, 0 where they touch or overlap; 0 for a proof without a place."""
    if not one or not other:
        return 0
    start, end = min(s for s, _ in one), max(e for _, e in one)
    from_, to = min(s for s, _ in other), max(e for _, e in other)
    return max(0, from_ - end, start - to)


def _unanchored(pattern: re.Pattern[str]) -> re.Pattern[str] | None:
    """A pattern that is found in a text wherever `pattern` matches in a stretch of it; None: not known.

    `^` and `$` mean the ends of a clause in a rule about clauses, and would mean the ends of the reply here.
    """
    if _LOOKS_AROUND.search(pattern.pattern):
        return None
    pieces = _PIECES.findall(pattern.pattern)
    text = "".join("(?:)" if piece in _ANCHORS else piece for piece in pieces)
    return re.compile(text, pattern.flags)
