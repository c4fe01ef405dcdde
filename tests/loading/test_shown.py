"""What `config show` prints is TOML, and covers what must not be seen."""

import tomllib

import pytest

from app.loading.shown import show_settings
from app.settings.whole import Settings


def settings(**changes: object) -> Settings:
    made: dict[str, object] = {
        "bots": {
            "j": {
                "kind": "json",
                "url": "http://127.0.0.1/",
                "headers": {"Authorization": "Bearer hidden"},
                "request": {"query": '{text} "x"\n\x7f', "inputs": {"深": [1, True, None]}, "no": None},
                "reply_path": "answer",
                "stream": {"format": "events", "end_kinds": ["end"]},
            }
        },
        "channels": {"w": {"platform": "weibo", "bot": "j", "app_secret": "hidden"}},
    }
    return Settings.model_validate(made | changes)


def test_awkward_values_come_back_as_they_were() -> None:
    read = tomllib.loads(show_settings(settings()))
    bot = read["bots"]["j"]
    assert bot["request"] == {"query": '{text} "x"\n\x7f', "inputs": {"深": [1, True]}}
    assert bot["headers"] == {"Authorization": "******"}
    assert bot["stream"]["end_kinds"] == ["end"]
    assert "hidden" not in show_settings(settings())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("postgresql://guard:hidden@db/x", "postgresql://guard:******@db/x", id="a password"),
        pytest.param("redis://:hidden@cache:6379", "redis://:******@cache:6379", id="a password alone"),
        pytest.param("sqlite:///var/a@b:c.db", "sqlite:///var/a@b:c.db", id="a file name with an @"),
    ],
)
def test_a_password_in_an_address_is_covered(url: str, shown: str) -> None:
    read = tomllib.loads(show_settings(settings(storage={"url": url})))
    assert read["storage"]["url"] == shown


def test_what_is_shown_is_accepted_again() -> None:
    once = tomllib.loads(show_settings(settings()))
    assert tomllib.loads(show_settings(Settings.model_validate(once))) == once
