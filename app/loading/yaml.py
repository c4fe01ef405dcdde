"""YAML 1.2 with line numbers; duplicate keys are refused, `no` and `010` are words.

Scanned and parsed by libyaml: 250 files of rules take a tenth of the time that Python would need for them.
"""

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from app.loading.problems import Problem

DEEPEST = 50
"""Lists and mappings within each other; our own files have a dozen at most."""


class _Mapping(dict[Hashable, Any]):
    lines: dict[Hashable, int]
    """From 1, where each key stands."""


class _List(list[Any]):
    lines: list[int]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # whichever there is
    """YAML 1.2's core schema, but that `010` is a word; PyYAML alone reads 1.1: `no` false, 1:30 ninety."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # as its base has it


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?<=[0-9])[eE][-+]?[0-9]+)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def _mapping(loader: Any, node: MappingNode) -> _Mapping:
    made = _Mapping()
    made.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise ConstructorError(None, None, "a list or a mapping is no key", key_node.start_mark)
        if key in made:
            raise ConstructorError(None, None, f"found duplicate key {key!r}", key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
        made.lines[key] = key_node.start_mark.line + 1
    return made


def _list(loader: Any, node: SequenceNode) -> _List:
    made = _List(loader.construct_object(one, deep=True) for one in node.value)
    made.lines = [one.start_mark.line + 1 for one in node.value]
    return made


def _number(_: Any, node: ScalarNode) -> int | float:
    text: str = node.value
    return int(text) if node.tag.endswith("int") else float(text)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _list)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def read_yaml(file: Path) -> tuple[Any, Sequence[Problem]]:
    """The document (mappings and lists that know their lines), and what is wrong with it."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        return None, [Problem(file, 0, f"expected UTF-8, found another byte at {error.start}")]
    try:
        _require_shallow(text)
        return yaml.load(text, _Loader), ()  # noqa: S506  # it makes plain values only
    except yaml.MarkedYAMLError as error:
        mark, last = error.problem_mark, len(text.splitlines())
        line = min(mark.line + 1, last) if mark else 0  # what ends too early is found after the last line
        return None, [Problem(file, line, f"not YAML: {error.problem}")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [Problem(file, 0, f"not YAML: {error}")]


def _require_shallow(text: str) -> None:
    """Raises MarkedYAMLError. libyaml's nodes are made by calls within calls: too many end the process."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                mark: Any = event.start_mark
                raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)
        elif isinstance(event, CollectionEndEvent):
            depth -= 1


def line_of(document: Any, path: Sequence[int | str]) -> int:
    """The line, from 1, where the value at `path` stands; that of its nearest parent where it does not."""
    line, here = 1, document
    for step in path:
        try:
            line, here = here.lines[step], here[step]
        except (AttributeError, LookupError, TypeError):
            break
    return line


def validation_problems(file: Path, document: object, error: ValidationError) -> list[Problem]:
    return [
        Problem(file, line_of(document, one["loc"]), f"{_path(one['loc'])}: {one['msg']}{_found(one)}")
        for one in error.errors()
    ]


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location) or "the file"


def _found(error: object) -> str:
    """What stood there, if it is short enough to say."""
    value = error["input"] if isinstance(error, dict) else None
    return f"; found {value!r}" if isinstance(value, str | int | float | bool) else ""
