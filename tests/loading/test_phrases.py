"""rules/phrases.yaml: read with every problem named; what is shipped fits its own rules."""

from pathlib import Path

import pytest

from app.core.checker import Checker
from app.core.errors import ConfigError
from app.core.model import NO_CONVERSATION, Disposition
from app.core.phrases import Kind, Phrase, fill
from app.core.policy import CheckPolicy
from app.loading.phrases import load_phrases
from app.loading.ruleset import load_checker, shipped_dirs

SHIPPED = load_phrases(shipped_dirs()[0])
FITTING = {
    Kind.WORDS: "住建局",
    Kind.PHONE: "0571-88001234",
    Kind.DATE: "3月8日",
    Kind.NUMBER: "WX-001",
    Kind.PASSAGE: "路灯已于昨日修好。",
}
GOOD = "received:\n  title: 收到\n  when: 收到留言\n  text: 您好，已收到。\n"


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, None, None)


@pytest.mark.parametrize("phrase", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_phrase_can_be_filled_in(phrase: Phrase) -> None:
    filled = fill(phrase, phrase.hash, {gap: FITTING[kind] for gap, kind in phrase.gaps.items()})
    assert "⟨" not in filled.reply.text
    assert len(filled.reply.text.encode()) < 2048


@pytest.mark.parametrize("phrase", [one for one in SHIPPED.values() if not one.gaps], ids=lambda one: one.id)
def test_a_shipped_phrase_without_gaps_needs_no_privilege(checker: Checker, phrase: Phrase) -> None:
    """So that a bot which says the same is not held for it."""
    verdict = checker.check(fill(phrase, phrase.hash, {}).reply, NO_CONVERSATION, CheckPolicy())
    assert verdict.disposition is Disposition.RELEASE, verdict.findings


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param(GOOD + "  gaps: {单位: words}\n", 1, "gaps", id="a gap that is not in the text"),
        pytest.param(GOOD.replace("已收到", "⟨单位⟩收到"), 1, "gaps", id="a gap nobody declared"),
        pytest.param(GOOD + "  tone: mild\n", 5, "Extra inputs", id="an unknown key"),
        pytest.param(GOOD.replace("received", "收到"), 1, "pattern", id="an id for no address"),
        pytest.param(GOOD + GOOD, 5, "duplicate", id="twice the same id"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    file = tmp_path / "phrases.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_phrases(tmp_path)
    assert f"{file}:{line}" in str(refused.value)
    assert what in str(refused.value)


def test_no_phrases_are_no_mistake(tmp_path: Path) -> None:
    assert load_phrases(tmp_path) == {}
