"""YAML with line numbers; duplicate keys are refused, `no` is a word."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from app.loading.problems import Problem


def read_yaml(file: Path) -> tuple[Any, Sequence[Problem]]:
    """The document (mappings and lists that know their lines), and what is wrong with it."""
    try:
        return YAML(typ="rt").load(StringIO(file.read_text("utf-8"))), ()
    except UnicodeDecodeError as error:
        return None, [Problem(file, 0, f"expected UTF-8, found another byte at {error.start}")]
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return None, [Problem(file, line, f"not YAML: {error.problem}")]
    except YAMLError as error:
        return None, [Problem(file, 0, f"not YAML: {error}")]


def line_of(document: Any, path: Sequence[int | str]) -> int:
    """The line, from 1, where the value at `path` stands; that of its nearest parent where it does not."""
    line, here = 1, document
    for step in path:
        if isinstance(here, CommentedMap) and step in here:
            line = here.lc.key(step)[0] + 1
            here = here[step]
        elif isinstance(here, CommentedSeq) and isinstance(step, int) and step < len(here):
            line = here.lc.item(step)[0] + 1
            here = here[step]
        else:
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
