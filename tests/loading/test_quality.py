"""Remarks point at the line of their word."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.core.quality import Flaw
from app.loading.quality import Quality, read_quality
from app.loading.ruleset import load_checker
from tests.loading.test_ruleset import LEXICON, RULE, written

LISTED = "  {id}: {{title: 表, source: own, licence: Apache-2.0, reviewed: 2026-11-23}}\n"
MANIFEST = "lexicons:\n" + LISTED.format(id="mockery.gag") + LISTED.format(id="mockery.insult")


def quality(folder: Path, *corpus: str, **changes: str) -> Quality:
    rules, lexicons = written(folder, manifest=MANIFEST, **changes)
    insults = "term\tweight\tmatch\tnote\n啞巴\t5\tanywhere\t\n"
    (lexicons / "mockery" / "insult.tsv").write_text(insults, encoding="utf-8")
    lines = folder / "corpus.jsonl"
    lines.write_text("\n".join(corpus), encoding="utf-8")
    return read_quality(load_checker(rules, lexicons, folder), lexicons, [lines])


def test_each_remark_has_file_line_and_the_word_as_written(tmp_path: Path) -> None:
    asked = quality(
        tmp_path,
        '{"text": "哑巴桥怎么走", "context": "问路", "hold": false, "labels": []}',
        "",
        '{"text": "你这哑巴", "hold": true, "labels": ["mockery.gag"]}',
        lexicon=LEXICON + "啞巴桥\t1\tanywhere\t\n",
        rule=RULE.replace("{lexicon: mockery.gag}", "{any: [{lexicon: mockery.gag}, {pattern: 桥}]}"),
    )
    done: list[int] = []
    told = asked.remarks(done.append)
    assert [(one.file.name, one.line, one.flaw, one.term) for one in told] == [
        ("gag.tsv", 3, Flaw.NEVER_DECIDES, "啞巴桥"),
        ("insult.tsv", 1, Flaw.UNUSED, ""),
        ("insult.tsv", 2, Flaw.DUPLICATE, "啞巴"),
    ]
    assert str(told[0]).startswith(f"{told[0].file}:3: never-decides “啞巴桥”：")
    assert sum(done) == asked.size


def test_what_is_to_be_held_blames_nobody(tmp_path: Path) -> None:
    asked = quality(
        tmp_path,
        '{"text": "哑巴桥", "hold": false, "labels": []}',
        '{"text": "谁是哑巴", "hold": true, "labels": ["mockery.gag"]}',
    )
    (remark,) = [one for one in asked.remarks(lambda _: None) if one.flaw is Flaw.ORDINARY]
    assert (remark.file.name, remark.line, remark.term) == ("gag.tsv", 2, "哑巴")
    assert "1 条正常答复" in remark.why


def test_a_corpus_that_is_not_there_is_told(tmp_path: Path) -> None:
    rules, lexicons = written(tmp_path)
    with pytest.raises(ConfigError, match=r"none\.jsonl: cannot be read"):
        read_quality(load_checker(rules, lexicons, tmp_path), lexicons, [tmp_path / "none.jsonl"])
