"""Every key of an awkward document is found on its line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loading.positions import KeyPath, key_lines

AWKWARD = '''\
# channels.hall.token = "a comment is no key"
title = """
[not.a.table]
key = "no key"
""""  # the string ends in a quote
path = 'C:\\[x]'

[channels.hall] # a comment
token = "a # b = [c]"
"quoted.key" = 1
'single' = 2
deep.er . key = 3

[ channels . "中文" ]
token = "x"

[lists]
ports = [ 1, # one
  2,
  [3,
   4], "]",
]
dates = [1979-05-27 07:32:00, 1979-05-28]
inline = { a = 1, b = { c = "}" }, "d.e" = [1, {f = 2}] }
after = """one \\""" still
two"""
lit = \'\'\'
[lists.no]
\'\'\'
last = true

[[arrays.of]]
name = "first"
[arrays.of.below]
x = 1
[[arrays.of]]
name = "second"
[[arrays.of.inner]]
y = 1
[[arrays.of.inner]]
y = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("title",), 2, id="a string of many lines, which looks like tables"),
        pytest.param(("path",), 6, id="behind a string that ends in a quote"),
        pytest.param(("channels", "hall"), 8, id="a table"),
        pytest.param(("channels", "hall", "token"), 9, id="a value full of punctuation"),
        pytest.param(("channels", "hall", "quoted.key"), 10, id="a quoted key with a dot"),
        pytest.param(("channels", "hall", "single"), 11, id="a key in single quotes"),
        pytest.param(("channels", "hall", "deep", "er", "key"), 12, id="a dotted key with blanks"),
        pytest.param(("channels", "hall", "deep", "er"), 12, id="the table a dotted key makes"),
        pytest.param(("channels", "中文", "token"), 15, id="a table with a quoted name"),
        pytest.param(("lists", "ports", 0), 18, id="the first item of a list"),
        pytest.param(("lists", "ports", 1), 19, id="an item behind a comment"),
        pytest.param(("lists", "ports", 2, 1), 21, id="an item of a list in a list"),
        pytest.param(("lists", "ports", 3), 21, id="an item that is a bracket"),
        pytest.param(("lists", "dates", 1), 23, id="behind a date with a blank"),
        pytest.param(("lists", "inline", "b", "c"), 24, id="an inline table in an inline table"),
        pytest.param(("lists", "inline", "d.e", 1, "f"), 24, id="an inline table in a list"),
        pytest.param(("lists", "after"), 25, id="behind inline tables"),
        pytest.param(("lists", "last"), 30, id="behind strings with escaped quotes and headers inside"),
        pytest.param(("arrays", "of", 0, "name"), 33, id="the first of an array of tables"),
        pytest.param(("arrays", "of", 0, "below", "x"), 35, id="a table below the first"),
        pytest.param(("arrays", "of", 1, "name"), 37, id="the second of an array of tables"),
        pytest.param(("arrays", "of", 1, "inner", 1, "y"), 41, id="an array of tables in the second"),
    ],
)
def test_key_lines(path: KeyPath, line: int) -> None:
    tomllib.loads(AWKWARD)  # awkward, but TOML
    assert key_lines(AWKWARD)[path] == line


def test_windows_line_ends_count_once() -> None:
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = [\r\n1,\r\n2]\r\n")[("b", "c", 1)] == 6


def _paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in items:
        found |= _paths(below, (*path, step))
    return found


def test_nothing_is_missed_and_nothing_made_up() -> None:
    assert set(key_lines(AWKWARD)) - {("arrays", "of"), ("arrays", "of", 1, "inner")} == _paths(
        tomllib.loads(AWKWARD)
    ) - {("arrays", "of"), ("arrays", "of", 1, "inner")}


_TEXT = st.text(st.sampled_from("ab\"'\\#[]{}=,.\n \t"), max_size=12)


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_any_text_in_any_quotes_is_stepped_over(pairs: list[tuple[str, str]]) -> None:
    def basic(text: str) -> str:
        return '"' + "".join(f"\\u{ord(one):04x}" if one in '"\\\n\t' else one for one in text) + '"'

    lines = [f"{basic(key)} = {basic(value)} # ]" for key, value in pairs]
    assert key_lines("\n".join(lines)) == {(key,): number for number, (key, _) in enumerate(pairs, 1)}
