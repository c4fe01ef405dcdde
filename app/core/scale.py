"""Scales of wording: how near a sentence stands to a kind of writing, by the short strings in it.

The strings stand in the automaton beside the terms, so one pass finds both, without cutting words. The
weights are those of a logistic regression over which strings stand in a sentence, learnt from the corpus:
0 is half way, above it the sentence is more likely of the kind the scale is named after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

UNIT = 100
"""Weights are written as whole hundredths."""


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    bias: int = 0
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scales:
    """All scales side by side, in the order of `names`."""

    names: tuple[str, ...] = ()
    bias: tuple[int, ...] = ()
    weights: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By string: its weight on each scale."""

    @classmethod
    def of(cls, scales: Sequence[Scale]) -> "Scales":
        strings = sorted({string for scale in scales for string in scale.weights})
        return cls(
            tuple(scale.name for scale in scales),
            tuple(scale.bias for scale in scales),
            {string: tuple(scale.weights.get(string, 0) for scale in scales) for string in strings},
        )

    def readings(self, weights: Iterable[tuple[int, ...]]) -> tuple[float, ...]:
        """On each scale, of a stretch that holds strings of these weights, each given once."""
        return tuple(sum(column) / UNIT for column in zip(self.bias, *weights, strict=True))
