"""Where a key stands in a TOML text, so that an error can name its line."""

import re
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*\[\[?\s*(?P<path>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*(?P<path>(?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=(?P<rest>.*)$"""
)
_STEP = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\.?""")
_LONG_QUOTES = ('"' * 3, "'" * 3)


class TomlLines:
    """The lines of every table and key, from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        closing = ""
        for number, line in enumerate(text.splitlines(), 1):
            if closing:  # inside a string of several lines
                closing = "" if closing in line else closing
                continue
            if match := _TABLE.match(line):
                table = _steps(match["path"])
                self._note(table, number)
            elif match := _KEY.match(line):
                self._note((*table, *_steps(match["path"])), number)
                closing = _left_open(match["rest"])

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of the key at `path`, or of its nearest parent; 0 where none is known."""
        steps = tuple(str(step) for step in path)
        for length in range(len(steps), 0, -1):
            if steps[:length] in self._lines:
                return self._lines[steps[:length]]
        return 0

    def _note(self, path: tuple[str, ...], number: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], number)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(next(group for group in match if group) for match in _STEP.findall(path) if any(match))


def _left_open(rest: str) -> str:
    """The quotes that end a string begun here and not ended here."""
    for quotes in _LONG_QUOTES:
        if rest.count(quotes) == 1:
            return quotes
    return ""
