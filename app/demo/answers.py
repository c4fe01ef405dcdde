"""A passive answer as a platform understood it, or that it did not."""

from dataclasses import dataclass


class Abnormal(ValueError):
    """An answer the platform does not take."""


@dataclass(frozen=True, slots=True)
class PassiveAnswer:
    kind: str
    """The platform's name of it: text, news, articles, ..."""
    text: str
    """All that can be read in it, a line for each piece."""
