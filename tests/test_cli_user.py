"""`shenyan user`: who may sign in, from the command line."""

import re
from pathlib import Path

import pytest

from tests.test_cli import Run, config, rules, run

__all__ = ["config", "rules", "run"]  # fixtures


def test_somebody_is_added_listed_reset_and_disabled(run: Run, config: Path) -> None:
    at = ("--config", str(config))
    added = run("user", "add", "li", "--role", "duty_reviewer", "--channel", "hall", *at)
    assert re.search(r"初始密码（只显示这一次 shown once）: (\w{4}-){3}\w{4}", added.out)
    assert run("user", "list", *at).out == "li\tduty_reviewer\thall\t待改密码\n"
    assert "li 的新密码" in run("user", "reset", "li", *at).out
    run("user", "disable", "li", *at)
    assert run("user", "list", *at).out == "li\tduty_reviewer\thall\t停用、待改密码\n"


def test_a_second_factor_is_shown_once_as_a_code_to_scan(run: Run, config: Path) -> None:
    added = run("user", "add", "li", "--role", "leader", "--totp", "--config", str(config))
    assert re.search(r"或输入 [A-Z2-7]{32}:", added.out)
    assert "动态码" in run("user", "list", "--config", str(config)).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("add", "Li Si", "--role", "leader"), "is no name", id="no name"),
        pytest.param(("reset", "nobody"), "there is no such user", id="reset nobody"),
        pytest.param(("disable", "nobody"), "there is no such user", id="disable nobody"),
    ],
)
def test_what_cannot_be_done_is_told(run: Run, config: Path, arguments: tuple[str, ...], told: str) -> None:
    ended = run("user", *arguments, "--config", str(config))
    assert ended.code != 0
    assert told in ended.err


def test_a_name_is_given_once(run: Run, config: Path) -> None:
    arguments = ("user", "add", "li", "--role", "leader", "--config", str(config))
    assert run(*arguments).code == 0
    ended = run(*arguments)
    assert ended.code != 0
    assert "the name is taken" in ended.err
