"""Where the words of a text begin and end, worked out only around what was found."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

_RUN = re.compile(r"[\u4e00-\u9fd5a-zA-Z0-9+#&._%\-]+")
"""jieba cuts each of these runs by itself (its `re_han_default`): one cut alone is cut the same way."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word the segmenter cut; `known`: it stands in its dictionary."""

    start: int
    end: int
    known: bool


Cut = Callable[[str], Sequence[Token]]


@dataclass
class Words:
    text: str
    cut: Cut

    @cached_property
    def _runs(self) -> list[tuple[int, int]]:
        return [match.span() for match in _RUN.finditer(self.text)]

    @cached_property
    def _cut_runs(self) -> dict[int, tuple[Sequence[Token], frozenset[int]]]:
        """By the start of a run: its words, and where in the text one ends and the next begins."""
        return {}

    def are(self, start: int, end: int) -> bool:
        """Whether the range begins where a word begins, and ends where one ends."""
        return self._edge(start) and self._edge(end)

    def reach_into(self, start: int, end: int) -> bool:
        """Whether a word of two or more characters from the dictionary has a part in the range."""
        return any(
            token.known and token.end - token.start > 1 and token.start < end and token.end > start
            for token in self.within(start, end)
        )

    def within(self, start: int, end: int) -> list[Token]:
        """The words of every run that has a part in the range."""
        return [
            token
            for first, last in self._runs
            if first < end and last > start
            for token in self._words(first, last)[0]
        ]

    def _edge(self, position: int) -> bool:
        at = bisect_right(self._runs, (position, len(self.text) + 1)) - 1
        if at < 0:
            return True
        first, last = self._runs[at]
        return position >= last or position in self._words(first, last)[1]

    def _words(self, first: int, last: int) -> tuple[Sequence[Token], frozenset[int]]:
        known = self._cut_runs.get(first)
        if known is None:
            tokens = [
                Token(first + token.start, first + token.end, token.known)
                for token in self.cut(self.text[first:last])
            ]
            known = self._cut_runs[first] = tokens, frozenset(token.start for token in tokens)
        return known
