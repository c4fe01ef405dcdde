"""The samples against servers that answer as the vendors' do."""

import asyncio
from typing import Any

import pytest

from app.bots.json_api import JsonBotAdapter
from app.core.errors import BotError
from app.core.model import NO_CONVERSATION, Reply
from tests.bots.vendors import REPLY, ask_sample, asked, sample, saying, vendor
from tests.platforms.loopback import Behaviour, Received
from tests.values import message


async def test_dify() -> None:
    async with vendor(saying({"event": "message", "answer": REPLY, "mode": "chat"})) as (server, session):
        adapter = JsonBotAdapter("dify", sample("dify", url=server.base), session)
        assert await adapter.ask(message(), NO_CONVERSATION) == Reply.of(REPLY)
    assert server.received[0].headers["authorization"].startswith("Bearer app-")
    assert asked(server.received[0]) == {
        "query": "办事大厅几点开门？",
        "user": "hall-citizen-1",
        "response_mode": "blocking",
        "inputs": {},
    }


async def test_dify_says_200_to_an_error() -> None:
    with pytest.raises(BotError) as caught:
        await ask_sample("dify", saying({"code": "provider_quota_exceeded", "message": "配额已用完"}))
    assert caught.value.code == "upstream"


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(
            [{"recipient_id": "u", "text": "甲"}, {"recipient_id": "u", "text": "乙"}], "甲\n乙", id="two"
        ),
        pytest.param([], None, id="none"),
    ],
)
async def test_rasa(answer: object, reply: str | None) -> None:
    assert await ask_sample("rasa", saying(answer)) == (Reply.of(reply) if reply else None)


async def test_fastgpt() -> None:
    choice = {"message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop", "index": 0}
    assert await ask_sample("fastgpt", saying({"id": "", "choices": [choice]})) == Reply.of(REPLY)


async def test_fastgpt_cut_short() -> None:
    choice = {"message": {"role": "assistant", "content": "您符"}, "finish_reason": "length", "index": 0}
    with pytest.raises(BotError):
        await ask_sample("fastgpt", saying({"choices": [choice]}))


async def test_generic() -> None:
    assert await ask_sample("generic", saying({"code": 0, "data": {"reply": REPLY}})) == Reply.of(REPLY)


# --- a ticket, asked for until it is done -------------------------------------------------------


def _coze(states: list[str], chat_id: str = "7400_a-1") -> Behaviour:
    """Coze's three addresses; each look at the chat takes the next state."""
    left = iter(states)

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        path = received.line.split(" ")[1]
        chat = {"id": chat_id, "conversation_id": "99", "status": "in_progress"}
        if path.startswith("/retrieve?"):
            chat["status"] = next(left)
        data: object = chat
        if path.startswith("/list?"):
            assert path == f"/list?conversation_id=99&chat_id={chat_id}"
            data = [
                {"type": "verbose", "content": "内部"},
                {"type": "answer", "content": REPLY},
                {"type": "follow_up", "content": "还想问什么？"},
            ]
        await saying({"code": 0, "msg": "", "data": data})(received, writer)

    return answer


async def _ask_coze(behaviour: Behaviour, **changes: Any) -> Reply | None:
    async with vendor(behaviour) as (server, session):
        where = "conversation_id={data.conversation_id}&chat_id={data.id}"
        poll = {
            **sample("coze").poll.model_dump(),
            "url": f"{server.base}/retrieve?{where}",
            "result_url": f"{server.base}/list?{where}",
            "every_s": 0.01,
        }
        settings = sample("coze", url=f"{server.base}/chat", poll=poll, **changes)
        reply = await JsonBotAdapter("coze", settings, session).ask(message(), NO_CONVERSATION)
        assert all(
            received.headers["authorization"] == "Bearer pat_REPLACE-ME" for received in server.received
        )
        return reply


async def test_coze_is_asked_until_it_is_done() -> None:
    assert await _ask_coze(_coze(["created", "in_progress", "completed"])) == Reply.of(REPLY)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(_coze(["in_progress", "failed"]), "upstream", id="failed"),
        pytest.param(_coze(["requires_action"]), "upstream", id="wants somebody to act"),
        pytest.param(_coze(["in_progress"] * 100_000), "timeout", id="never done"),
        pytest.param(_coze(["completed"], chat_id="1&x=../admin"), "wrong-shape", id="steers the address"),
        pytest.param(_coze(["completed"], chat_id=""), "wrong-shape", id="an empty ticket"),
        pytest.param(saying({"code": 4100, "msg": "token"}), "upstream", id="refused at once"),
        pytest.param(saying({"code": 0, "data": {}}), "wrong-shape", id="no ticket"),
    ],
)
async def test_coze_fails(behaviour: Behaviour, code: str) -> None:
    with pytest.raises(BotError) as caught:
        await _ask_coze(behaviour, give_up_after_s=0.5)
    assert caught.value.code == code
