"""Scales of wording: how near a sentence stands to a kind of writing, by its letters and pairs of letters.

The weights are those of a logistic regression over which of these strings stand in a sentence, learnt from
the corpus: 0 is half way, above it the sentence is more likely of the kind the scale is named after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import repeat
from operator import add

UNIT = 100
"""Weights are written as whole hundredths."""
LONGEST_STRING = 2
_BITS = 32
_HALF = 1 << (_BITS - 1)


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    bias: int = 0
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scales:
    """All scales side by side, in the order of `names`.

    The weights of one string are kept in one whole number, a stretch of bits for each scale, so that one sum,
    which the interpreter does in C, reads them all: a third of the time of a sum for each.
    """

    names: tuple[str, ...] = ()
    bias: int = 0
    weights: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, scales: Sequence[Scale]) -> "Scales":
        """Raises ValueError where strings are too long, or weights so large that they would run together."""
        strings = sorted({string for scale in scales for string in scale.weights})
        for scale in scales:
            if sum(map(abs, scale.weights.values())) + abs(scale.bias) >= _HALF:
                raise ValueError(f"expected weights that add up to less than {_HALF}, found more")
        for string in strings:
            if len(string) > LONGEST_STRING:
                raise ValueError(f"expected at most {LONGEST_STRING} letters, found {string!r}")
        return cls(
            tuple(scale.name for scale in scales),
            _side_by_side([scale.bias for scale in scales]),
            {string: _side_by_side([scale.weights.get(string, 0) for scale in scales]) for string in strings},
        )

    def readings(self, text: str) -> Mapping[str, float]:
        """Of a sentence, by scale. Each string counts once, however often it stands there."""
        strings = set(text)
        strings.update(map(add, text, text[1:]))
        total = sum(map(self.weights.get, strings, repeat(0)), self.bias)
        readings = {}
        for name in self.names:
            lowest = ((total + _HALF) & ((1 << _BITS) - 1)) - _HALF
            readings[name] = lowest / UNIT
            total = (total - lowest) >> _BITS
        return readings


def _side_by_side(numbers: Sequence[int]) -> int:
    """The first in the lowest bits."""
    return reduce(lambda so_far, number: (so_far << _BITS) + number, reversed(numbers), 0)
