"""The parts of rules. A condition, asked in a scope, answers with its proofs: where it holds, and how often.

A proof is the tuple of ranges that show it. A condition about the whole scope (its length, what the citizen
wrote) proves nothing in particular: its proof is empty, `()`. No proof at all means: it does not hold.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from app.core.evidence import Range, Scope

Proof = tuple[Range, ...]
HOLDS: tuple[Proof, ...] = ((),)
FAILS: tuple[Proof, ...] = ()


class Condition(Protocol):
    """Ask it through `Scope.ask`, which leaves sleeping what cannot hold and asks nothing twice."""

    alone: ClassVar[bool]
    """Whether it says the same whatever has been proved so far."""

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        """`anchor` is what has been proved so far: conditions such as `before` speak of it."""
        ...


@dataclass(frozen=True, slots=True)
class InLexicon:
    lexicons: tuple[str, ...]

    alone: ClassVar[bool] = True

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

    alone: ClassVar[bool] = True

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

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        if not all(map(scope.wakes, self.parts)):
            return FAILS
        proved: list[Proof] = [anchor]
        for part in self.parts:
            proved = [
                joined
                for before in proved
                for joined in self._joined(scope.ask(part, before), before, anchor)
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

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return scope.ask_any(self.parts, anchor)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return FAILS if scope.ask(self.part, anchor) else HOLDS


@dataclass(frozen=True, slots=True)
class Near:
    """The two stand at most `within` characters apart, in any order."""

    of: Condition
    to: Condition
    within: int

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        others = scope.ask(self.to, anchor)
        return [
            (*one, *nearest)
            for one in (scope.ask(self.of, anchor) if others else ())
            for nearest in [min(others, key=lambda other, one=one: _distance(one, other))]  # type: ignore[misc]
            if _distance(one, nearest) <= self.within
        ]


@dataclass(frozen=True, slots=True)
class InOrder:
    """They follow each other, with at most `within` characters between two of them."""

    parts: tuple[Condition, ...]
    within: int

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        if not all(map(scope.wakes, self.parts)):
            return FAILS
        columns = [scope.ask(part, anchor) for part in self.parts]
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

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        ranges = sorted({one for proof in scope.ask(self.of, anchor) for one in proof})
        if len(ranges) < self.at_least or (self.at_most is not None and len(ranges) > self.at_most):
            return FAILS
        return [tuple(ranges)]


@dataclass(frozen=True, slots=True)
class Beside:
    """`of` stands at most `within` characters before (or after) what has been proved so far."""

    of: Condition
    within: int
    side: Literal["before", "after"]

    alone: ClassVar[bool] = False

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        if not anchor:
            return FAILS
        first, last = min(start for start, _ in anchor), max(end for _, end in anchor)
        return [proof for proof in scope.ask(self.of, anchor) if proof and self._stands(proof, first, last)]

    def _stands(self, proof: Proof, first: int, last: int) -> bool:
        gap = first - proof[-1][1] if self.side == "before" else proof[0][0] - last
        return 0 <= gap <= self.within


@dataclass(frozen=True, slots=True)
class Quoted:
    """What was proved first stands inside quotes or a book title: somebody else's words, or a name."""

    alone: ClassVar[bool] = False

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

    alone: ClassVar[bool] = True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        length = scope.length
        return (
            HOLDS if self.at_least <= length and (self.at_most is None or length <= self.at_most) else FAILS
        )


@dataclass(frozen=True, slots=True)
class Position:
    where: Literal["first", "last", "only"]

    alone: ClassVar[bool] = True

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
class Leans:
    """The wording of the scope reads at least so much on a scale."""

    scale: str
    at_least: float

    alone: ClassVar[bool] = True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return [((scope.start, scope.end),)] if scope.reading(self.scale) >= self.at_least else FAILS


@dataclass(frozen=True, slots=True)
class OfMessage:
    """Holds for what the citizen wrote; for an empty message, nothing does."""

    part: Condition

    alone: ClassVar[bool] = True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        message = scope.evidence.message
        if message is None or not message.text:
            return FAILS
        return HOLDS if message.whole.ask(self.part, ()) else FAILS


@dataclass(frozen=True, slots=True)
class OfReply:
    """Holds anywhere in the whole reply, for rules that look at one clause or sentence."""

    part: Condition

    alone: ClassVar[bool] = True

    def proofs(self, scope: Scope, anchor: Proof) -> Sequence[Proof]:
        return HOLDS if scope.evidence.whole.ask(self.part, ()) else FAILS


@dataclass(frozen=True, slots=True)
class Echo:
    """A run of at least `at_least` characters of the scope stands in the citizen's message too."""

    at_least: int

    alone: ClassVar[bool] = True

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
