"""A message made ready for extraction: one character stays one character, so places in it stay places."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Tagger = Callable[[str], Sequence[tuple[str, str]]]
"""The words of a text in order, none left out, each with its part of speech as jieba names them."""

MOST_CHARACTERS = 4_000
"""As much of a message is read: more than a platform lets a citizen write, and bounded for what is forged."""

_EVEN = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1B), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
"""Wide digits, letters and the colon."""
_BREAK = re.compile(r"[，。！？；,!?;…~～\s]+")


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    text: str
    flag: str


@dataclass(frozen=True, slots=True)
class Reading:
    text: str
    words: tuple[Word, ...]
    clauses: tuple[tuple[int, int], ...]
    """What stands between marks and spaces; none is empty."""
    _word_starts: tuple[int, ...]
    _clause_starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str, tag: Tagger) -> "Reading":
        even = text[:MOST_CHARACTERS].translate(_EVEN)
        words: list[Word] = []
        at = 0
        for word, flag in tag(even):
            words.append(Word(at, at + len(word), word, flag))
            at += len(word)
        clauses = tuple(_between(even, _BREAK))
        return cls(
            even, tuple(words), clauses, tuple(one.start for one in words), tuple(one[0] for one in clauses)
        )

    def word_index(self, position: int) -> int:
        """Of the word that covers the position; -1: there is none."""
        return bisect_right(self._word_starts, position) - 1

    def word_at(self, position: int) -> Word | None:
        """The word that covers the position."""
        index = self.word_index(position)
        return self.words[index] if index >= 0 and position < self.words[index].end else None

    def starts_word(self, position: int) -> bool:
        index = self.word_index(position)
        return index >= 0 and self.words[index].start == position

    def ends_word(self, position: int) -> bool:
        index = self.word_index(position - 1)
        return index >= 0 and self.words[index].end == position

    def before(self, position: int) -> Iterator[Word]:
        """The words that end at or before the position, the nearest first."""
        index = self.word_index(position - 1)
        if index >= 0 and self.words[index].end > position:
            index -= 1
        while index >= 0:
            yield self.words[index]
            index -= 1

    def clause_at(self, position: int) -> tuple[int, int]:
        """The clause that covers the position; an empty one where it is a mark."""
        index = bisect_right(self._clause_starts, position) - 1
        if index >= 0 and position < self.clauses[index][1]:
            return self.clauses[index]
        return position, position


def _between(text: str, marks: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for mark in marks.finditer(text):
        if start < mark.start():
            yield start, mark.start()
        start = mark.end()
    if start < len(text):
        yield start, len(text)
