"""One checkable thing in a text, whatever its kind."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

HAN = "㐀-䶿一-鿿"

_NAME = re.compile(f"[{HAN}]{{1,16}}\\Z")
"""Longer than any name of a street or an issuing office: what is read to the left of a number is bounded."""
_NAME_CHARACTERS = 16
_SHOWN_CHARACTERS = 6
"""How much of it a span shows."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A range of a folded text and what it comes to, whichever way it is written."""

    key: str
    start: int
    end: int


class Known(Protocol):
    """What a list says of one kind."""

    def covers(self, key: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind is found and compared. Texts are folded; every step takes time linear in them."""

    find: Callable[[str], Iterator[Mention]]
    listed: Callable[[str], tuple[str, ...]]
    """The keys of one value of a list; none: it is no such thing."""
    said: Callable[[str], Iterable[str]]
    """The keys of all that a citizen's message may have meant."""
    known: Callable[[Iterable[str]], Known]


def name_before(text: str, end: int) -> str:
    """The Han characters that stand right before `end`, at most 16.

    Nothing says where a name begins in a sentence (`请到和平路`): `KnownNames` looks at every beginning.
    """
    found = _NAME.search(text, max(0, end - _NAME_CHARACTERS), end)
    return found[0] if found else ""


def named(text: str, start: int, end: int, number: str) -> Mention:
    """A number at `start` to `end` that comes to `number`, with the name before it."""
    name = name_before(text, start)
    return Mention(f"{name}|{number}", start - min(len(name), _SHOWN_CHARACTERS), end)


def every_name(keys: Iterable[str]) -> Iterator[str]:
    """The keys for every place in a sentence where the name may begin."""
    for key in keys:
        name, _, number = key.partition("|")
        yield from (f"{name[start:]}|{number}" for start in range(max(1, len(name) - 1)))


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names with a number behind: `和平路|12号`. A sentence may run on before the name."""

    names: frozenset[str]
    numbers: frozenset[str]
    """What stands behind the bar, for texts that leave the name out."""
    another_before: str = ""
    """Characters that make another name of a listed one: 北 before 和平路."""

    @classmethod
    def of(cls, keys: Iterable[str], another_before: str = "") -> "KnownNames":
        names = frozenset(keys)
        return cls(names, frozenset(key.partition("|")[2] for key in names), another_before)

    def covers(self, key: str) -> bool:
        name, _, number = key.partition("|")
        if not name:
            return number in self.numbers
        return any(
            f"{name[start:]}|{number}" in self.names
            and (start == 0 or name[start - 1] not in self.another_before)
            for start in range(len(name))
        )
