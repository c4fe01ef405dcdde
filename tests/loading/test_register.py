"""The register's numbers are read strictly, and written so that they are read the same."""

from pathlib import Path

import pytest

from app.core.register import Register
from app.loading.register import FILE, as_text, load_register


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    register = Register(-120, {"呗": 150, "请": -80, "您 好": 3})
    (tmp_path / FILE).write_text(as_text(register), "utf-8")
    assert load_register(tmp_path) == (register, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("bias -1\n呗\n", ":2: expected `letters hundredths`, found '呗'", id="no weight"),
        pytest.param("bias -1\n呗 很多\n", ":2: expected `letters hundredths`", id="no number"),
        pytest.param("呗 1\n", ":1: expected `bias` in the first line only, found '呗 1'", id="no bias"),
        pytest.param("bias 1\nbias 2\n", ":2: expected `bias` in the first line only", id="two of them"),
    ],
)
def test_a_broken_line_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    _, problems = load_register(tmp_path)
    assert any(told in str(problem) for problem in problems)


def test_without_the_file_nothing_is_far_from_official(tmp_path: Path) -> None:
    register, problems = load_register(tmp_path)
    assert not problems
    assert register.distance([]) < 0
