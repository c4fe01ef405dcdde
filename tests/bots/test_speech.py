from typing import Any

import pytest

from app.bots.speech import reply_of, spoken
from app.core.errors import BotMalformed
from app.core.model import MessageKind, Reply
from tests.values import message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"text": "几点开门？"}, "几点开门？", id="text as it is"),
        pytest.param({"kind": MessageKind.COMMENT, "text": "好慢"}, "好慢", id="a comment is text"),
        pytest.param({"kind": MessageKind.IMAGE, "text": ""}, "[图片]", id="image"),
        pytest.param(
            {"kind": MessageKind.VOICE, "text": "几点开门"}, "[语音]几点开门", id="recognised speech"
        ),
        pytest.param({"kind": MessageKind.LOCATION, "text": "人民路1号"}, "[位置]人民路1号", id="location"),
        pytest.param(
            {"kind": MessageKind.EVENT, "text": "", "event": "subscribe"}, "[事件 subscribe]", id="event"
        ),
        pytest.param(
            {"kind": MessageKind.EVENT, "text": "", "event": "click", "event_key": "HOURS"},
            "[事件 click HOURS]",
            id="event with its key",
        ),
        pytest.param({"kind": MessageKind.UNKNOWN, "text": ""}, "[无法识别的消息]", id="unknown"),
    ],
)
def test_spoken(changes: dict[str, Any], words: str) -> None:
    assert spoken(message(**changes)) == words


@pytest.mark.parametrize("kind", list(MessageKind))
def test_no_kind_is_told_as_nothing(kind: MessageKind) -> None:
    assert spoken(message(kind=kind, text="", event="view")) != "" or kind in (
        MessageKind.TEXT,
        MessageKind.COMMENT,
        MessageKind.MENTION,
    )


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("您好。\n", Reply.of("您好。")),
        pytest.param("  您好", Reply.of("  您好"), id="only the end is stripped"),
        pytest.param("<think>嘲讽他</think>您好", Reply.of("<think>嘲讽他</think>您好"), id="thoughts stay"),
        ("", None),
        (" \n\u3000", None),
    ],
)
def test_reply_of(text: str, reply: Reply | None) -> None:
    assert reply_of(text) == reply


@pytest.mark.parametrize("text", [pytest.param("您\ud800好", id="half a surrogate pair"), 7, None, ["您好"]])
def test_what_is_no_text(text: object) -> None:
    with pytest.raises(BotMalformed) as caught:
        reply_of(text)
    assert caught.value.code == "no-text"
