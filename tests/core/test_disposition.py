"""What becomes of a bot's answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.disposition import Fallbacks, abandon, defer, dispose, fail, with_objections
from app.core.model import Category, Disposition, Finding, Message, Reply, SendWindow, Severity, Verdict
from app.core.records import ExchangeState, Outcome
from tests.values import BLOCKED, MOCKED, NOON, RELEASED, exchange, message

REPLY = Reply.of("办事大厅九点开门。")
HELD_TEXT, LATE_TEXT = Reply.of("请稍候，正在核实。"), Reply.of("请稍候。")
SPEAKS = Fallbacks(HELD_TEXT, LATE_TEXT)
MUTE = Fallbacks(None, None)

COMMENT = message(passive=False)
ONE_MINUTE = message(window=SendWindow(NOON + timedelta(minutes=1), 3, reviewable=False))
CLOSED = message(window=None)


def disposed(
    said: Message,
    reply: Reply | None,
    verdict: Verdict | None,
    *,
    in_time: bool,
    fallbacks: Fallbacks = SPEAKS,
) -> Outcome:
    return dispose(
        exchange(message=said),
        reply,
        verdict,
        in_time=in_time,
        fallbacks=fallbacks,
        now=NOON + timedelta(seconds=2),
        new_id="new-1",
    )


@pytest.mark.parametrize(
    ("said", "reply", "verdict", "in_time", "state", "answer"),
    [
        pytest.param(message(), REPLY, RELEASED, True, ExchangeState.ANSWERED, REPLY, id="good and in time"),
        pytest.param(message(), REPLY, RELEASED, False, ExchangeState.QUEUED, LATE_TEXT, id="good but late"),
        pytest.param(message(), REPLY, MOCKED, True, ExchangeState.HELD, HELD_TEXT, id="mocking"),
        pytest.param(
            message(), REPLY, BLOCKED, True, ExchangeState.HELD, HELD_TEXT, id="blocked is held too"
        ),
        pytest.param(message(), REPLY, MOCKED, False, ExchangeState.HELD, LATE_TEXT, id="mocking and late"),
        pytest.param(message(), None, None, True, ExchangeState.SILENT, None, id="bot says nothing"),
        pytest.param(
            message(), None, None, False, ExchangeState.UNANSWERED, LATE_TEXT, id="nothing after a promise"
        ),
        pytest.param(COMMENT, REPLY, RELEASED, True, ExchangeState.QUEUED, None, id="comments are delivered"),
        pytest.param(COMMENT, REPLY, MOCKED, True, ExchangeState.HELD, None, id="comments hear no fallback"),
        pytest.param(CLOSED, REPLY, RELEASED, False, ExchangeState.UNANSWERED, LATE_TEXT, id="no window"),
    ],
)
def test_dispose(
    said: Message,
    reply: Reply | None,
    verdict: Verdict | None,
    in_time: bool,
    state: ExchangeState,
    answer: Reply | None,
) -> None:
    outcome = disposed(said, reply, verdict, in_time=in_time)
    assert (outcome.exchange.state, outcome.response) == (state, answer)
    assert (outcome.hold is not None) == (state is ExchangeState.HELD)
    assert (outcome.delivery is not None) == (state is ExchangeState.QUEUED)


def test_silence_is_no_broken_promise_where_nothing_was_promised() -> None:
    outcome = disposed(message(), None, None, in_time=False, fallbacks=MUTE)
    assert outcome.exchange.state is ExchangeState.SILENT


def test_a_hold_from_a_one_minute_window_says_it_cannot_be_reviewed_in_time() -> None:
    held = disposed(ONE_MINUTE, REPLY, MOCKED, in_time=True).hold
    assert held is not None
    assert (held.reviewable, held.deliver_by) == (False, NOON + timedelta(minutes=1))


def test_a_reply_later_than_its_window_is_listed_not_queued() -> None:
    said = message(window=SendWindow(NOON + timedelta(seconds=1), 3))
    outcome = disposed(said, REPLY, RELEASED, in_time=False)
    assert (outcome.exchange.state, outcome.exchange.why) == (ExchangeState.UNANSWERED, "window-closed")


def test_a_failed_bot_leaves_the_message_listed() -> None:
    outcome = fail(exchange(), "timeout", fallbacks=SPEAKS, now=NOON)
    assert (outcome.exchange.state, outcome.exchange.why, outcome.response) == (
        ExchangeState.UNANSWERED,
        "bot-timeout",
        LATE_TEXT,
    )


def test_an_answer_durable_too_late_becomes_a_delivery() -> None:
    in_time = disposed(message(), REPLY, RELEASED, in_time=True)
    late = defer(in_time, fallbacks=SPEAKS, now=NOON + timedelta(seconds=5), new_id="new-2")
    assert late.exchange.state is ExchangeState.QUEUED
    assert late.response == LATE_TEXT
    assert late.delivery is not None
    assert late.delivery.reply == REPLY


def test_an_abandoned_message_is_listed() -> None:
    assert abandon(exchange(), NOON).state is ExchangeState.UNANSWERED


@pytest.mark.parametrize(
    ("verdict", "disposition"),
    [
        pytest.param(RELEASED, Disposition.HOLD, id="good words, too long"),
        pytest.param(BLOCKED, Disposition.BLOCK, id="never softens a block"),
    ],
)
def test_what_the_platform_does_not_take_is_never_released(
    verdict: Verdict, disposition: Disposition
) -> None:
    objection = Finding("system.too-long", Category.SYSTEM, Severity.MEDIUM, "回复过长")
    judged = with_objections(verdict, [objection])
    assert judged.disposition is disposition
    assert objection in judged.findings


def test_no_objection_changes_nothing() -> None:
    assert with_objections(replace(RELEASED), ()) == RELEASED
