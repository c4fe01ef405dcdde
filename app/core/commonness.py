"""How often a string stands in ordinary replies, estimated from letters and pairs of letters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Commonness:
    replies: int
    holding: Mapping[str, int]
    """In how many of them each letter, and each pair of letters, stands."""

    def of(self, text: str) -> float:
        """From 0 to 1; what was never met counts as half a reply."""
        grams = grams_of(text) if len(text) > 1 else {text}
        return min(self.holding.get(gram, 0.5) for gram in grams) / (self.replies + 1)


def grams_of(text: str) -> set[str]:
    """The pairs of letters that follow each other."""
    return {one + other for one, other in pairwise(text)}


def count(replies: Iterable[str]) -> Commonness:
    """Of folded replies."""
    holding: dict[str, int] = {}
    total = 0
    for reply in replies:
        total += 1
        for gram in grams_of(reply) | set(reply):
            holding[gram] = holding.get(gram, 0) + 1
    return Commonness(total, holding)
