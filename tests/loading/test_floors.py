"""A file of floors is closed: what is misspelt would otherwise never fail."""

import re
from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.core.floors import Floors
from app.loading.floors import load_floors


def written(folder: Path, text: str) -> Path:
    file = folder / "floors.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_read(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "recall: {mockery: 0.9, mockery.irony: 0.8}\ncategory_found: {tone: 0.5}\n"
        "category_right: {tone: 0.6}\nfalse_holds: 0.03\nlook_alikes: 0.05\n",
    )
    assert load_floors(file) == Floors(
        recall={"mockery": 0.9, "mockery.irony": 0.8},
        category_found={"tone": 0.5},
        category_right={"tone": 0.6},
        false_holds=0.03,
        look_alikes=0.05,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("false_hold: 0.1\n", ":1: false_hold: ", id="a key misspelt"),
        pytest.param("recall:\n  mockery: 0.9\n  mokery: 0.9\n", ":3: recall.mokery", id="no such category"),
        pytest.param("category_found: {tone.cold: 1}\n", ":1: category_found.tone.cold", id="no subclasses"),
        pytest.param("recall: {}\nlook_alikes: 5\n", ":2: look_alikes: ", id="percent for a share"),
        pytest.param("recall: [\n", ": not YAML", id="not YAML"),
        pytest.param("- recall\n", ": ", id="a list"),
        pytest.param("", ": ", id="empty"),
    ],
)
def test_refused(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_floors(file)
    assert str(caught.value).startswith(str(file))
    assert told in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a file of floors"):
        load_floors(tmp_path / "none.yaml")


def test_the_floors_in_the_guide_are_sound(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "rules.md"
    (floors,) = re.findall(r"```yaml\n(recall:.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert load_floors(written(tmp_path, floors)).recall == {"mockery": 0.9, "mockery.irony": 0.8}
