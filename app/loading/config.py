"""One TOML file, secret files over it, environment variables over both -> Settings.

Every problem is told at once, by file and line or by variable, and none quotes a secret.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.core.errors import ConfigError
from app.loading.overrides import (
    SECRETS_DIR,
    Merged,
    almost_settings,
    from_environment,
    from_secret_files,
    read_secret,
    variable_of,
)
from app.loading.positions import KeyPath, key_lines
from app.loading.setting_types import is_secret, keys_at, types_at
from app.loading.toml import parse_toml
from app.settings.whole import Settings, broken_names

ExtraCheck = Callable[[Settings], Sequence[str]]
"""Problems of valid settings, as lines of `dotted.path: what is wrong`."""

_TAGGED = ("channels", "bots")
"""Tables of several shapes: pydantic puts the shape's name behind the table's into an error's place."""


def load_settings(
    path: Path | None, environ: Mapping[str, str], extra_checks: Sequence[ExtraCheck] = ()
) -> Settings:
    """Raises ConfigError with a line for each problem: `file:line: key: what is wrong; remedy`.

    `path` None: everything comes from `environ`.
    """
    source = _read(path) if path else ""
    merged = Merged(parse_toml(path, source))
    merged.problems += almost_settings(environ)
    if folder := environ.get(SECRETS_DIR):
        overrides, problems = from_secret_files(Path(folder))
        merged.problems += problems
        for override in overrides:
            merged.place(override)
    for override in from_environment(environ):
        merged.place(override)
    if path:
        _beside(path, merged.tree, merged.origins)
    places = _Places(path, key_lines(source), merged.origins)
    unread = dict(_resolve_references(merged.tree, (), merged, environ))
    told = [_Problem(origin, 0, what) for origin, what in merged.problems]
    told += [places.problem(where, what) for where, what in unread.items()]
    settings = _validated(merged.tree, places, unread, told)
    for check in extra_checks:
        told += [places.problem_of(line) for line in check(settings)]
    _refuse(told)
    return settings


@dataclass(frozen=True, slots=True, order=True)
class _Problem:
    origin: str
    line: int
    what: str

    def __str__(self) -> str:
        if not self.what:  # it says itself where it is: a rule, a lexicon
            return self.origin
        return f"{self.origin}:{self.line}: {self.what}" if self.line else f"{self.origin}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Places:
    """Finds the place to be looked at for whatever is wrong at a path."""

    file: Path | None
    lines: Mapping[KeyPath, int]
    origins: Mapping[tuple[str, ...], str]

    def problem(self, path: KeyPath, what: str) -> _Problem:
        origin, line = self._find(path)
        named = ".".join(str(step) for step in path)
        return _Problem(origin, line, f"{named}: {what}" if named else what)

    def problem_of(self, line: str) -> _Problem:
        """`channels.hall.bot: what is wrong`, as settings and extra checks say it."""
        named, _, what = line.partition(": ")
        path = tuple(named.split("."))
        return self.problem(path, what) if path[0] in keys_at(()) else _Problem(line, 0, "")

    def _find(self, path: KeyPath) -> tuple[str, int]:
        for end in range(len(path), 0, -1):
            part = path[:end]
            if part in self.origins:
                return self.origins[tuple(str(step) for step in part)], 0
            if part in self.lines:
                return str(self.file), self.lines[part]
        return (str(self.file), 0) if self.file else ("environment", 0)


def _refuse(problems: Sequence[_Problem]) -> None:
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(str(one) for one in sorted(problems))))


# --- reading ----------------------------------------------------------------------------------


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{path}: the configuration cannot be read: {error.strerror}; name it with --config"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8, at byte {error.start}; save it as UTF-8") from None


def _beside(path: Path, tree: Mapping[str, Any], origins: Collection[tuple[str, ...]]) -> None:
    """Lists of facts lie where the file says, seen from the file's own folder."""
    channels = tree.get("channels")
    for name, channel in channels.items() if isinstance(channels, dict) else ():
        named = isinstance(channel, dict) and channel.get("facts")
        if isinstance(named, str) and ("channels", name, "facts") not in origins:
            channel["facts"] = str(path.parent / named)


def _resolve_references(
    value: Any, path: tuple[str, ...], merged: Merged, environ: Mapping[str, str]
) -> Iterator[tuple[KeyPath, str]]:
    """Put secrets in the place of the file's `file:PATH` and `env:NAME`; yields what cannot be read."""
    for key, below in list(value.items()):
        here = (*path, key)
        if isinstance(below, dict):
            yield from _resolve_references(below, here, merged, environ)
        elif isinstance(below, str) and here not in merged.origins and is_secret(here):
            try:
                value[key] = _referred(below, environ)
            except ValueError as error:
                yield here, str(error)


def _referred(text: str, environ: Mapping[str, str]) -> str:
    """Raises ValueError."""
    kind, _, rest = text.partition(":")
    if kind == "file":
        try:
            return read_secret(Path(rest))
        except ValueError as error:
            raise ValueError(f"{rest}: {error}") from error
    if kind == "env":
        if rest not in environ:
            raise ValueError(f"the environment has no variable {rest}; set it, or name another")
        return environ[rest]
    return text


# --- judging ----------------------------------------------------------------------------------


def _validated(
    tree: Mapping[str, Any], places: _Places, unread: Mapping[KeyPath, str], told: list[_Problem]
) -> Settings:
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        for one in error.errors():
            path = _path_of(one, tree)
            if not path and one["type"] == "value_error":
                told += [places.problem_of(line) for line in str(one["ctx"]["error"]).splitlines()]
            elif path not in unread:  # its reference is no value to be judged
                told.append(places.problem(path, _said(one, path)))
        told += [places.problem_of(line) for line in _broken_names(tree)]
        _refuse(told)
        raise
    return settings


def _path_of(error: ErrorDetails, tree: Mapping[str, Any]) -> KeyPath:
    """The error's place as a reader of the file knows it: pydantic's also names shapes and alternatives."""
    location = error["loc"]
    tagged = len(location) > 2 and location[0] in _TAGGED
    path = location[:2] + location[3:] if tagged else location
    here: Any = tree
    for depth, step in enumerate(path):
        if not isinstance(here, dict | list) or step == "[key]":
            return path[:depth]
        here = here.get(step) if isinstance(here, dict) else here[int(step)]
    return path


def _said(error: ErrorDetails, path: KeyPath) -> str:
    """What is wrong and what to do, without the value of a secret."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"is missing; add it to the file (--config), or set {variable_of(path)}"
        case "extra_forbidden":
            tag = str(error["loc"][2]) if error["loc"][0] in _TAGGED else ""
            return _unknown_key(str(path[-1]), keys_at(path[:-1], tag))
        case "union_tag_not_found" | "union_tag_invalid":
            key = str(context["discriminator"]).strip("'")
            return f"{key} must say what it is: one of {', '.join(_shapes(path, key))}"
        case "string_pattern_mismatch" if error["loc"][-1] == "[key]":
            return "a name has lower-case letters, digits and hyphens, at most 40; rename it"
        case "tuple_type":
            return 'expected a list, like ["..."]'
        case "too_short":
            return "is empty; fill it in"
        case "value_error":
            return str(context["error"])
    return error["msg"][0].lower() + error["msg"][1:] + _found(error["input"], path)


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = get_close_matches(key.lower().replace("-", "_"), known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; known: {', '.join(known)}"


def _shapes(path: KeyPath, key: str) -> list[str]:
    shapes = [model.model_fields[key].annotation for model in types_at(path)]
    return [f'"{tag}"' for shape in shapes for tag in shape.__args__]


def _found(value: object, path: KeyPath) -> str:
    """What stood there, for numbers: a text may be a secret that was put in the wrong place."""
    return f"; found {value}" if isinstance(value, int | float) and not is_secret(path) else ""


def _broken_names(tree: Mapping[str, Any]) -> Sequence[str]:
    """References between tables, from values that are not all valid: so that one run tells everything."""
    bots, channels = tree.get("bots"), tree.get("channels")
    policies = tree.get("policies", {"default": {}})
    if not (isinstance(bots, dict) and isinstance(channels, dict) and isinstance(policies, dict)):
        return ()
    wanted = {
        name: (str(channel["bot"]), str(channel.get("policy", "default")))
        for name, channel in channels.items()
        if isinstance(channel, dict) and "bot" in channel
    }
    return broken_names(wanted, bots, policies)
