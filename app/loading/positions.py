"""Where a TOML document says what: the line of every key and array item, for errors that point at it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys and array indexes from the root of a document to a value."""

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INDENT = re.compile(r"[ \t]*")


def key_lines(source: str) -> Mapping[KeyPath, int]:
    """The line, from 1, of each key and array item. `source` is valid TOML: tomllib has read it."""
    walk = _Walk(source)
    walk.document()
    return walk.lines


@dataclass(slots=True)
class _Walk:
    """One pass over the source. It reads shapes alone; what values mean is tomllib's to say."""

    source: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    _at: int = 0
    _line: int = 1
    _table_counts: dict[KeyPath, int] = field(default_factory=dict)
    """How many [[tables]] an array has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        self._take(_BLANK)
        while self._at < len(self.source):
            if self._next_is("["):
                table = self._header()
            else:
                self._pair(table)
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        array = self.source.startswith("[[", self._at)
        self._at += 2 if array else 1
        line = self._line
        keys = self._key()
        self._at += 2 if array else 1
        table: KeyPath = ()
        for key in keys[:-1]:
            table = self._newest((*table, key))
            self.lines.setdefault(table, line)
        table = (*table, keys[-1])
        self.lines.setdefault(table, line)
        if array:
            self._table_counts[table] = self._table_counts.get(table, 0) + 1
        table = self._newest(table)
        self.lines[table] = line
        return table

    def _newest(self, table: KeyPath) -> KeyPath:
        """A header below an array of tables speaks of its last one."""
        count = self._table_counts.get(table, 0)
        return (*table, count - 1) if count else table

    def _pair(self, table: KeyPath) -> None:
        line = self._line
        path = table
        for key in self._key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._at += 1  # =
        self._take(_INDENT)
        self._value(path)

    def _key(self) -> list[str]:
        """A key with its dots; leaves the position behind the blanks that follow it."""
        keys = []
        while True:
            self._take(_INDENT)
            if self._next_is('"') or self._next_is("'"):
                keys.append(str(tomllib.loads(f"key = {self._take(_STRING)}")["key"]))
            else:
                keys.append(self._take(_BARE_KEY))
            self._take(_INDENT)
            if not self._next_is("."):
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        if self._next_is("["):
            self._array(path)
        elif self._next_is("{"):
            self._inline_table(path)
        elif self._next_is('"') or self._next_is("'"):
            self._take(_STRING)
        else:
            self._take(_BARE_VALUE)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._step_in()
        while not self._next_is("]"):
            self.lines[(*path, index)] = self._line
            self._value((*path, index))
            index += 1
            self._step_on()
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._step_in()
        while not self._next_is("}"):
            self._pair(path)
            self._step_on()
        self._at += 1

    def _step_in(self) -> None:
        self._at += 1
        self._take(_BLANK)

    def _step_on(self) -> None:
        """Past a comma, where there is one, and the blanks around it."""
        self._take(_BLANK)
        if self._next_is(","):
            self._step_in()

    def _next_is(self, character: str) -> bool:
        return self.source.startswith(character, self._at)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.source, self._at)
        if match is None:
            raise ValueError(f"not the TOML that was read, at line {self._line}")
        self._at = match.end()
        self._line += match.group().count("\n")
        return match.group()
