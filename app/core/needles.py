"""Strings of which one must stand in a text for a pattern to match in it: far cheaper to look for.

All needles of all patterns are found in the one pass that finds the terms, so a pattern is asked only where
it could hold. The method is RE2's prefilter, and Google's code search's: exact sets while they stay few,
the most telling set of a sequence, the union over branches.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any

# The standard library's own reading of patterns. It is private, so whatever it says that is not known here
# is taken to demand nothing: the pattern is then simply always asked.
_PARSER: Any = import_module("re._parser")

Needles = frozenset[str]
Cost = Callable[[Needles], float]
"""How many of these stand in an ordinary reply: the smaller, the more telling."""

_MOST_EXACT = 96
_MOST_IN_CLASS = 48
_LONGEST = 8
_ZERO_WIDTH = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_EMPTY = frozenset({""})


@dataclass(frozen=True, slots=True)
class _Demand:
    """`exact`: every string it can match, if they are few. `needles`: what a match must hold, if known."""

    exact: Needles | None
    needles: Needles | None = None


_ANYTHING = _Demand(None)


def needles_of(pattern: re.Pattern[str], cost: Cost) -> Needles | None:
    """None: nothing is known. Never demands what a match could do without."""
    if pattern.flags & re.IGNORECASE:
        return None
    return _best(_of_sequence(_PARSER.parse(pattern.pattern, pattern.flags), cost), cost)


def _best(demand: _Demand, cost: Cost) -> Needles | None:
    return _cheaper(_as_needles(demand.exact), demand.needles, cost)


def _as_needles(exact: Needles | None) -> Needles | None:
    """Strings that stand in another's match need not be looked for twice."""
    if exact is None or "" in exact:
        return None
    return frozenset(one for one in exact if not any(other != one and other in one for other in exact))


def _cheaper(one: Needles | None, other: Needles | None, cost: Cost) -> Needles | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other, key=cost)


def _of_sequence(items: Iterable[tuple[Any, Any]], cost: Cost) -> _Demand:
    """All of it must be there: exact strings grow as long as they stay few, and the best of all counts."""
    running: Needles = _EMPTY
    best: Needles | None = None
    whole = True
    for operator, argument in items:
        demand = _of_item(str(operator), argument, cost)
        joined = _joined(running, demand.exact)
        if joined is not None:
            running = joined
            continue
        whole = False
        best = _cheaper(best, _as_needles(running), cost)
        if demand.exact is None:
            best = _cheaper(best, demand.needles, cost)
            running = _EMPTY
        else:
            running = demand.exact
    if whole:
        return _Demand(running)
    return _Demand(None, _cheaper(best, _as_needles(running), cost))


def _joined(before: Needles, after: Needles | None) -> Needles | None:
    if after is None or len(before) * len(after) > _MOST_EXACT:
        return None
    if after == _EMPTY:
        return before
    if max(map(len, before)) + max(map(len, after)) > _LONGEST:
        return None
    return frozenset(map("".join, product(before, after)))


def _of_item(operator: str, argument: Any, cost: Cost) -> _Demand:
    if operator == "LITERAL":
        return _Demand(frozenset((chr(argument),)))
    if operator == "IN":
        return _of_class(argument)
    if operator in _ZERO_WIDTH:
        return _Demand(_EMPTY)
    if operator == "BRANCH":
        return _of_branches(argument[1], cost)
    if operator == "SUBPATTERN":
        _, added, dropped, inner = argument
        return _ANYTHING if added or dropped else _of_sequence(inner, cost)
    if operator in _REPEATS:
        least, most, inner = argument
        return _of_repeat(least, most, inner, cost)
    return _ANYTHING


def _of_repeat(least: int, most: Any, inner: Iterable[tuple[Any, Any]], cost: Cost) -> _Demand:
    demand = _of_sequence(inner, cost)
    if most == 1 and demand.exact is not None:
        return _Demand(demand.exact if least else demand.exact | _EMPTY)
    return _Demand(None, _best(demand, cost)) if least else _ANYTHING


def _of_branches(branches: Sequence[Any], cost: Cost) -> _Demand:
    """One branch matches: one of the most telling demands of all, if each has one."""
    demands = [_of_sequence(branch, cost) for branch in branches]
    exact = [demand.exact for demand in demands]
    if sum(len(one) if one is not None else _MOST_EXACT + 1 for one in exact) <= _MOST_EXACT:
        return _Demand(frozenset().union(*(one for one in exact if one is not None)))
    wanted = [_best(demand, cost) for demand in demands]
    if any(one is None for one in wanted):
        return _ANYTHING
    return _Demand(None, _as_needles(frozenset().union(*(one for one in wanted if one is not None))))


def _of_class(members: Sequence[tuple[Any, Any]]) -> _Demand:
    characters: set[str] = set()
    for operator, argument in members:
        match str(operator):
            case "LITERAL":
                characters.add(chr(argument))
            case "RANGE" if argument[1] - argument[0] < _MOST_IN_CLASS:
                characters.update(map(chr, range(argument[0], argument[1] + 1)))
            case _:
                return _ANYTHING  # everything but these, or a class like \d: too wide to tell anything
    return _Demand(frozenset(characters)) if len(characters) <= _MOST_IN_CLASS else _ANYTHING
