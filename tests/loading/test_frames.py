"""Conditions that rules share are read strictly, and told by line."""

from pathlib import Path

import pytest

from app.core.model import Conversation, Disposition, Reply
from app.core.policy import CheckPolicy
from app.loading.frames import FRAMES
from app.loading.ruleset import lint, load_checker
from tests.loading.test_ruleset import RULE, written

SHARED = RULE.replace("when: {lexicon: mockery.gag}", "when: {frame: gag.word}")
FRAME = "gag.word:\n  title: 封口\n  when: {lexicon: mockery.gag}\n"


def test_a_rule_holds_where_its_frame_does(tmp_path: Path) -> None:
    rules, lexicons = written(tmp_path, rule=SHARED)
    (rules / FRAMES).write_text(FRAME, "utf-8")
    assert lint(rules, lexicons, tmp_path) == []
    checker = load_checker(rules, lexicons, tmp_path)
    verdict = checker.check(Reply.of("你这哑巴"), Conversation(), CheckPolicy())
    assert verdict.disposition is Disposition.BLOCK


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        pytest.param("", "gag.yaml:6: there is no frame 'gag.word' in frames.yaml", id="no such frame"),
        pytest.param(
            FRAME.replace("gag}", "gog}"), "frames.yaml:3: there is no lexicon 'mockery.gog'", id="list"
        ),
        pytest.param(FRAME + "  of: 1\n", "frames.yaml:4: gag.word.of: Extra inputs", id="unknown key"),
        pytest.param(
            FRAME + "two:\n  title: 二\n  when: {frame: gag.word}\n",
            "frames.yaml:6: a frame names lexicons and patterns, no other frame",
            id="a frame in a frame",
        ),
        pytest.param("gag.word: [", "frames.yaml:1: not YAML", id="no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, frames: str, told: str) -> None:
    rules, lexicons = written(tmp_path, rule=SHARED)
    if frames:
        (rules / FRAMES).write_text(frames, "utf-8")
    assert [one for one in map(str, lint(rules, lexicons, tmp_path)) if told in one]
