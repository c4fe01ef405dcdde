"""A line of JSON becomes a question for the checker, or a reason that quotes nothing."""

import json
from typing import Any

import pytest

from app.core.model import Conversation, Reply
from app.loading.inquiries import read_inquiry


@pytest.mark.parametrize(
    ("line", "message", "turns"),
    [
        pytest.param({"text": "您好"}, "", [], id="no context"),
        pytest.param({"text": "您好", "context": None}, "", [], id="an empty context"),
        pytest.param(
            {"text": "您好", "context": "几点开门？"}, "几点开门？", [], id="what the citizen wrote"
        ),
        pytest.param({"text": "您好", "id": 7, "label": "ok"}, "", [], id="keys of the asker's own"),
        pytest.param(
            {"text": "您好", "context": {"message": "再问", "turns": [{"asked": "问", "answered": "答"}]}},
            "再问",
            [("问", "答")],
            id="with the turns before",
        ),
    ],
)
def test_read(line: dict[str, Any], message: str, turns: list[tuple[str, str]]) -> None:
    read = read_inquiry(json.dumps(line, ensure_ascii=False).encode())
    assert read.reply == Reply.of("您好")
    assert read.conversation.message == message
    assert [(turn.asked, turn.answered) for turn in read.conversation.turns] == turns


def test_a_byte_order_mark_is_passed_by() -> None:
    assert read_inquiry(b'\xef\xbb\xbf{"text": "a"}').conversation == Conversation()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"text": "secret', id="cut off"),
        pytest.param(b'"secret"', id="no object"),
        pytest.param(b'{"context": "secret"}', id="no text"),
        pytest.param(b'{"text": 3, "x": "secret"}', id="a number for a text"),
        pytest.param(b'{"text": "secret", "context": 3}', id="a number for a context"),
        pytest.param(b'{"text": "secret", "context": {"turns": ["secret"]}}', id="turns that are none"),
        pytest.param(b'{"text": "secret\xff"}', id="no UTF-8"),
        pytest.param(b'{"text": "secret\\ud800"}', id="half a character"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_what_cannot_be_read_is_not_quoted(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_inquiry(line)
    assert "secret" not in str(caught.value)
