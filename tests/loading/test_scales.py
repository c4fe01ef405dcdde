"""The numbers of the scales are read strictly, and written so that they are read the same."""

from pathlib import Path

import pytest

from app.core.scale import Scale, Scales
from app.loading.scales import FOLDER, as_text, load_scales


def written(folder: Path, text: str) -> Path:
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "private.txt").write_text(text, "utf-8")
    return folder


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    scale = Scale("private", -120, {"呗": 150, "请": -80, "您好": 3})
    assert load_scales(written(tmp_path, as_text(scale))) == (Scales.of([scale]), [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("bias -1\n呗\n", ":2: expected `letters hundredths`, found '呗'", id="no weight"),
        pytest.param("bias -1\n呗 很多\n", ":2: expected `letters hundredths`", id="no number"),
        pytest.param("呗 1\n", ":1: expected `bias` in the first line only, found '呗 1'", id="no bias"),
        pytest.param("bias 1\n不知道 2\n", ": expected at most 2 letters, found '不知道'", id="a long one"),
        pytest.param("bias 1\n呗 9999999999\n", ": expected weights that add up to less", id="a heavy one"),
        pytest.param("bias 1\nbias 2\n", ":2: expected `bias` in the first line only", id="two of them"),
    ],
)
def test_a_broken_line_is_told(tmp_path: Path, text: str, told: str) -> None:
    _, problems = load_scales(written(tmp_path, text))
    assert any(told in str(problem) for problem in problems)
