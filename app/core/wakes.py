"""What wakes a condition: the terms and needles of which one must stand in a text for it to hold there.

An ordinary reply wakes few rules of hundreds. Each condition whose demand is known has a bit; each string of
the automaton carries the bits of those it may wake; one pass over a text adds them up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from app.core import conditions as c
from app.core.conditions import Condition
from app.core.lexicon import ALWAYS, Lexicon, Wakes
from app.core.needles import Needles, needles_of
from app.core.rules import Needs, Rule

Commonness = Callable[[str], float]
"""In how many of all ordinary replies a string stands, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One of these must be there."""

    lexicons: frozenset[str] = frozenset()
    needles: Needles = frozenset()

    def __or__(self, other: "Demand") -> "Demand":
        return Demand(self.lexicons | other.lexicons, self.needles | other.needles)


@dataclass(frozen=True, slots=True)
class Plan:
    masks: Mapping[int, int]
    """Which bits wake a condition within a stretch of a text: by its identity, which outlives every text."""
    needs: tuple[Needs, ...]
    """By rule."""
    wakes: Wakes


def plan(rules: Sequence[Rule], lexicons: Iterable[Lexicon], commonness: Commonness) -> Plan:
    """Bit 0 is always set, bit `n + 1` is rule `n`'s, the bits above belong to lists and patterns."""
    planner = _Planner({lexicon.id: lexicon for lexicon in lexicons}, commonness, len(rules) + 1)
    always = ALWAYS
    for number, rule in enumerate(rules, 1):
        demand = planner.demand(rule.when)
        if demand is None:
            always |= 1 << number
        else:
            planner.bits[demand] = planner.bits.get(demand, 0) | 1 << number
    for rule in rules:
        planner.mask(rule.when)
        if rule.unless is not None:
            planner.mask(rule.unless)
    needs = tuple(planner.needs(rule.when) for rule in rules)
    return Plan(planner.masks, needs, planner.wakes(always))


@dataclass
class _Planner:
    lexicons: Mapping[str, Lexicon]
    commonness: Commonness
    free: int
    """The next bit nobody has."""
    bits: dict[Demand, int] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)
    _own: dict[Demand, int] = field(default_factory=dict)
    _costs: dict[str, float] = field(default_factory=dict)

    def demand(self, condition: Condition) -> Demand | None:
        """Of the whole text. None: the condition may hold in any."""
        match condition:
            case c.InLexicon(lexicons):
                return Demand(lexicons=frozenset(lexicons))
            case c.Pattern(pattern):
                needles = needles_of(pattern, self._cost_of_needles)
                return Demand(needles=needles) if needles is not None else None
            case c.All(parts) | c.InOrder(parts):
                return min(map(self.demand, parts), key=self._cost)
            case c.Near(of, to):
                return min(self.demand(of), self.demand(to), key=self._cost)
            case c.Any(parts):
                return _one_of(map(self.demand, parts))
            case c.Count(part) | c.Beside(part) | c.OfReply(part):
                return self.demand(part)
        return None

    def mask(self, condition: Condition) -> int:
        """Gives it, and every condition inside it, the bits that wake it within a stretch of a text."""
        mask = self._mask(condition)
        self.masks[id(condition)] = mask
        return mask

    def needs(self, condition: Condition) -> Needs:
        """Of a condition that has its mask."""
        parts = condition.parts if isinstance(condition, c.All | c.InOrder) else (condition,)
        of_reply = {self.masks[id(part)] for part in parts}
        of_message = {self.masks[id(part.part)] for part in parts if isinstance(part, c.OfMessage)}
        return Needs(tuple(mask for mask in of_reply if not mask & ALWAYS), tuple(of_message))

    def _mask(self, condition: Condition) -> int:
        match condition:
            case c.InLexicon() | c.Pattern():
                return self._bit(self.demand(condition))
            case c.All(parts=parts) | c.InOrder(parts=parts):
                return self._most_telling(parts)
            case c.Near(of, to):
                return self._most_telling((of, to))
            case c.Any(parts):
                wakes = 0
                for part in parts:
                    wakes |= self.mask(part)
                return wakes
            case c.Count(part) | c.Beside(part):
                return self.mask(part)
            case c.Not(part) | c.OfMessage(part) | c.OfReply(part):
                self.mask(part)
        return ALWAYS

    def _most_telling(self, parts: Sequence[Condition]) -> int:
        masks = [self.mask(part) for part in parts]
        # What is asked of another text, or of the whole of this one, wakes nothing in a stretch of it.
        here = [number for number, mask in enumerate(masks) if not mask & ALWAYS]
        telling = min(here, key=lambda number: self._cost(self.demand(parts[number])), default=None)
        return ALWAYS if telling is None else masks[telling]

    def _bit(self, demand: Demand | None) -> int:
        if demand is None:
            return ALWAYS
        if demand not in self._own:
            self._own[demand] = 1 << self.free
            self.bits[demand] = self.bits.get(demand, 0) | self._own[demand]
            self.free += 1
        return self._own[demand]

    def _cost(self, demand: Demand | None) -> float:
        if demand is None:
            return inf
        return self._cost_of_needles(demand.needles) + sum(map(self._cost_of_lexicon, demand.lexicons))

    def _cost_of_needles(self, needles: Iterable[str]) -> float:
        return sum(map(self.commonness, needles))

    def _cost_of_lexicon(self, lexicon: str) -> float:
        if lexicon not in self._costs:
            terms = self.lexicons[lexicon].terms if lexicon in self.lexicons else ()
            self._costs[lexicon] = self._cost_of_needles(term.text for term in terms)
        return self._costs[lexicon]

    def wakes(self, always: int) -> Wakes:
        by_needle: dict[str, int] = {}
        by_lexicon: dict[str, int] = {}
        for demand, bits in self.bits.items():
            for needle in demand.needles:
                by_needle[needle] = by_needle.get(needle, 0) | bits
            for lexicon in demand.lexicons:
                by_lexicon[lexicon] = by_lexicon.get(lexicon, 0) | bits
        return Wakes(always, by_needle, by_lexicon)


def _one_of(demands: Iterable[Demand | None]) -> Demand | None:
    wanted = Demand()
    for demand in demands:
        if demand is None:
            return None
        wanted |= demand
    return wanted
