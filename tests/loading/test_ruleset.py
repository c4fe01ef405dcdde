"""A set of rules loads whole or not at all, and every problem is told at once."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.core.model import Conversation, Disposition, Reply
from app.core.policy import CheckPolicy
from app.loading.ruleset import lint, load_checker

RULE = """\
id: mockery.gag
title: 封口
category: mockery
subclass: gag
severity: high
when: {lexicon: mockery.gag}
unless: {quoted: true}
why: 不得叫市民闭嘴
source: 依据
examples:
  hit: [你这哑巴, 谁是哑巴, 又一个哑巴]
  pass: [聋哑巴士, 他说“哑巴”, 您好]
"""
LEXICON = "term\tweight\tmatch\tnote\n哑巴\t4\tword\t看聋哑巴士\n"
MANIFEST = "lexicons:\n  mockery.gag: {title: 封口, source: own, licence: Apache-2.0, reviewed: 2026-11-23}\n"


def written(folder: Path, **changes: str) -> tuple[Path, Path]:
    """(rules, lexicons) with one rule and one list, changed as told."""
    files = {
        "rules/mockery/gag.yaml": changes.get("rule", RULE),
        "lexicons/mockery/gag.tsv": changes.get("lexicon", LEXICON),
        "lexicons/manifest.yaml": changes.get("manifest", MANIFEST),
        "lexicons/dictionary.txt": changes.get("dictionary", "办事大厅 100 n\n"),
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "rules", folder / "lexicons"


def test_a_sound_set_judges(tmp_path: Path) -> None:
    rules, lexicons = written(tmp_path)
    assert lint(rules, lexicons, tmp_path) == []
    verdict = load_checker(rules, lexicons, tmp_path).check(
        Reply.of("你这哑巴"), Conversation(), CheckPolicy()
    )
    assert verdict.disposition is Disposition.BLOCK


@pytest.mark.parametrize(  # one line each: what is broken, what is told
    ("changes", "told"),
    [
        pytest.param(
            {"rule": RULE.replace("severity: high", "severity: huge")}, "gag.yaml:5: severity", id="a value"
        ),
        pytest.param({"rule": RULE.replace("why:", "wy:")}, "gag.yaml:8: wy", id="a key misspelt"),
        pytest.param({"rule": RULE + "title: 又一个\n"}, "gag.yaml:13: not YAML", id="a key twice"),
        pytest.param(
            {"rule": RULE.replace("lexicon: mockery.gag", "lexicon: mockery.gog")},
            "gag.yaml:6: there is no lexicon 'mockery.gog'",
            id="a list that is not there",
        ),
        pytest.param(
            {"rule": RULE.replace("{lexicon: mockery.gag}", "{lexicon: mockery.gag, pattern: x}")},
            "gag.yaml:6: when: Value error, expected exactly one condition",
            id="two conditions in one",
        ),
        pytest.param(
            {"rule": RULE.replace("{lexicon: mockery.gag}", '{pattern: "(哑"}')},
            "gag.yaml:6: when.pattern",
            id="a pattern that is none",
        ),
        pytest.param(
            {"rule": RULE.replace("{lexicon: mockery.gag}", '{pattern: "(a+)+"}')},
            "a repeat inside a repeat",
            id="a pattern that takes for ever",
        ),
        pytest.param(
            {"rule": RULE.replace("id: mockery.gag", "id: mockery.other")},
            "gag.yaml:1: id: expected mockery.gag, found mockery.other",
            id="another id than the file's",
        ),
        pytest.param(
            {"rule": RULE.replace("subclass: gag", "subclass: finding")},
            "expected one of insult, ",
            id="another category's subclass",
        ),
        pytest.param(
            {"rule": RULE.replace("[你这哑巴, 谁是哑巴, 又一个哑巴]", "[你这哑巴]")},
            "examples.hit",
            id="too few examples",
        ),
        pytest.param(
            {"lexicon": LEXICON + "阿\t1\tword\n"}, "gag.tsv:3: expected 4 fields", id="a field too few"
        ),
        pytest.param(
            {"lexicon": LEXICON + "阿\t9\tword\t\n"}, "gag.tsv:3: expected a weight", id="a weight too large"
        ),
        pytest.param(
            {"lexicon": LEXICON + "阿\t1\tsome\t\n"}, "gag.tsv:3: expected a match", id="an unknown match"
        ),
        pytest.param(
            {"lexicon": LEXICON + "啞巴\t1\tword\t\n"},
            "is there already, after folding",
            id="twice after folding",
        ),
        pytest.param(
            {"lexicon": LEXICON + "一\t1\tword\t\n"}, "gag.tsv:3: expected terms in order", id="out of order"
        ),
        pytest.param({"lexicon": "词\t1\n"}, "gag.tsv:1: expected the header", id="no header"),
        pytest.param(
            {"manifest": "lexicons: {}\n"}, "mockery.gag is missing in the manifest", id="not in the manifest"
        ),
        pytest.param({"dictionary": "办事大厅\n"}, "dictionary.txt:1: expected", id="a dictionary line"),
    ],
)
def test_a_broken_set_is_refused_by_file_and_line(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    rules, lexicons = written(tmp_path, **changes)
    with pytest.raises(ConfigError) as refused:
        load_checker(rules, lexicons, tmp_path)
    assert told in str(refused.value)


def test_every_problem_is_told_not_the_first_alone(tmp_path: Path) -> None:
    rules, lexicons = written(
        tmp_path, rule=RULE.replace("severity: high", "severity: huge"), lexicon=LEXICON + "阿\t9\tword\t\n"
    )
    with pytest.raises(ConfigError) as refused:
        load_checker(rules, lexicons, tmp_path)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "谁是哑巴", "谁是聋子", "must hold, but mockery.gag does not: 谁是聋子", id="a hit that is none"
        ),
        pytest.param(
            "您好", "哑巴啊", "must pass, but mockery.gag holds it: 哑巴啊", id="a pass that is held"
        ),
    ],
)
def test_examples_must_keep_their_word(tmp_path: Path, old: str, new: str, told: str) -> None:
    rules, lexicons = written(tmp_path, rule=RULE.replace(old, new))
    assert any(told in problem for problem in lint(rules, lexicons, tmp_path))


def test_the_version_is_a_hash_of_the_content(tmp_path: Path) -> None:
    first = load_checker(*written(tmp_path), tmp_path).version
    assert load_checker(*written(tmp_path), tmp_path).version == first
    assert load_checker(*written(tmp_path, lexicon=LEXICON.replace("看", "见")), tmp_path).version != first


@pytest.mark.timeout(120)
def test_the_shipped_set_is_sound() -> None:
    assert lint(None, None, None) == []


@pytest.mark.parametrize("folder", ["rules-misspelt", "lexicons"])
def test_a_folder_without_rules_is_no_set_that_lets_everything_pass(tmp_path: Path, folder: str) -> None:
    _, lexicons = written(tmp_path)
    (lexicons / "manifest.yaml").unlink()
    (lexicons / "mockery" / "gag.tsv").unlink()
    with pytest.raises(ConfigError, match=f"{folder}: expected rules"):
        load_checker(tmp_path / folder, lexicons, tmp_path)
    assert [one for one in lint(tmp_path / folder, lexicons, tmp_path) if f"{folder}: expected rules" in one]


def test_a_rule_that_would_be_overlooked_is_a_problem(tmp_path: Path) -> None:
    rules, lexicons = written(tmp_path)
    (rules / "mockery" / "other.yml").write_text(RULE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"other\.yml: a rule's file ends in \.yaml"):
        load_checker(rules, lexicons, tmp_path)
