"""A test message, and the answer that nobody else can write."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.canary import Canary
from app.core.model import MessageKind
from tests.values import NOON, message

CANARY = Canary("hall", frozenset({"tester"}), "慎言值守", b"a secret of the office's own")
TEST = message(user="tester", text="慎言值守")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        pytest.param({}, True, id="the tester's keyword"),
        pytest.param({"text": " 慎言值守\n"}, True, id="with white space around it"),
        pytest.param({"user": "citizen-1"}, False, id="a citizen who knows the keyword"),
        pytest.param({"text": "慎言值守吗"}, False, id="more than the keyword"),
        pytest.param({"text": ""}, False, id="nothing"),
        pytest.param({"kind": MessageKind.EVENT}, False, id="an event"),
        pytest.param({"kind": MessageKind.COMMENT}, False, id="a comment, which everybody reads"),
    ],
)
def test_only_the_testers_keyword_is_answered(changes: dict[str, object], answered: bool) -> None:
    assert (CANARY.reply(replace(TEST, **changes)) is not None) is answered  # type: ignore[arg-type]


def test_a_resend_has_the_same_answer_and_the_next_minute_another() -> None:
    first = CANARY.reply(TEST)
    assert CANARY.reply(replace(TEST, received_at=NOON + 3 * MINUTE)) == first
    assert CANARY.reply(replace(TEST, sent_at=NOON + MINUTE)) != first


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(CANARY, channel="weibo"), id="another channel"),
        pytest.param(replace(CANARY, secret=b"a secret of somebody else's"), id="another secret"),
    ],
)
def test_nobody_else_writes_it(other: Canary) -> None:
    assert not other.is_ours(CANARY.text_at(NOON), NOON)


@pytest.mark.parametrize(
    ("text", "after", "ours"),
    [
        pytest.param(CANARY.text_at(NOON), timedelta(), True, id="at once"),
        pytest.param(f" {CANARY.text_at(NOON)}\n", timedelta(), True, id="with white space around it"),
        pytest.param(CANARY.text_at(NOON), 30 * MINUTE, True, id="half an hour later"),
        pytest.param(CANARY.text_at(NOON), 33 * MINUTE, False, id="one that was kept"),
        pytest.param(CANARY.text_at(NOON), -2 * MINUTE, True, id="by a clock that is behind"),
        pytest.param(CANARY.text_at(NOON), -5 * MINUTE, False, id="one of a time to come"),
        pytest.param(CANARY.text_at(NOON)[:-1], timedelta(), False, id="cut short"),
        pytest.param(CANARY.text_at(NOON) + "呵呵", timedelta(), False, id="with something added"),
        pytest.param("您好，我是小助手。", timedelta(), False, id="somebody else's words"),
        pytest.param("", timedelta(), False, id="nothing"),
        pytest.param("\ud83d", timedelta(), False, id="half a character"),
    ],
)
def test_a_report_is_ours_or_not(text: str, after: timedelta, ours: bool) -> None:
    assert CANARY.is_ours(text, NOON + after) is ours


def test_the_secret_stands_in_no_representation() -> None:
    assert "secret" not in repr(CANARY)
