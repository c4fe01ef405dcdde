import pytest
from pydantic import ValidationError

from app.bots.json_api import JsonBotAdapter
from app.clients import bot_http
from app.settings.bots import ChatBot, JsonBot, WebhookBot
from tests.bots.vendors import SAMPLES, sample

NAMES = sorted(path.stem for path in SAMPLES.glob("*.toml"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("chat", ChatBot),
        ("coze", JsonBot),
        ("dify", JsonBot),
        ("dify-stream", JsonBot),
        ("fastgpt", JsonBot),
        ("generic", JsonBot),
        ("rasa", JsonBot),
        ("webhook", WebhookBot),
    ],
)
def test_a_sample_loads(name: str, kind: type) -> None:
    assert name in NAMES
    assert isinstance(sample(name), kind)


@pytest.mark.parametrize("name", NAMES)
async def test_a_sample_can_be_used(name: str) -> None:
    settings = sample(name)
    async with bot_http() as session:
        if isinstance(settings, JsonBot):
            assert JsonBotAdapter(name, settings, session).name == name


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_takes_an_unknown_key(name: str) -> None:
    with pytest.raises(ValidationError):
        sample(name, retries=3)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": "Bearer app-1\n"}, id="a line end from a secret's file"),
        pytest.param({"Authorization": "Bearer 密钥"}, id="not ASCII"),
        pytest.param({"X Key": "k"}, id="no header's name"),
    ],
)
def test_a_header_that_could_not_be_sent_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        sample("dify", headers=headers)
    assert "app-1" not in str(caught.value)


def test_a_stream_needs_an_end() -> None:
    with pytest.raises(ValidationError, match="end_kinds"):
        sample("dify-stream", stream={"format": "events"})
