"""Tables from libraries: simplified characters and sounds."""

import pytest

from app.loading.characters import make_folder, sound_of


@pytest.mark.parametrize(
    ("traditional", "simplified"), [("說", "说"), ("臺", "台"), ("著", "著"), ("好", "好")]
)
def test_characters_fold_one_by_one(traditional: str, simplified: str) -> None:
    assert make_folder().fold(traditional).text == simplified


@pytest.mark.parametrize(
    ("character", "sound"), [("煞", "sha"), ("笔", "bi"), ("女", "nv"), ("a", ""), ("。", "")]
)
def test_sound_of(character: str, sound: str) -> None:
    assert sound_of(character) == sound
