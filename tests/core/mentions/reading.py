"""What a kind finds in a text as people write it."""

from collections.abc import Callable, Iterator

from app.core.mentions.mention import Mention
from app.core.mentions.numerals import as_digits
from tests.core.judging import folder

Find = Callable[[str], Iterator[Mention]]


def plain(text: str) -> str:
    """As the kinds are given it."""
    return as_digits(folder().fold(text).text)


def keys(find: Find, text: str) -> list[str]:
    return [mention.key for mention in find(plain(text))]
