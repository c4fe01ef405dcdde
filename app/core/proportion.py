"""A share of hits, with how far chance may have moved it."""

from dataclasses import dataclass
from math import sqrt

NORMAL_DEVIATE = 1.959964
"""Of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A share from 0 to 1, and the bounds between which it lies with a confidence of 95 %."""

    value: float
    low: float
    high: float


def wilson(hits: int, total: int) -> Figure | None:
    """The share of hits with Wilson's score interval; None: there is nothing to measure.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if not total:
        return None
    share, square = hits / total, NORMAL_DEVIATE**2
    middle = share + square / (2 * total)
    reach = NORMAL_DEVIATE * sqrt(share * (1 - share) / total + square / (4 * total**2))
    low, high = ((middle + sign * reach) / (1 + square / total) for sign in (-1, 1))
    return Figure(share, max(0.0, min(low, share)), min(1.0, max(high, share)))
