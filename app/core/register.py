"""How far a wording is from that of proper replies: weights of short strings, learnt from the corpus.

The strings stand in the automaton beside the terms, so that one pass finds both and no text is cut into words
for it. The weights are those of a logistic regression over which strings stand in a sentence: above 0 means
more private talk than official writing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

UNIT = 100
"""Weights are written as whole hundredths."""


@dataclass(frozen=True, slots=True)
class Register:
    bias: int = -10 * UNIT
    weights: Mapping[str, int] = field(default_factory=dict)

    def distance(self, weights: Iterable[int]) -> float:
        """Of a stretch with strings of these weights, each counted once; 0 is half way between the two."""
        return (self.bias + sum(weights)) / UNIT
