"""TOML as a table, or the line where it is none."""

import re
import tomllib
from pathlib import Path
from typing import Any

from app.core.errors import ConfigError

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def parse_toml(file: Path | None, source: str) -> dict[str, Any]:
    """Raises ConfigError: `file:line: not TOML: what`."""
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = _PLACE.search(said)
        line = (place and place.group(1)) or str(source.count("\n") + 1)
        raise ConfigError(f"{file}:{line}: not TOML: {_PLACE.sub('', said)}") from None
