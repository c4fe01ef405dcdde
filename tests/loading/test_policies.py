"""A policy as configured means what it says."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.core.model import Severity
from app.loading.policies import channel_policies, check_policy
from app.settings.policies import Policy
from app.settings.whole import Settings
from tests.core.judging import folder


def test_the_words_of_the_file_become_the_checkers() -> None:
    policy = check_policy(
        Policy(hold_at="low", block_at="never", unreadable="allow", shadow=("tone.slang",), shadow_all=False)
    )
    assert (policy.hold_at, policy.block_at, policy.unreadable_holds) == (Severity.LOW, None, False)
    assert policy.shadows("tone.slang")
    assert not policy.shadows("tone.cold")


def settings(**facts: Path | None) -> Settings:
    """A channel for each name, all of one policy."""
    return Settings.model_validate(
        {
            "bots": {"v": {"kind": "webhook", "url": "http://127.0.0.1/", "token": "v"}},
            "channels": {
                name: {"platform": "weibo", "bot": "v", "app_secret": name, "facts": file}
                for name, file in facts.items()
            },
        }
    )


def test_channels_of_one_policy_differ_where_their_facts_do(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('phones = ["96100"]\n')
    (tmp_path / "b.toml").write_text('phones = ["96200"]\n')
    (tmp_path / "empty.toml").write_text("")
    policies = channel_policies(
        settings(
            a=tmp_path / "a.toml",
            same=tmp_path / "a.toml",
            b=tmp_path / "b.toml",
            empty=tmp_path / "empty.toml",
            none=None,
        ),
        folder(),
    )
    assert [policies[name].facts for name in ("empty", "none")] == [None, None]
    names = {name: policy.fingerprint for name, policy in policies.items()}
    assert names["a"] == names["same"]
    assert names["empty"] == names["none"]
    assert len(set(names.values())) == 3


def test_every_problem_of_every_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('phones = ["x"]\n')
    with pytest.raises(ConfigError) as caught:
        channel_policies(
            settings(a=tmp_path / "a.toml", again=tmp_path / "a.toml", b=tmp_path / "b.toml"), folder()
        )
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path}/a.toml:1: expected a telephone number")
    assert second.startswith(f"{tmp_path}/b.toml: the list of facts cannot be read")
