"""docs/bots.md names every sample, every key of a JSON bot and every way a bot fails."""

import re
from pathlib import Path

import pytest

from app.settings.bots import BotBase, JsonBot, JsonPoll, JsonStream, WebhookBot
from tests.bots.vendors import SAMPLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bots.md").read_text("utf-8")
SOURCES = [
    *(ROOT / "app" / "bots").glob("*.py"),
    *(ROOT / "app" / "platforms" / "wechat" / name for name in ("answer.py", "codec.py")),
    ROOT / "app" / "core" / "errors.py",
]
_RAISED = re.compile(r'Bot(?:Error|Malformed)\([^()]*code="([a-z0-9-]+)"')
_OF_A_CLASS = re.compile(
    r'^class Bot(?:Timeout|Malformed)\(.*\n    """.*\n\n    code = "([a-z]+)"', re.MULTILINE
)


def _codes() -> list[str]:
    texts = [path.read_text("utf-8") for path in SOURCES]
    return sorted({code for text in texts for code in (*_RAISED.findall(text), *_OF_A_CLASS.findall(text))})


def test_codes_are_found() -> None:
    assert {"timeout", "malformed", "unreachable", "upstream", "wrong-user"} <= set(_codes())


@pytest.mark.parametrize("code", _codes())
def test_every_code_is_explained(code: str) -> None:
    assert f"`{code}` |" in PAGE


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.toml")))
def test_every_sample_is_linked(name: str) -> None:
    assert f"[{name}](../samples/bots/{name})" in PAGE


KEYS = {key for model in (BotBase, JsonBot, JsonStream, JsonPoll, WebhookBot) for key in model.model_fields}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`{key}\b", PAGE)
