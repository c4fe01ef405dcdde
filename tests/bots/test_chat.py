import json
from typing import Any

import pytest

from app.bots.chat import ChatBotAdapter
from app.core.errors import BotError, BotMalformed, BotTimeout
from app.core.model import NO_CONVERSATION, Conversation, MessageKind, Reply, Turn
from tests.bots.vendors import REPLY, asked, chat_bot, in_pieces, saying, trickling, vendor
from tests.platforms.loopback import Behaviour, answering, endless, hanging_up, silent
from tests.values import NOON, message

TALK = Conversation(turns=tuple(Turn(f"问{n}", f"答{n}", NOON) for n in range(4)))


def _completion(**choice: Any) -> dict[str, Any]:
    whole = {"index": 0, "message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "choices": [{**whole, **choice}]}


def _said(content: object) -> dict[str, Any]:
    return _completion(message={"role": "assistant", "content": content})


async def _ask(behaviour: Behaviour, **settings: Any) -> Reply | None:
    async with vendor(behaviour) as (server, session):
        return await ChatBotAdapter("model", chat_bot(server.base, **settings), session).ask(message(), TALK)


# --- what is asked ----------------------------------------------------------------------------


async def test_the_request_is_what_such_servers_take() -> None:
    async with vendor(saying(_completion())) as (server, session):
        settings = chat_bot(
            server.base + "/v1/chat/completions",
            api_key="sk-1",
            system_prompt="你是助手。",
            history_turns=2,
            temperature=0.2,
            max_tokens=99,
        )
        await ChatBotAdapter("model", settings, session).ask(message(), TALK)
    (received,) = server.received
    assert received.line.startswith("POST /v1/chat/completions ")
    assert received.headers["authorization"] == "Bearer sk-1"
    assert received.headers["content-type"] == "application/json"
    assert asked(received) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "你是助手。"},
            {"role": "user", "content": "问2"},
            {"role": "assistant", "content": "答2"},
            {"role": "user", "content": "问3"},
            {"role": "assistant", "content": "答3"},
            {"role": "user", "content": "办事大厅几点开门？"},
        ],
        "stream": False,
        "temperature": 0.2,
        "max_tokens": 99,
    }


async def test_what_is_not_configured_is_not_sent() -> None:
    async with vendor(saying(_completion())) as (server, session):
        adapter = ChatBotAdapter("model", chat_bot(server.base, history_turns=0), session)
        await adapter.ask(message(kind=MessageKind.IMAGE, text=""), TALK)
    assert asked(server.received[0]) == {
        "model": "m",
        "messages": [{"role": "user", "content": "[图片]"}],
        "stream": False,
    }
    assert "authorization" not in server.received[0].headers


async def test_a_turn_without_an_answer_is_told_as_one_question() -> None:
    async with vendor(saying(_completion())) as (server, session):
        talk = Conversation(turns=(Turn("在吗", "", NOON),))
        await ChatBotAdapter("model", chat_bot(server.base), session).ask(message(), talk)
    assert [said["role"] for said in asked(server.received[0])["messages"]] == ["user", "user"]


# --- an answer in one piece -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(_completion(), Reply.of(REPLY), id="a text"),
        pytest.param(_said(REPLY + " \n"), Reply.of(REPLY), id="stripped at the end"),
        pytest.param(
            _said("<think>真笨</think>您好"), Reply.of("<think>真笨</think>您好"), id="thoughts stay"
        ),
        pytest.param(_completion(finish_reason=None), Reply.of(REPLY), id="a server that gives no reason"),
        pytest.param({**_completion(), "error": None}, Reply.of(REPLY), id="an empty error is none"),
        pytest.param(_said(""), None, id="nothing to say"),
    ],
)
async def test_an_answer(answer: object, reply: Reply | None) -> None:
    assert await _ask(saying(answer)) == reply


ERROR = {"error": {"message": "model overloaded", "type": "server_error"}}


@pytest.mark.parametrize(
    ("behaviour", "error", "code"),
    [
        pytest.param(saying(ERROR), BotError, "upstream", id="an error inside HTTP 200"),
        pytest.param(saying(_completion(finish_reason="length")), BotMalformed, "cut-off", id="cut short"),
        pytest.param(
            saying(_completion(finish_reason="content_filter")), BotMalformed, "content-filter", id="filtered"
        ),
        pytest.param(saying({"choices": []}), BotMalformed, "wrong-shape", id="no choice"),
        pytest.param(saying({}), BotMalformed, "wrong-shape", id="an empty object"),
        pytest.param(saying([REPLY]), BotMalformed, "wrong-shape", id="a list"),
        pytest.param(saying({"choices": [REPLY]}), BotMalformed, "wrong-shape", id="a bare text"),
        pytest.param(saying({"choices": {"0": {}}}), BotMalformed, "wrong-shape", id="choices as an object"),
        pytest.param(saying(_completion(message=None)), BotMalformed, "wrong-shape", id="no message"),
        pytest.param(
            saying(_completion(message={"content": None, "refusal": "no"})),
            BotMalformed,
            "refusal",
            id="refusal",
        ),
        pytest.param(
            saying(_completion(finish_reason=["stop"])), BotMalformed, "wrong-shape", id="odd reason"
        ),
        pytest.param(saying(_said([{"type": "text"}])), BotMalformed, "no-text", id="content in parts"),
        pytest.param(
            answering(json.dumps(_said("您\ud800")).encode()), BotMalformed, "no-json", id="half a character"
        ),
        pytest.param(answering(b"<html>502</html>"), BotMalformed, "no-json", id="a web page"),
        pytest.param(answering(b'{"choices": [], "choices": []}'), BotMalformed, "no-json", id="a key twice"),
        pytest.param(answering(b"[" * 200_000), BotMalformed, "no-json", id="bottomless"),
        pytest.param(endless, BotMalformed, "too-large", id="endless"),
        pytest.param(hanging_up, BotMalformed, "cut-off", id="closes at once"),
        pytest.param(silent, BotTimeout, "timeout", id="says nothing"),
        pytest.param(trickling, BotTimeout, "timeout", id="trickles"),
    ],
)
async def test_what_is_no_answer(behaviour: Behaviour, error: type[BotError], code: str) -> None:
    with pytest.raises(BotError) as caught:
        await _ask(behaviour, give_up_after_s=0.5)
    assert (type(caught.value), caught.value.code) == (error, code)


async def test_a_call_for_a_tool_is_no_reply() -> None:
    wants = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}
    with pytest.raises(BotMalformed):
        await _ask(saying(_completion(message=wants, finish_reason="tool_calls")))


# --- an answer in pieces ----------------------------------------------------------------------


def _chunk(content: str | None, reason: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
USAGE = b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n'
WHOLE = [_chunk(""), _chunk("办事大厅"), _chunk("九点开门。"), _chunk(None, "stop"), USAGE, DONE]


def _bytewise(stream: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in stream]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        pytest.param(WHOLE, REPLY, id="as most servers write it"),
        pytest.param(_bytewise(b"".join(WHOLE)), REPLY, id="byte by byte"),
        pytest.param([b"".join(WHOLE).replace(b"\n", b"\r\n")], REPLY, id="CRLF"),
        pytest.param([b": keepalive\n\n", *WHOLE], REPLY, id="comments"),
        pytest.param([_chunk(REPLY), DONE], REPLY, id="an end without a reason"),
        pytest.param([_chunk(REPLY), _chunk(None, "stop")], REPLY, id="a reason without an end"),
        pytest.param(
            [_chunk("<think>呵呵</think>"), *WHOLE], f"<think>呵呵</think>{REPLY}", id="thoughts stay"
        ),
        pytest.param([b'data: {"choices":\ndata: []}\n\n', *WHOLE], REPLY, id="data of two lines"),
    ],
)
async def test_a_stream_is_collected(pieces: list[bytes], text: str) -> None:
    assert await _ask(in_pieces(pieces), stream=True) == Reply.of(text)


async def test_an_empty_stream_says_nothing() -> None:
    assert await _ask(in_pieces([_chunk(None, "stop"), DONE]), stream=True) is None


def _odd(**choice: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": "乙"}, **choice}]}).encode() + b"\n\n"


ERROR_EVENT = b"data: " + json.dumps(ERROR).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(in_pieces([_chunk("您符合")]), "cut-off", id="ends without a word"),
        pytest.param(in_pieces([_chunk("您符合")], whole=False), "cut-off", id="the connection breaks"),
        pytest.param(in_pieces([_chunk("您"), _chunk("", "length"), DONE]), "cut-off", id="cut short"),
        pytest.param(
            in_pieces([_chunk("您"), _chunk("", "content_filter"), DONE]), "content-filter", id="filtered"
        ),
        pytest.param(in_pieces([_chunk("您"), ERROR_EVENT, DONE]), "upstream", id="an error on the way"),
        pytest.param(in_pieces([_chunk("您"), b"data: oops\n\n", DONE]), "no-json", id="an event is no JSON"),
        pytest.param(in_pieces([b"data: \xe5\x8a\n\n", DONE]), "no-text", id="half a character"),
        pytest.param(
            in_pieces([_chunk("可以"), _odd(delta="不"), DONE]), "wrong-shape", id="a word of odd shape"
        ),
        pytest.param(in_pieces([_chunk("甲"), _odd(index=1), DONE]), "wrong-shape", id="two answers mixed"),
        pytest.param(in_pieces([]), "cut-off", id="nothing at all"),
    ],
)
async def test_a_stream_that_is_not_whole(behaviour: Behaviour, code: str) -> None:
    with pytest.raises(BotError) as caught:
        await _ask(behaviour, stream=True)
    assert caught.value.code == code


async def test_a_stream_that_stalls_is_given_up() -> None:
    with pytest.raises(BotTimeout):
        await _ask(trickling, stream=True, give_up_after_s=0.3)


async def test_a_server_that_streams_unasked_is_no_reply() -> None:
    async with vendor(in_pieces(WHOLE)) as (server, session):
        with pytest.raises(BotMalformed):
            await ChatBotAdapter("m", chat_bot(server.base), session).ask(message(), NO_CONVERSATION)
