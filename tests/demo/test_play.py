"""The whole demonstration, with real processes of the guard, the bot and the platforms."""

import json

import pytest

from app.demo import play
from app.demo.script import SCENES


@pytest.mark.timeout(300)
def test_every_scene_goes_as_the_script_says(capsys: pytest.CaptureFixture[str]) -> None:
    code = play.main(as_json=True)
    printed = capsys.readouterr()
    assert printed.out, printed.err
    rows = json.loads(printed.out)
    assert [row["shows"] for row in rows if not row["as_expected"]] == []
    assert (code, len(rows)) == (0, len(SCENES))
