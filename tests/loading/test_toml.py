"""TOML, or the line where it is none."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.loading.toml import parse_toml


def test_a_table() -> None:
    assert parse_toml(None, "a = 1\n[b]\nc = [2]\n") == {"a": 1, "b": {"c": [2]}}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        pytest.param("a = 1\na = \n", "x.toml:2: not TOML: Invalid value", id="a value missing"),
        pytest.param("a = [\n", "x.toml:2: not TOML: ", id="at the end"),
    ],
)
def test_the_line_is_told(source: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml(Path("x.toml"), source)
    assert str(caught.value).startswith(told)
