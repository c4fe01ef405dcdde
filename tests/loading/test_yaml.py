"""How our files of YAML are read."""

from pathlib import Path

import pytest

from app.loading.yaml import line_of, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("no", "no", id="no is a word"),
        pytest.param("1:30", "1:30", id="a time is no number of seconds"),
        pytest.param("2026-03-02", "2026-03-02", id="a day is a word"),
        pytest.param("010", "010", id="what begins with 0 is no number"),
        pytest.param("12", 12, id="a number"),
        pytest.param("-0.5", -0.5, id="a fraction"),
        pytest.param("1e3", 1000.0, id="a power of ten"),
        pytest.param("True", True, id="true"),
        pytest.param("~", None, id="null"),
        pytest.param("", None, id="nothing"),
        pytest.param("'12'", "12", id="what is quoted is a word"),
        pytest.param("您好，路灯", "您好，路灯", id="Chinese"),
        pytest.param("😀", "😀", id="beyond the basic plane"),
    ],
)
def test_a_value_is_what_it_looks_like(tmp_path: Path, text: str, value: object) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(f"key: {text}\nlist: [{text or 'null'}]\n", "utf-8")
    document, problems = read_yaml(file)
    assert problems == ()
    assert document == {"key": value, "list": [value]}
    assert type(document["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a'", id="a key twice"),
        pytest.param("a:\n  - b: 1\n    b: 1\n", 3, "duplicate key 'b'", id="a key twice, deep within"),
        pytest.param(
            "a: 1\nb: !!python/name:os.system x\n", 2, "tag", id="a tag that makes a program's value"
        ),
        pytest.param("a: 1\n--- \nb: 1\n", 2, "document", id="two documents"),
        pytest.param("a: [1, 2\nb: 3\n", 2, "", id="a list without an end"),
        pytest.param("a: &x\n  - *x\n", 1, "recursive", id="a list within itself"),
        pytest.param("? [a]\n: 1\n", 1, "key", id="a list as a key"),
        pytest.param("a: *x\n", 1, "alias", id="an alias of nothing"),
        pytest.param("a: \x01\n", 0, "control|special", id="a control character"),
        pytest.param("[" * 500_000, 1, "deeply", id="lists without an end"),
        pytest.param("- " * 500_000, 1, "deeply", id="lists in lines without an end"),
        pytest.param("{a: " * 500_000, 1, "deeply", id="mappings without an end"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(text, "utf-8")
    document, (problem,) = read_yaml(file)
    assert document is None
    assert "not YAML" in problem.what
    assert not line or problem.line == line
    assert any(one in problem.what for one in what.split("|"))


def test_a_value_knows_its_line_and_what_is_missing_its_parents(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("# 说明\na: 1\nb:\n  - c: 2\n  -\n    d: 3\n", "utf-8")
    document, _ = read_yaml(file)
    lines = {
        path: line_of(document, path) for path in (("a",), ("b",), ("b", 0), ("b", 1, "d"), ("b", 1, "e"))
    }
    assert lines == {("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1, "d"): 6, ("b", 1, "e"): 6}
