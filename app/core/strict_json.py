"""JSON that every program reads alike: nothing doubled, bottomless, infinite or half a character."""

import json
from collections.abc import Iterable
from math import isfinite
from typing import NoReturn

MAX_DEPTH = 16


def parse_object(body: bytes | str) -> dict[str, object]:
    """Read one JSON object; bytes are UTF-8.

    Raises ValueError, without quoting the text: not JSON, not an object, a doubled key, NaN or an infinity, a
    lone surrogate, or deeper than MAX_DEPTH.
    """
    value = parse(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def parse(body: bytes | str) -> object:
    """Read any JSON value. Raises ValueError like `parse_object`."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        value: object = json.loads(
            text, object_pairs_hook=_without_doubles, parse_constant=_no_constant, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _inspect((value,), MAX_DEPTH)
    return value


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is doubled")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _inspect(values: Iterable[object], depth_left: int) -> None:
    if depth_left < 0:
        raise ValueError("nested too deeply")
    for value in values:
        if isinstance(value, str):
            _require_characters(value)
        elif isinstance(value, dict):
            _inspect(value, 0)  # keys are strings
            _inspect(value.values(), depth_left - 1)
        elif isinstance(value, list):
            _inspect(value, depth_left - 1)


def _require_characters(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair") from None
