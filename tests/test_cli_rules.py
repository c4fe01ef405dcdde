"""`shenyan rules`, from the command line, on records that no guard follows."""

from pathlib import Path

import pytest

from tests.test_cli import Run, config, rules, run

__all__ = ["config", "rules", "run"]  # fixtures


def test_what_is_published_is_listed_and_may_be_published_once_more(run: Run, config: Path) -> None:
    at = ("--config", str(config))
    assert "nothing was published" in run("rules", "list", *at).out
    made = run("rules", "publish", "--reason", "本月的新词", *at)
    assert made.code == 0, made.err
    assert "publication 1" in made.out
    assert "every replica judges by it" in made.out
    again = run("rules", "rollback", "1", "--reason", "误拦太多", *at)
    assert again.code == 0, again.err
    listed = run("rules", "list", *at).out.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["2", "1"]
    assert listed[0].endswith("误拦太多 (publication 1 again)\t现行 current")
    trail = run("audit", "export", *at).out
    assert trail.count("rules.publish") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("publish", "--reason", " "), "a reason is required", id="no reason"),
        pytest.param(
            ("rollback", "7", "--reason", "试"),
            "there is no publication 7; the latest: none",
            id="nothing to go back to",
        ),
    ],
)
def test_what_cannot_be_done_is_told(run: Run, config: Path, arguments: tuple[str, ...], told: str) -> None:
    made = run("rules", *arguments, "--config", str(config))
    assert made.code == 2
    assert told in made.err


def test_rules_that_are_broken_are_not_published(run: Run, config: Path, rules: Path) -> None:
    (rules / "tone" / "broken.yaml").parent.mkdir(parents=True, exist_ok=True)
    (rules / "tone" / "broken.yaml").write_text("id: [", "utf-8")
    made = run("rules", "publish", "--reason", "试", "--config", str(config))
    assert made.code == 2
    assert made.err.startswith("rules/tone/broken.yaml:1")  # not where it was unpacked
    assert "nothing was published" in run("rules", "list", "--config", str(config)).out
