"""Settings as TOML for people: what is in force, with the secrets covered."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from app.settings.whole import Settings

COVERED = "******"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PASSWORD = re.compile(r"(?<=://)([^/@\s]*:)[^/@\s]*(?=@)")


def show_settings(settings: Settings) -> str:
    """Every setting in force, also those nobody wrote. What is None is left out."""
    return "\n".join(_tables((), settings.model_dump(), named_below=True)).strip() + "\n"


def _tables(path: tuple[str, ...], table: Mapping[str, Any], *, named_below: bool) -> Iterator[str]:
    """`named_below`: tables in it have headers of their own. Two levels have, deeper ones stand inline."""
    inner = {key: value for key, value in table.items() if named_below and isinstance(value, dict)}
    plain = {key: value for key, value in table.items() if key not in inner and value is not None}
    if path and (plain or not inner):
        yield f"\n[{'.'.join(_key(step) for step in path)}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        yield from _tables((*path, key), value, named_below=not path)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case SecretStr():
            return _text(COVERED)
        case list() | tuple():
            return f"[{', '.join(_value(one) for one in value if one is not None)}]"
        case dict():
            pairs = (f"{_key(str(key))} = {_value(one)}" for key, one in value.items() if one is not None)
            return f"{{{', '.join(pairs)}}}"
    return _text(_PASSWORD.sub(rf"\1{COVERED}", str(value)))


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
