"""Settings from outside the file: secret files, then environment variables, each with its name for errors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.loading.setting_types import is_free_table, is_list, keys_at

PREFIX = "SHENYAN_"
NESTING = "__"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
MAX_SECRET_BYTES = 65_536

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Override:
    origin: str
    """The variable or file, as an error names it."""
    keys: Steps
    """As spelled there: case is free, and `_` stands for the `-` of a name."""
    text: str


@dataclass(slots=True)
class Merged:
    """The settings' values before they are judged, and who set what."""

    tree: dict[str, Any]
    origins: dict[Steps, str] = field(default_factory=dict)
    """For what came from outside the file."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(origin, what is wrong)"""

    def place(self, override: Override) -> None:
        """Put the value where it belongs, over what the file says."""
        table, path = self.tree, Steps()
        for step in override.keys[:-1]:
            path = (*path, _spelled(path, step, table))
            if path[-1] not in table:
                table[path[-1]] = {}
                self.origins[path] = override.origin
            table = table[path[-1]]
            if not isinstance(table, dict):
                self.problems.append((override.origin, f"{'.'.join(path)} is a value, not a table"))
                return
        path = (*path, _spelled(path, override.keys[-1], table))
        try:
            table[path[-1]] = _value(path, override.text)
        except ValueError:
            self.problems.append((override.origin, f"{'.'.join(path)}: expected JSON"))
        self.origins[path] = override.origin


def variable_of(path: tuple[str | int, ...]) -> str:
    """The environment variable that sets what stands at `path`."""
    return PREFIX + NESTING.join(str(step).upper().replace("-", "_") for step in path)


def from_environment(environ: Mapping[str, str]) -> Iterator[Override]:
    """Every variable with two levels or more; in order, so that the result is always the same."""
    for name in sorted(environ):
        rest = name[len(PREFIX) :]
        if name.upper().startswith(PREFIX) and NESTING in rest:
            yield Override(name, tuple(rest.split(NESTING)), environ[name])


def almost_settings(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(variable, what is wrong) for names with one underscore where two were meant.

    Other names with our prefix are none of ours: Kubernetes makes SHENYAN_SERVICE_HOST and its like.
    """
    for name in sorted(environ):
        rest = name[len(PREFIX) :].lower()
        if not name.upper().startswith(PREFIX) or NESTING in rest:
            continue
        for section in keys_at(()):
            key = rest.removeprefix(f"{section}_")
            if key != rest and (key in keys_at((section,)) or is_free_table((section,))):
                wanted = f"{PREFIX}{section.upper()}{NESTING}"
                yield name, f"levels are separated by two underscores; did you mean {wanted}...?"


def from_secret_files(folder: Path) -> tuple[list[Override], list[tuple[str, str]]]:
    """One override for each file whose name has two levels (channels__hall__token), and the problems.

    Folders, hidden files and other people's secrets beside them are passed by.
    """
    try:
        files = [one for one in sorted(folder.iterdir()) if NESTING in one.name and one.name[0] != "."]
    except OSError as error:
        return [], [(SECRETS_DIR, f"the folder {folder} cannot be read: {error.strerror}")]
    overrides, problems = [], []
    for file in files:
        try:
            if file.is_file():
                overrides.append(Override(str(file), tuple(file.name.split(NESTING)), read_secret(file)))
        except ValueError as error:
            problems.append((str(file), str(error)))
    return overrides, problems


def read_secret(file: Path) -> str:
    """The file's text without the line end that editors add. Raises ValueError, quoting nothing of it."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from error
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError(f"the file is larger than {MAX_SECRET_BYTES} bytes; it should hold one secret")
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8") from None


def _spelled(path: Steps, step: str, table: Mapping[str, Any]) -> str:
    """The key that `step` means here: one that is there already, else the usual spelling."""
    if not is_free_table(path):
        return step.lower()
    wanted = step.lower().replace("_", "-")
    return next((key for key in table if key.lower().replace("_", "-") == wanted), wanted)


def _value(path: Steps, text: str) -> object:
    """Text as it is; lists as JSON or separated by commas; tables as JSON. Raises ValueError."""
    if is_list(path) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    if is_list(path) or (is_free_table(path) and text.lstrip().startswith("{")):
        return json.loads(text)
    return text
