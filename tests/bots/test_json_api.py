import json
from datetime import date
from typing import Any

import pytest

from app.bots.json_api import JsonBotAdapter
from app.clients import bot_http
from app.core.errors import BotError, BotMalformed, BotTimeout, ConfigError
from app.core.model import NO_CONVERSATION, MessageKind, Reply
from tests.bots.vendors import (
    REPLY,
    ask_sample,
    asked,
    in_pieces,
    json_bot,
    saying,
    trickling,
    vendor,
)
from tests.platforms.loopback import Behaviour, answering, endless, hanging_up, silent
from tests.values import message


async def _ask(behaviour: Behaviour, **settings: Any) -> Reply | None:
    async with vendor(behaviour) as (server, session):
        adapter = JsonBotAdapter("own", json_bot(server.base, **settings), session)
        return await adapter.ask(message(), NO_CONVERSATION)


# --- the request ------------------------------------------------------------------------------


async def test_the_template_is_filled_at_any_depth() -> None:
    template = {
        "q": "{text}",
        "who": {"id": "{channel}-{user}", "tags": ["{message_id}", {"x": "问：{text}{text}"}]},
        "n": 3,
        "flag": True,
        "none": None,
        "{text}": "a key stays",
    }
    async with vendor(saying({"answer": REPLY})) as (server, session):
        settings = json_bot(server.base + "/ask?v=1", request=template, headers={"X-Api-Key": "k-1"})
        await JsonBotAdapter("own", settings, session).ask(message(), NO_CONVERSATION)
    (received,) = server.received
    assert received.line.startswith("POST /ask?v=1 ")
    assert received.headers["x-api-key"] == "k-1"
    assert asked(received) == {
        "q": "办事大厅几点开门？",
        "who": {"id": "hall-citizen-1", "tags": ["MsgId:1", {"x": "问：" + "办事大厅几点开门？" * 2}]},
        "n": 3,
        "flag": True,
        "none": None,
        "{text}": "a key stays",
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{user}", id="a slot of ours"),
        pytest.param("{0} {x.__class__} %s $q", id="another language's slots"),
        pytest.param('"}, "admin": true, {"', id="quotes and braces"),
        pytest.param("a\\u0022\n\x00", id="escapes"),
    ],
)
async def test_what_a_citizen_writes_fills_no_slot(text: str) -> None:
    async with vendor(saying({"answer": REPLY})) as (server, session):
        settings = json_bot(server.base, request={"q": "{text}", "u": "{user}"})
        await JsonBotAdapter("own", settings, session).ask(message(text=text), NO_CONVERSATION)
    assert asked(server.received[0]) == {"q": text, "u": "citizen-1"}


async def test_what_is_no_text_is_described() -> None:
    async with vendor(saying({"answer": REPLY})) as (server, session):
        adapter = JsonBotAdapter("own", json_bot(server.base), session)
        await adapter.ask(message(kind=MessageKind.IMAGE, text=""), NO_CONVERSATION)
    assert asked(server.received[0]) == {"q": "[图片]"}


STREAM = {"format": "lines", "end_kinds": ["end"]}
POLL = {"url": "http://h/{data.id}", "state_path": "state", "done": ["ok"]}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"request": {"q": "{txt}"}}, id="an unknown slot"),
        pytest.param({"request": {"q": [{"x": "{secret}"}]}}, id="an unknown slot, deep down"),
        pytest.param({"request": {"q": date(2026, 3, 2)}}, id="a date"),
        pytest.param({"request": {"q": float("nan")}}, id="no number"),
        pytest.param({"reply_path": "a..b"}, id="no path"),
        pytest.param({"keep": {"type": "answer"}}, id="nothing to keep from"),
        pytest.param({"stream": STREAM, "success": {"code": "0"}}, id="success of a stream"),
        pytest.param({"stream": STREAM, "poll": POLL}, id="a stream and a ticket"),
        pytest.param({"error_path": "a["}, id="no error path"),
        pytest.param({"success": {"[x]": "1"}}, id="no path of success"),
        pytest.param({"poll": {**POLL, "state_path": "a..b"}}, id="no path of a poll"),
        pytest.param({"poll": {**POLL, "url": "http://h/{a..b}"}}, id="no path in an address"),
        pytest.param(
            {"stream": {"format": "lines", "kind_path": "a..b", "end_kinds": ["end"]}}, id="no path of a kind"
        ),
    ],
)
async def test_what_cannot_be_configured(settings: dict[str, Any]) -> None:
    async with bot_http() as session:
        with pytest.raises(ConfigError, match=r"bots\.own"):
            JsonBotAdapter("own", json_bot("http://127.0.0.1:1", **settings), session)


# --- an answer in one piece -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "settings", "reply"),
    [
        ({"answer": REPLY}, {}, REPLY),
        ({"data": {"outputs": {"text": REPLY}}}, {"reply_path": "data.outputs.text"}, REPLY),
        ({"choices": [{"text": "甲"}, {"text": "乙"}]}, {"reply_path": "choices[1].text"}, "乙"),
        pytest.param([{"text": "甲"}, {"text": "乙"}], {"reply_path": "[*].text"}, "甲\n乙", id="joined"),
        pytest.param(
            [{"image": "x"}, {"text": "乙"}], {"reply_path": "[*].text"}, "乙", id="not all have one"
        ),
        pytest.param([], {"reply_path": "[*].text"}, None, id="an empty list says nothing"),
        pytest.param({"answer": " \n"}, {}, None, id="blank says nothing"),
        pytest.param({"answer": REPLY, "error": ""}, {"error_path": "error"}, REPLY, id="an empty error"),
        pytest.param({"answer": REPLY, "code": 0}, {"error_path": "code"}, REPLY, id="error 0 is none"),
        pytest.param({"answer": REPLY, "errors": []}, {"error_path": "errors"}, REPLY, id="no errors listed"),
        pytest.param(
            {"answer": REPLY, "code": 0, "ok": True},
            {"success": {"code": "0", "ok": "true"}},
            REPLY,
            id="success",
        ),
    ],
)
async def test_an_answer(answer: object, settings: dict[str, Any], reply: str | None) -> None:
    assert await _ask(saying(answer), **settings) == (Reply.of(reply) if reply else None)


@pytest.mark.parametrize(
    ("behaviour", "settings", "error", "code"),
    [
        pytest.param(saying({}), {}, BotMalformed, "wrong-shape", id="nothing at the path"),
        pytest.param(
            saying({"status": "failure"}),
            {"reply_path": "[*].text"},
            BotMalformed,
            "wrong-shape",
            id="no list",
        ),
        pytest.param(saying({"answer": None}), {}, BotMalformed, "no-text", id="null"),
        pytest.param(
            saying([{"image": "x"}]),
            {"reply_path": "[*].text"},
            BotMalformed,
            "wrong-shape",
            id="pictures alone",
        ),
        pytest.param(saying({"answer": 7}), {}, BotMalformed, "no-text", id="a number"),
        pytest.param(saying({"answer": [REPLY]}), {}, BotMalformed, "no-text", id="a list"),
        pytest.param(
            saying([{"text": REPLY}, {"text": 7}]),
            {"reply_path": "[*].text"},
            BotMalformed,
            "no-text",
            id="mixed",
        ),
        pytest.param(
            saying({"answer": REPLY, "error": {"code": 1}}),
            {"error_path": "error"},
            BotError,
            "upstream",
            id="an error inside HTTP 200",
        ),
        pytest.param(
            saying({"answer": REPLY, "code": 500}),
            {"success": {"code": "0"}},
            BotError,
            "upstream",
            id="no success",
        ),
        pytest.param(
            saying({"answer": REPLY}),
            {"success": {"code": "0"}},
            BotError,
            "upstream",
            id="success is not named",
        ),
        pytest.param(
            saying({"answer": REPLY, "code": {"0": 0}}),
            {"success": {"code": "0"}},
            BotError,
            "upstream",
            id="odd",
        ),
        pytest.param(
            answering(b'{"answer": "a", "answer": "b"}'), {}, BotMalformed, "no-json", id="a key twice"
        ),
        pytest.param(answering(b'{"answer": NaN}'), {}, BotMalformed, "no-json", id="NaN"),
        pytest.param(answering(b'{"a":' * 100_000), {}, BotMalformed, "no-json", id="bottomless"),
        pytest.param(
            saying({"answer": REPLY, "code": json.loads("[" * 400 + "]" * 400)}),
            {"success": {"code": "0"}, "error_path": "error"},
            BotMalformed,
            "no-json",
            id="deep where a word is expected",
        ),
        pytest.param(answering(b'{"answer": "\\ud800"}'), {}, BotMalformed, "no-json", id="half a character"),
        pytest.param(answering(b"Internal Server Error"), {}, BotMalformed, "no-json", id="no JSON"),
        pytest.param(endless, {}, BotMalformed, "too-large", id="endless"),
        pytest.param(hanging_up, {}, BotMalformed, "cut-off", id="closes at once"),
        pytest.param(silent, {}, BotTimeout, "timeout", id="says nothing"),
        pytest.param(trickling, {}, BotTimeout, "timeout", id="trickles"),
    ],
)
async def test_what_is_no_answer(
    behaviour: Behaviour, settings: dict[str, Any], error: type[BotError], code: str
) -> None:
    with pytest.raises(BotError) as caught:
        await _ask(behaviour, **{"give_up_after_s": 0.5, **settings})
    assert (type(caught.value), caught.value.code) == (error, code)


# --- an answer in pieces ----------------------------------------------------------------------


def _dify(event: str, **fields: object) -> bytes:
    return b"data: " + json.dumps({"event": event, **fields}, ensure_ascii=False).encode() + b"\n\n"


DIFY = [
    _dify("workflow_started"),
    b"event: ping\n\n",
    _dify("message", answer="办事大厅"),
    _dify("node_finished", data={"answer": "不是给市民看的"}),
    _dify("message", answer="九点开门。"),
    _dify("message_end", metadata={}),
    _dify("workflow_finished", data={"status": "succeeded"}),
]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(DIFY, id="event by event"),
        pytest.param([bytes([byte]) for byte in b"".join(DIFY)], id="byte by byte"),
        pytest.param([b"".join(DIFY).replace(b"\n", b"\r\n")], id="CRLF"),
    ],
)
async def test_a_dify_stream_is_collected(pieces: list[bytes]) -> None:
    assert await ask_sample("dify-stream", in_pieces(pieces)) == Reply.of(REPLY)


BEGUN = _dify("message", answer="您符合")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(in_pieces([BEGUN]), "cut-off", id="ends without message_end"),
        pytest.param(in_pieces([BEGUN], whole=False), "cut-off", id="the connection breaks"),
        pytest.param(in_pieces([BEGUN, _dify("error", status=400)]), "upstream", id="an error event"),
        pytest.param(
            in_pieces([BEGUN, _dify("message_replace", answer="x"), _dify("message_end")]),
            "upstream",
            id="withdrawn by the vendor's own check",
        ),
        pytest.param(in_pieces([b'data: {"event": "message", "answer": 7}\n\n']), "no-text", id="no text"),
        pytest.param(
            in_pieces([BEGUN, _dify("message"), _dify("message_end")]), "wrong-shape", id="a word lost"
        ),
        pytest.param(in_pieces([b"data: {oops\n\n"]), "no-json", id="no JSON"),
        pytest.param(saying({"code": "unauthorized", "status": 401}), "cut-off", id="one JSON error instead"),
    ],
)
async def test_a_dify_stream_that_is_not_whole(behaviour: Behaviour, code: str) -> None:
    with pytest.raises(BotError) as caught:
        await ask_sample("dify-stream", behaviour)
    assert caught.value.code == code


LINES = {"format": "lines", "kind_path": "kind", "text_kinds": ["text"], "end_kinds": ["end"]}


@pytest.mark.parametrize(
    ("stream", "settings", "text"),
    [
        pytest.param(
            '{"kind":"text","answer":"甲"}\n\n{"kind":"text","answer":"乙"}\r\n{"kind":"end"}\n',
            {"stream": LINES},
            "甲乙",
            id="lines",
        ),
        pytest.param(
            'data: {"answer":"甲"}\n\ndata: {"answer":"乙"}\n\ndata: [DONE]\n\n',
            {"stream": {"format": "events", "end_kinds": ["[DONE]"]}},
            "甲乙",
            id="an end that is one word",
        ),
        pytest.param(
            'event: answer\ndata: {"answer":"甲"}\n\n'
            'event: note\ndata: {"answer":"丙"}\n\n'
            'event: done\ndata: ""\n\n',
            {"stream": {"format": "events", "text_kinds": ["answer"], "end_kinds": ["done"]}},
            "甲",
            id="kinds are the events' names",
        ),
    ],
)
async def test_other_streams(stream: str, settings: dict[str, Any], text: str) -> None:
    assert await _ask(answering(stream.encode()), **settings) == Reply.of(text)


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param('{"kind":"text","answer":"甲"}\n', "cut-off", id="no end"),
        pytest.param('{"kind":"text","answer":"甲"}\n{"kind":"e', "no-json", id="cut in a line"),
        pytest.param('{"kind":"text","answer":"甲"}\n{"kind":"error"}\n', "upstream", id="an error line"),
        pytest.param('{"error":"quota"}\n{"kind":"end"}\n', "upstream", id="something at error_path"),
    ],
)
async def test_lines_that_are_not_whole(stream: str, code: str) -> None:
    with pytest.raises(BotError) as caught:
        await _ask(answering(stream.encode()), stream=LINES, error_path="error")
    assert caught.value.code == code
