"""Contract of Store: a message comes in, once or again, and is worked on by one only."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.errors import BodyChanged, Conflict, NotFound
from app.core.model import Conversation, Reply, SendWindow, Turn
from app.core.records import Claim, DeliveryState, ExchangeState, Outcome
from app.ports import Store
from tests.contract.conftest import OpenStore
from tests.contract.given import HOUR, SECOND, answered, claimed, held, queued, sent
from tests.values import NOON, exchange, message

LAPSED = NOON + timedelta(seconds=91)
"""A second after the lease of a claim made at NOON."""


async def test_an_unseen_message_is_stored_as_it_is(store: Store) -> None:
    raw = b"<xml>\xff\x00</xml>"
    made = exchange(message=message(raw=raw, extra={"MediaId": "m-1", "空": ""}))
    assert await store.claim(made, NOON) == Claim(made, True, Conversation(made.message.text, (), "hall"))
    assert await store.exchange(made.id) == made
    assert await store.find_exchange("hall", "MsgId:1") == made


@pytest.mark.parametrize("key", ["MsgId:\0", "MsgId:\ud800"], ids=["no text to PostgreSQL", "no text at all"])
async def test_a_resend_of_a_message_whose_name_no_database_takes_is_known_again(
    store: Store, key: str
) -> None:
    await store.claim(exchange(message=replace(message(), key=key)), NOON)
    again = await store.claim(exchange("exchange-2", message=replace(message(), key=key)), NOON)
    assert (again.fresh, again.exchange.id) == (False, "exchange-1")
    assert (await store.find_exchange("hall", key)).id == "exchange-1"


async def test_what_was_claimed_is_there_after_a_restart(store: Store, open_store: OpenStore) -> None:
    claim = await claimed(store)
    await store.aclose()
    assert await (await open_store()).exchange(claim.exchange.id) == claim.exchange


async def test_unknown_exchanges_are_not_found(store: Store) -> None:
    await claimed(store)
    with pytest.raises(NotFound):
        await store.exchange("exchange-2")
    with pytest.raises(NotFound):
        await store.find_exchange("weibo", "MsgId:1")


@pytest.mark.parametrize(
    ("now", "fresh", "fence"),
    [
        pytest.param(NOON + 5 * SECOND, False, 1, id="while somebody is at it: seen"),
        pytest.param(NOON + 90 * SECOND, False, 1, id="at the lease's last instant: seen"),
        pytest.param(LAPSED, True, 2, id="after the lease: taken over"),
    ],
)
async def test_a_resend_of_an_open_message(store: Store, now: datetime, fresh: bool, fence: int) -> None:
    first = await claimed(store)
    resend = replace(first.exchange, id="exchange-2", claimed_until=now + 90 * SECOND)
    claim = await store.claim(resend, now)
    assert (claim.fresh, claim.exchange.id, claim.exchange.fence) == (fresh, "exchange-1", fence)
    assert claim.exchange.claimed_until == (resend if fresh else first.exchange).claimed_until
    assert await store.exchange("exchange-1") == claim.exchange
    with pytest.raises(NotFound):
        await store.exchange("exchange-2")


async def test_a_resend_of_a_finished_message_gets_the_recorded_answer(store: Store) -> None:
    outcome = answered((await claimed(store)).exchange)
    await store.record(outcome)
    again = await store.claim(exchange("exchange-2"), LAPSED)
    assert again == Claim(outcome.exchange, fresh=False)


@pytest.mark.parametrize("finished", [False, True], ids=["while open", "when finished"])
async def test_another_body_under_a_known_key_is_refused(store: Store, finished: bool) -> None:
    claim = await claimed(store)
    if finished:
        await store.record(answered(claim.exchange))
    with pytest.raises(BodyChanged):
        await store.claim(exchange("exchange-2", message=message(raw=b"<xml>forged</xml>")), LAPSED)


async def test_the_same_key_on_another_channel_is_another_message(store: Store) -> None:
    assert (await claimed(store, 1, channel="hall")).fresh
    other = exchange("exchange-2", message=message("MsgId:1", channel="weibo"))
    assert (await store.claim(other, NOON)).fresh


async def test_of_two_hundred_at_once_one_is_fresh(store: Store) -> None:
    claims = await asyncio.gather(*(store.claim(exchange(f"exchange-{n}"), NOON) for n in range(200)))
    assert Counter(claim.fresh for claim in claims) == {True: 1, False: 199}
    assert len({claim.exchange.id for claim in claims}) == 1


async def test_of_two_hundred_resends_one_takes_over(store: Store) -> None:
    await claimed(store)
    resends = [exchange(f"resend-{n}", claimed_until=LAPSED + HOUR) for n in range(200)]
    claims = await asyncio.gather(*(store.claim(resend, LAPSED) for resend in resends))
    assert Counter(claim.fresh for claim in claims) == {True: 1, False: 199}
    assert {claim.exchange.fence for claim in claims} == {2}


async def test_a_forged_body_among_many_at_once_spoils_only_itself(store: Store) -> None:
    genuine = [exchange(f"exchange-{n}", message=message(f"MsgId:{n}")) for n in range(20)]
    forged = exchange("forged", message=message("MsgId:7", raw=b"forged"))
    results = await asyncio.gather(
        *(store.claim(one, NOON) for one in (*genuine, forged)), return_exceptions=True
    )
    assert isinstance(results[-1], BodyChanged)
    assert [result.fresh for result in results[:-1] if isinstance(result, Claim)] == [True] * 20


async def test_a_claim_whose_confirmation_was_lost_may_be_repeated(store: Store) -> None:
    """The caller tries again with the same id when it does not know whether the first try was written."""
    first = await claimed(store)
    assert (await store.claim(first.exchange, NOON + SECOND)).fresh


async def test_after_a_take_over_the_first_owner_is_refused(store: Store) -> None:
    first = await claimed(store)
    second = await store.claim(exchange("exchange-2"), LAPSED)
    with pytest.raises(Conflict):
        await store.record(answered(first.exchange))
    await store.record(answered(second.exchange))
    assert (await store.exchange("exchange-1")).state is ExchangeState.ANSWERED


async def test_a_claim_repeated_after_a_take_over_is_not_fresh(store: Store) -> None:
    first = await claimed(store)
    await store.claim(exchange("exchange-2", claimed_until=LAPSED + HOUR), LAPSED)
    assert not (await store.claim(first.exchange, LAPSED)).fresh


# --- the conversation so far ------------------------------------------------------------------


async def talk(store: Store, minutes_ago: int, asked: str, said: str, **changes: Any) -> None:
    """An earlier message, answered with `said`."""
    at = NOON - timedelta(minutes=minutes_ago)
    claim = await claimed(store, 1000 + minutes_ago, at=at, text=asked, **changes)
    await store.record(answered(claim.exchange, said))


def turn(minutes_ago: int, asked: str, said: str) -> Turn:
    return Turn(asked, said, NOON - timedelta(minutes=minutes_ago))


async def test_a_conversation_is_told_oldest_first(store: Store) -> None:
    await talk(store, 5, "那要带什么？", "身份证。")
    await talk(store, 9, "可以代办吗？", "可以。")
    claim = await claimed(store, text="谢谢")
    told = Conversation(
        "谢谢", (turn(9, "可以代办吗？", "可以。"), turn(5, "那要带什么？", "身份证。")), "hall"
    )
    assert claim.conversation == told


async def test_a_conversation_is_the_last_six_turns(store: Store) -> None:
    for minutes_ago in range(9, 0, -1):
        await talk(store, minutes_ago, f"问{minutes_ago}", "答")
    claim = await claimed(store)
    assert [one.asked for one in claim.conversation.turns] == ["问6", "问5", "问4", "问3", "问2", "问1"]


@pytest.mark.parametrize(
    ("minutes_ago", "changes", "known"),
    [
        pytest.param(30, {}, True, id="half an hour ago belongs to it"),
        pytest.param(31, {}, False, id="longer ago does not"),
        pytest.param(5, {"user": "citizen-2"}, False, id="another follower does not"),
        pytest.param(5, {"channel": "weibo"}, False, id="another channel does not"),
    ],
)
async def test_what_belongs_to_a_conversation(
    store: Store, minutes_ago: int, changes: dict[str, Any], known: bool
) -> None:
    await talk(store, minutes_ago, "问", "答", **changes)
    claim = await claimed(store)
    assert bool(claim.conversation.turns) is known


async def test_conversations_of_many_at_once_are_not_mixed(store: Store) -> None:
    for number in range(5):
        await talk(store, number + 1, f"问{number}", "答", user=f"citizen-{number}")
    claims = await asyncio.gather(*(claimed(store, n, user=f"citizen-{n}") for n in range(5)))
    assert [[one.asked for one in claim.conversation.turns] for claim in claims] == [
        [f"问{number}"] for number in range(5)
    ]


async def test_a_wordless_event_is_no_turn(store: Store) -> None:
    silent = await claimed(store, 1, at=NOON - 60 * SECOND, text="")
    await store.record(Outcome(replace(silent.exchange, state=ExchangeState.SILENT)))
    assert (await claimed(store, 2)).conversation.turns == ()


async def test_a_held_draft_is_never_quoted_as_said(store: Store) -> None:
    await held(store, 1, at=NOON - 60 * SECOND, reply=Reply.of("呵呵，您真行。"))
    (earlier,) = (await claimed(store, 2)).conversation.turns
    assert earlier.answered == "您的留言已收到。"


async def test_what_was_delivered_later_is_what_was_said(store: Store) -> None:
    at = NOON - 60 * SECOND
    delivery = await queued(store, 1, at=at, reply=Reply.of("请带身份证。"))
    await sent(store, delivery, DeliveryState.DELIVERED, at)
    (earlier,) = (await claimed(store, 2)).conversation.turns
    assert earlier.answered == "请带身份证。"


async def test_who_takes_a_message_over_gets_the_conversation_too(store: Store) -> None:
    await talk(store, 5, "问", "答")
    await claimed(store)
    taken = await store.claim(exchange("exchange-2"), LAPSED)
    assert taken.conversation.turns == (turn(5, "问", "答"),)


# --- the window a message opens ---------------------------------------------------------------

SOON = NOON + HOUR
LATER = NOON + timedelta(hours=48)
LATEST = NOON + timedelta(hours=72)


async def write_again(store: Store, closes_at: datetime | None, **changes: Any) -> None:
    window = SendWindow(closes_at, 5) if closes_at else None
    await claimed(store, 77, at=NOON + 10 * SECOND, window=window, **changes)


@pytest.mark.parametrize(
    ("before", "opened", "after"),
    [
        pytest.param(LATER, LATEST, LATEST, id="a later window counts"),
        pytest.param(LATER, SOON, LATER, id="a menu click's minute does not shorten it"),
        pytest.param(LATER, None, LATER, id="a message that opens none changes nothing"),
        pytest.param(None, LATER, LATER, id="where none was open, one is open now"),
    ],
)
async def test_a_new_message_extends_open_holds(
    store: Store, before: datetime | None, opened: datetime | None, after: datetime | None
) -> None:
    await held(store, deliver_by=before)
    await write_again(store, opened)
    assert (await store.hold("hold-1")).deliver_by == after


@pytest.mark.parametrize(
    "changes", [{"user": "citizen-2"}, {"channel": "weibo"}], ids=["another follower", "another channel"]
)
async def test_a_message_of_somebody_else_extends_nothing(store: Store, changes: dict[str, Any]) -> None:
    await held(store, 1, deliver_by=LATER)
    await queued(store, 2, deliver_by=LATER)
    await write_again(store, LATEST, **changes)
    assert (await store.hold("hold-1")).deliver_by == LATER
    assert (await store.delivery("delivery-2")).deliver_by == LATER


async def test_a_resend_extends_nothing(store: Store) -> None:
    await claimed(store, 77)
    await held(store, deliver_by=LATER)
    await write_again(store, None)
    resent = exchange("resend", message=message("MsgId:77", window=SendWindow(LATEST, 5)))
    assert not (await store.claim(resent, NOON)).fresh
    assert (await store.hold("hold-1")).deliver_by == LATER


@pytest.mark.parametrize(
    ("state", "extended"),
    [
        (DeliveryState.QUEUED, True),
        (DeliveryState.SENDING, True),
        (DeliveryState.RETRYING, True),
        (DeliveryState.FAILED, True),
        (DeliveryState.UNCERTAIN, True),
        (DeliveryState.DELIVERED, False),
        (DeliveryState.EXPIRED, False),
    ],
)
async def test_a_new_message_extends_what_may_still_be_sent(
    store: Store, state: DeliveryState, extended: bool
) -> None:
    delivery = await queued(store, deliver_by=LATER)
    if state is not DeliveryState.QUEUED:
        await sent(store, delivery, state, NOON)
    await write_again(store, LATEST)
    assert (await store.delivery("delivery-1")).deliver_by == (LATEST if extended else LATER)
