"""What became of a submitted text, and what its submitter is told of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.core.manuscripts import Fate, Manuscript, callback_of, message_key
from app.core.model import Reply
from app.core.records import ExchangeState, Hold, HoldState, PostState
from tests.values import NOON, exchange, hold, message

OURS = {"press"}
HANDED_IN = message(
    message_key("press", idempotency_key="", exchange_id="exchange-1"),
    account="press",
    text="我住幸福路 8 号，电话 13800138000。",
    extra={"reference": "稿 8"},
    window=None,
)


def submitted(state: HoldState, **changes: Any) -> Hold:
    decided = {"decided_by": "li", "decided_at": NOON} if state is not HoldState.PENDING else {}
    fields = {"message": HANDED_IN, "deliver_by": None, "state": state, **decided, **changes}
    return hold(**fields)


@pytest.mark.parametrize(
    ("state", "final", "fate", "text"),
    [
        pytest.param(HoldState.PENDING, None, Fate.HELD, None, id="待审"),
        pytest.param(HoldState.CLAIMED, None, Fate.HELD, None, id="认领了还是待审"),
        pytest.param(HoldState.APPROVED, "照发", Fate.APPROVED, "照发", id="放行"),
        pytest.param(HoldState.EDITED, "改过", Fate.EDITED, "改过", id="改后放行"),
        pytest.param(HoldState.REJECTED, None, Fate.REJECTED, None, id="拦截"),
        pytest.param(HoldState.REJECTED, "改说", Fate.REJECTED, "改说", id="拦截并改说"),
        pytest.param(HoldState.TRANSFERRED, None, Fate.TRANSFERRED, None, id="转办"),
        pytest.param(HoldState.EXPIRED, None, Fate.EXPIRED, None, id="过期"),
    ],
)
def test_only_what_a_person_released_may_be_published(
    state: HoldState, final: str | None, fate: Fate, text: str | None
) -> None:
    made = submitted(state, final=Reply.of(final) if final else None)
    found = Manuscript(exchange(message=HANDED_IN, state=ExchangeState.HELD), made)
    assert (found.fate, found.text) == (fate, text)
    told = callback_of(made, OURS)
    assert (told is None) == (fate is Fate.HELD)
    if told is not None:
        body = json.loads(told.body)
        assert (body["status"], body["text"]) == (fate, text)


@pytest.mark.parametrize(
    ("state", "fate", "text"),
    [
        pytest.param(ExchangeState.CLAIMED, Fate.CHECKING, None, id="being judged"),
        pytest.param(ExchangeState.ANSWERED, Fate.RELEASED, "好", id="passed by itself"),
        pytest.param(ExchangeState.UNANSWERED, Fate.INTERRUPTED, None, id="cut short by a crash"),
        pytest.param(ExchangeState.CLOSED, Fate.INTERRUPTED, None, id="cut short, and closed by a person"),
    ],
)
def test_what_was_not_held(state: ExchangeState, fate: Fate, text: str | None) -> None:
    found = Manuscript(exchange(message=HANDED_IN, state=state, answer=Reply.of("好")))
    assert (found.fate, found.text) == (fate, text)


def test_a_callback_tells_neither_the_citizens_words_nor_who_decided() -> None:
    made = submitted(HoldState.REJECTED, reason="当事人电话 13800138000 不能写", decided_by="李审核")
    told = callback_of(made, OURS)
    assert told is not None
    assert "幸福路" not in told.body
    assert "李审核" not in told.body
    assert "13800138000" not in told.body
    assert json.loads(told.body) == {
        "version": 1,
        "event": "reply.decided",
        "id": "hold-1",
        "reply_id": "exchange-1",
        "channel": "hall",
        "reference": "稿 8",
        "status": "rejected",
        "text": None,
        "reason": "当事人电话 [号码] 不能写",
        "transferred_to": "",
        "decided_at": "2026-03-02T04:00:00+00:00",
    }


def test_without_an_address_it_is_kept_to_be_fetched() -> None:
    made = submitted(HoldState.REJECTED)
    posted, kept = callback_of(made, OURS), callback_of(made, set())
    assert posted is not None
    assert kept is not None
    assert (posted.state, posted.next_at) == (PostState.QUEUED, NOON)
    assert (kept.state, kept.next_at) == (PostState.KEPT, None)


def test_a_platforms_hold_calls_nobody_back() -> None:
    made = replace(submitted(HoldState.REJECTED), message=message(account="press"))
    assert callback_of(made, OURS) is None


def test_no_two_manuscripts_share_a_key() -> None:
    keys = {
        message_key("press", idempotency_key="id:7", exchange_id="8"),
        message_key("press", idempotency_key="", exchange_id="7"),
        message_key("press", idempotency_key="7", exchange_id="8"),
        message_key("wiki", idempotency_key="7", exchange_id="8"),
    }
    assert len(keys) == 4
