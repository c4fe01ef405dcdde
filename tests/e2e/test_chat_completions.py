"""The official client talks to a model through the guard, in a stream and at once."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from app.ports import HoldFilter
from app.settings.channels import HOLDING_TEXT
from tests.e2e.surroundings import Town, town
from tests.platforms.loopback import Loopback, answering, loopback

TOKEN = "sy_integrator"
POLITE, RUDE = "办事大厅上午九点开门。", "滚，别再来问，听不懂人话吗"
ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "几点开门？"}]


def model_saying(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice]}, ensure_ascii=False).encode()


def integrated() -> dict[str, Any]:
    """What lets an integrator in."""
    token = {"sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "scopes": ["chat"], "channels": ["hall"]}
    return {"api_tokens": {"integrator": token}}


@asynccontextmanager
async def integrator(
    folder: Path, body: bytes, status: str = "200 OK"
) -> AsyncIterator[tuple[openai.AsyncOpenAI, Town, Loopback]]:
    async with loopback(answering(body, status)) as model:
        bot = {
            "kind": "chat",
            "url": f"{model.base}/v1/chat/completions",
            "model": "m",
            "system_prompt": "守规矩",
        }
        async with (
            town(folder, {"hall": bot}, tables=integrated()) as here,
            openai.AsyncOpenAI(base_url=f"{here.url}/v1", api_key=TOKEN, max_retries=0) as client,
        ):
            yield client, here, model


async def test_a_checked_answer_comes_at_once(tmp_path: Path) -> None:
    async with integrator(tmp_path, model_saying(POLITE)) as (client, _, model):
        answer = await client.chat.completions.create(model="hall", messages=ASKED, temperature=0.2)
        assert answer.choices[0].message.content == POLITE
        sent = json.loads(model.received[0].body)
        assert sent["model"] == "m"
        assert [one["role"] for one in sent["messages"]] == ["system", "user"]
        assert sent["temperature"] == 0.2


async def test_a_stream_is_sent_once_the_whole_was_checked(tmp_path: Path) -> None:
    async with integrator(tmp_path, model_saying(POLITE)) as (client, _, _model):
        stream = await client.chat.completions.create(model="hall", messages=ASKED, stream=True)
        assert isinstance(stream, openai.AsyncStream)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(pieces) == POLITE


@pytest.mark.parametrize("stream", [False, True], ids=["at once", "streamed"])
async def test_a_held_answer_becomes_the_holding_text_and_a_header_says_so(
    tmp_path: Path, stream: bool
) -> None:
    async with integrator(tmp_path, model_saying(RUDE)) as (client, here, _):
        raw = await client.chat.completions.with_raw_response.create(
            model="hall",
            messages=ASKED,
            stream=stream,
        )
        text = await raw.http_response.aread()
        assert HOLDING_TEXT in text.decode()
        assert RUDE not in text.decode()
        (hold,) = (await here.guard.store.holds(HoldFilter())).items
        assert raw.headers["X-Shenyan-Held"] == hold.id
        assert (hold.reply.text, hold.message.text) == (RUDE, "几点开门？")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"oops", "500 Oops", id="down"),
        pytest.param(b'{"choices":[]}', "200 OK", id="no answer"),
        pytest.param(b'{"error":{"message":"secret"}}', "200 OK", id="an error inside 200"),
    ],
)
async def test_a_model_that_fails_is_told_as_such_and_its_words_are_not(
    tmp_path: Path, body: bytes, status: str
) -> None:
    async with integrator(tmp_path, body, status) as (client, here, _):
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model="hall", messages=ASKED)
        assert refused.value.status_code == 502
        assert "secret" not in str(refused.value)
        assert (await here.guard.store.counts())["unanswered"] == 1


async def test_another_channels_model_is_not_ones_own(tmp_path: Path) -> None:
    async with integrator(tmp_path, model_saying(POLITE)) as (client, _, model):
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model="weibo", messages=ASKED)
        assert refused.value.status_code in (403, 404)
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(model="gpt", messages=ASKED)
        assert model.received == []


async def test_a_stopped_channel_asks_no_model(tmp_path: Path) -> None:
    async with integrator(tmp_path, model_saying(POLITE)) as (client, here, model):
        await here.guard.switches.stop("hall", "li", "答非所问")
        answer = await client.chat.completions.create(model="hall", messages=ASKED)
        assert answer.choices[0].message.content == HOLDING_TEXT
        assert model.received == []
