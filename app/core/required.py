"""What a text must hold for a pattern to match anywhere in it: far cheaper to look for than the pattern.

Most patterns of most rules cannot match an ordinary reply, since a character they all need is not in it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

# The standard library's own reading of patterns. It is private, so whatever it says that is not known here
# is taken to demand nothing: the pattern is then simply always asked.
_PARSER: Any = import_module("re._parser")

Needs = tuple[frozenset[str], ...]
"""The text must have a character of each of these sets; empty: nothing is known."""

_COMMON = frozenset("您你我们好请的可以不能会要到在是有一个为了也就都把给对和与及或这那该上下中前后,。 ")
"""Characters of nearly every reply: a need that one of these meets tells little."""

_MOST_SETS = 4
_WIDEST_RANGE = 64


def needs_of(pattern: re.Pattern[str]) -> Needs:
    """Sets of characters, the most telling first. Never demands what a match could do without."""
    if pattern.flags & re.IGNORECASE:
        return ()
    found = set(_of_sequence(_PARSER.parse(pattern.pattern, pattern.flags)))
    return tuple(sorted(found, key=_telling)[:_MOST_SETS])


def met(needs: Needs, characters: frozenset[str]) -> bool:
    return not any(map(characters.isdisjoint, needs))


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> Iterator[frozenset[str]]:
    """What each item of a sequence demands: all of it must be there."""
    for operator, argument in items:
        match str(operator):
            case "LITERAL":
                yield frozenset((chr(argument),))
            case "IN":
                yield from _of_class(argument)
            case "SUBPATTERN":
                _, added, dropped, inner = argument
                if not added and not dropped:
                    yield from _of_sequence(inner)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, inner = argument
                if least > 0:
                    yield from _of_sequence(inner)
            case "BRANCH":
                yield from _of_branches(argument[1])


def _of_branches(branches: Sequence[Any]) -> Iterator[frozenset[str]]:
    """One branch matches: a character of the most telling demand of any must be there, if each has one."""
    wanted = [min(_of_sequence(branch), key=_telling, default=frozenset[str]()) for branch in branches]
    if all(wanted):
        yield frozenset[str]().union(*wanted)


def _telling(characters: frozenset[str]) -> tuple[bool, int, str]:
    """Sorts sets that ordinary replies seldom meet first."""
    return not characters.isdisjoint(_COMMON), len(characters), min(characters)


def _of_class(members: Sequence[tuple[Any, Any]]) -> Iterator[frozenset[str]]:
    characters: set[str] = set()
    for operator, argument in members:
        match str(operator):
            case "LITERAL":
                characters.add(chr(argument))
            case "RANGE" if argument[1] - argument[0] < _WIDEST_RANGE:
                characters.update(map(chr, range(argument[0], argument[1] + 1)))
            case _:
                return  # everything but these, or a class like \d: too wide to tell anything
    yield frozenset(characters)
