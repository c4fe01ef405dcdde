"""Contract of Store: what became of a message is written whole or not at all, by its owner alone."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.core.errors import Conflict, Invalid, NotFound, StoreError
from app.core.model import (
    Card,
    Cards,
    Media,
    MediaKind,
    Menu,
    MenuItem,
    Opaque,
    Position,
    Reply,
    Text,
    Transfer,
)
from app.core.records import DeliveryState, Exchange, ExchangeState, Outcome
from app.ports import Store
from tests.contract.given import HOUR, SECOND, answered, claimed, entry, held, queued, waiting
from tests.values import NOON, exchange, hold, message


async def test_exchange_hold_delivery_and_audit_are_written_together(store: Store) -> None:
    claim = await claimed(store)
    outcome = replace(
        answered(claim.exchange),
        hold=hold(message=claim.exchange.message),
        delivery=waiting(claim.exchange.message, claim.exchange.id, "delivery-1", hold_id="hold-1"),
        audit=entry(),
    )
    await store.record(outcome)
    assert await store.exchange("exchange-1") == outcome.exchange
    assert await store.hold("hold-1") == outcome.hold
    assert await store.delivery("delivery-1") == outcome.delivery
    assert [one.subject async for one in store.audit_trail()] == ["hold:hold-1"]


async def test_every_kind_of_part_comes_back_as_it_was(store: Store) -> None:
    reply = Reply(
        (
            Text("您好\u0000😀"),
            Cards((Card("标题", "摘要", "https://example.gov.cn", ""), Card("二"))),
            Menu("满意吗？", (MenuItem("101", "满意"), MenuItem("102", "不满意")), "谢谢"),
            Media(MediaKind.MUSIC, "id", "题", "述", "https://example.gov.cn/a.mp3", {"HQMusicUrl": "x"}),
            Position("116.39", "39.90"),
            Transfer("kf2001@hall"),
            Opaque("wxcard"),
        )
    )
    outcome = answered((await claimed(store)).exchange)
    outcome = Outcome(replace(outcome.exchange, reply=reply, answer=None))
    await store.record(outcome)
    assert (await store.exchange("exchange-1")).reply == reply


async def test_text_that_is_no_unicode_is_kept_with_its_length(store: Store) -> None:
    """A vendor's JSON may carry half a surrogate pair; refusing to write it would lose the message."""
    outcome = answered((await claimed(store, text="问\ud83d", user="u\ud83d")).exchange, "答\ud83d完")
    await store.record(outcome)
    stored = await store.exchange("exchange-1")
    assert stored.reply is not None
    assert (len(stored.reply.text), stored.reply.text[0], stored.reply.text[-1]) == (3, "答", "完")


@pytest.mark.parametrize("state", [state for state in ExchangeState if state is not ExchangeState.CLAIMED])
async def test_a_concluded_exchange_is_not_recorded_again(store: Store, state: ExchangeState) -> None:
    claim = await claimed(store)
    concluded = Outcome(replace(claim.exchange, state=state))
    await store.record(concluded)
    with pytest.raises(Conflict) as conflict:
        await store.record(
            replace(answered(claim.exchange), hold=hold(message=claim.exchange.message), audit=entry())
        )
    assert conflict.value.state == state.value
    assert await store.exchange("exchange-1") == concluded.exchange
    with pytest.raises(NotFound):
        await store.hold("hold-1")
    assert [one async for one in store.audit_trail()] == []


async def test_nothing_is_recorded_for_a_message_that_never_came(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.record(answered(exchange()))


async def test_of_two_records_at_once_one_wins(store: Store) -> None:
    claim = await claimed(store)
    texts = ["甲", "乙"]
    results = await asyncio.gather(
        *(store.record(answered(claim.exchange, text)) for text in texts), return_exceptions=True
    )
    (lost,) = [position for position, result in enumerate(results) if isinstance(result, Conflict)]
    stored = await store.exchange("exchange-1")
    assert stored.answer == Reply.of(texts[1 - lost])


async def test_an_outcome_that_cannot_be_written_whole_is_not_written(store: Store) -> None:
    await held(store, 1)
    claim = await claimed(store, 2)
    taken_id = hold("hold-1", exchange_id="exchange-2", message=claim.exchange.message)
    with pytest.raises(StoreError):
        await store.record(replace(answered(claim.exchange), hold=taken_id, audit=entry()))
    assert (await store.exchange("exchange-2")).state is ExchangeState.CLAIMED
    assert [one async for one in store.audit_trail()] == []


async def test_one_that_cannot_be_written_spoils_no_other_at_the_same_time(store: Store) -> None:
    await held(store, 0)
    claims = [await claimed(store, number) for number in range(1, 9)]
    outcomes = [answered(claim.exchange) for claim in claims]
    taken_id = hold("hold-0", exchange_id="exchange-4", message=claims[3].exchange.message)
    outcomes[3] = replace(outcomes[3], hold=taken_id)
    results = await asyncio.gather(*map(store.record, outcomes), return_exceptions=True)
    assert [isinstance(result, StoreError) for result in results] == [n == 3 for n in range(8)]
    states = [(await store.exchange(claim.exchange.id)).state for claim in claims]
    assert states == [ExchangeState.CLAIMED if n == 3 else ExchangeState.ANSWERED for n in range(8)]


# --- amend ------------------------------------------------------------------------------------


async def test_an_answer_that_came_too_late_becomes_a_delivery(store: Store) -> None:
    outcome = answered((await claimed(store)).exchange)
    await store.record(outcome)
    late = Outcome(
        replace(outcome.exchange, state=ExchangeState.QUEUED, answer=None),
        delivery=waiting(outcome.exchange.message, "exchange-1", "delivery-1"),
        audit=entry("exchange:exchange-1"),
    )
    await store.amend(late, ExchangeState.ANSWERED)
    assert await store.exchange("exchange-1") == late.exchange
    assert await store.delivery("delivery-1") == late.delivery
    assert [one.subject async for one in store.audit_trail()] == ["exchange:exchange-1"]


async def amendable(store: Store) -> Exchange:
    outcome = answered((await claimed(store)).exchange)
    await store.record(outcome)
    return outcome.exchange


@pytest.mark.parametrize(
    ("fence", "was"),
    [
        pytest.param(1, ExchangeState.UNANSWERED, id="another state is stored"),
        pytest.param(2, ExchangeState.ANSWERED, id="another fence is stored"),
    ],
)
async def test_an_amendment_of_something_else_is_refused(
    store: Store, fence: int, was: ExchangeState
) -> None:
    stored = await amendable(store)
    changed = replace(stored, state=ExchangeState.CLOSED, fence=fence)
    with pytest.raises(Conflict):
        await store.amend(Outcome(changed, audit=entry()), was)
    assert await store.exchange("exchange-1") == stored
    assert [one async for one in store.audit_trail()] == []


async def test_who_gives_a_recorded_answer_again_keeps_it_from_becoming_a_delivery(store: Store) -> None:
    recorded = answered((await claimed(store)).exchange)
    await store.record(recorded)
    await store.repeat(recorded.exchange)
    late = Outcome(replace(recorded.exchange, state=ExchangeState.QUEUED))
    with pytest.raises(Conflict):
        await store.amend(late, ExchangeState.ANSWERED)
    again = await store.exchange("exchange-1")
    assert again.state is ExchangeState.ANSWERED
    with pytest.raises(Conflict):  # somebody has it already, and must be looked up
        await store.repeat(recorded.exchange)
    await store.repeat(again)


async def test_an_answer_that_became_a_delivery_is_not_given_again(store: Store) -> None:
    recorded = answered((await claimed(store)).exchange)
    await store.record(recorded)
    late = Outcome(replace(recorded.exchange, state=ExchangeState.QUEUED))
    await store.amend(late, ExchangeState.ANSWERED)
    with pytest.raises(Conflict):
        await store.repeat(recorded.exchange)


async def test_an_amendment_of_nothing_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.amend(answered(exchange()), ExchangeState.CLAIMED)


# --- lists ------------------------------------------------------------------------------------


async def unanswered(store: Store, number: int, channel: str = "hall") -> None:
    claim = await claimed(store, number, at=NOON + number * SECOND, channel=channel)
    await store.record(Outcome(replace(claim.exchange, state=ExchangeState.UNANSWERED)))


@pytest.mark.parametrize(
    ("states", "channels", "found"),
    [
        pytest.param((ExchangeState.UNANSWERED,), None, [4, 3, 2], id="of every channel, newest first"),
        pytest.param((ExchangeState.UNANSWERED,), ("hall",), [4, 2], id="of one channel"),
        pytest.param((ExchangeState.UNANSWERED,), (), [], id="of no channel"),
        pytest.param((ExchangeState.UNANSWERED, ExchangeState.CLAIMED), None, [4, 3, 2, 1], id="two states"),
        pytest.param((ExchangeState.CLOSED,), None, [], id="a state nobody is in"),
        pytest.param((), None, [], id="no state"),
    ],
)
async def test_exchanges_are_listed(
    store: Store, states: tuple[ExchangeState, ...], channels: tuple[str, ...] | None, found: list[int]
) -> None:
    await claimed(store, 1)
    await unanswered(store, 2)
    await unanswered(store, 3, "weibo")
    await unanswered(store, 4)
    page = await store.exchanges(states, channels, "", 10)
    assert ([one.id for one in page.items], page.next) == ([f"exchange-{n}" for n in found], "")


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
async def test_pages_of_exchanges_miss_and_repeat_none(store: Store, limit: int) -> None:
    for number in range(6):
        await claimed(store, number, at=NOON + (number // 2) * SECOND)
    seen: list[str] = []
    after, more = "", True
    while more:
        page = await store.exchanges((ExchangeState.CLAIMED,), None, after, limit)
        assert len(page.items) <= limit
        seen += [one.id for one in page.items]
        after, more = page.next, bool(page.next)
    assert seen == [f"exchange-{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("after", ["nonsense", "bnVsbA", "WzFd", "WyIyMDI2IiwgMV0", "é", "bnVsbA=="])
async def test_a_made_up_page_is_refused(store: Store, after: str) -> None:
    with pytest.raises(Invalid):
        await store.exchanges((ExchangeState.CLAIMED,), None, after, 10)


# --- what a crash has left behind -------------------------------------------------------------

LEASE_END = NOON + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("now", "listed"),
    [
        pytest.param(LEASE_END + 60 * SECOND, False, id="just the grace after the lease: a resend may come"),
        pytest.param(LEASE_END + 61 * SECOND, True, id="longer: nobody will come"),
    ],
)
async def test_a_claim_without_an_end_is_abandoned(store: Store, now: datetime, listed: bool) -> None:
    claim = await claimed(store)
    await store.record(answered((await claimed(store, 2)).exchange))
    found = await store.abandoned(now, timedelta(seconds=60), 10)
    assert list(found) == ([claim.exchange] if listed else [])


async def test_no_more_abandoned_ones_than_asked_for(store: Store) -> None:
    for number in range(3):
        await claimed(store, number)
    assert len(await store.abandoned(NOON + HOUR, timedelta(0), 2)) == 2


async def test_after_a_restart_of_the_only_process_a_resend_takes_over_at_once(store: Store) -> None:
    await claimed(store, 1)
    await store.record(answered((await claimed(store, 2)).exchange))
    now = NOON + SECOND
    assert await store.orphan_claims(now) == 1
    again = await store.claim(exchange("resend", claimed_until=now + HOUR), now)
    assert (again.fresh, again.exchange.fence) == (True, 2)
    finished = await store.claim(exchange("resend-2", message=message("MsgId:2")), now)
    assert not finished.fresh


# --- sizes ------------------------------------------------------------------------------------


async def test_counts_tell_what_waits(store: Store) -> None:
    assert set((await store.counts()).values()) == {0}
    await held(store, 1)
    delivery = await queued(store, 2)
    await unanswered(store, 3)
    assert dict(await store.counts()) == {
        "holds_pending": 1,
        "deliveries_queued": 1,
        "deliveries_uncertain": 0,
        "unanswered": 1,
        "callbacks_queued": 0,
        "callbacks_failed": 0,
    }
    (leased,) = await store.due(NOON, 10, HOUR)
    assert leased.id == delivery.id
    await store.deliver(replace(leased, state=DeliveryState.UNCERTAIN))
    counts = await store.counts()
    assert (counts["deliveries_queued"], counts["deliveries_uncertain"]) == (0, 1)


async def test_ping_is_content_with_records_that_can_be_written(store: Store) -> None:
    await store.ping()
    await store.ping()


async def test_closed_records_take_no_writes(store: Store) -> None:
    await store.aclose()
    with pytest.raises(StoreError):
        await store.ping()


# --- what was over as soon as it came -----------------------------------------------------------


async def test_what_comes_whole_is_written_together(store: Store) -> None:
    made = exchange()
    outcome = replace(
        answered(made),
        hold=hold(message=made.message),
        delivery=waiting(made.message, made.id, "delivery-1", hold_id="hold-1"),
        more=(waiting(made.message, made.id, "delivery-2"),),
        audit=entry(),
    )
    await store.put_down(outcome)
    assert await store.exchange(made.id) == outcome.exchange
    assert await store.hold("hold-1") == outcome.hold
    assert [await store.delivery(f"delivery-{n}") for n in (1, 2)] == [outcome.delivery, *outcome.more]
    assert [one.subject async for one in store.audit_trail()] == ["hold:hold-1"]
    with pytest.raises(Conflict):
        await store.record(outcome)  # it is over


@pytest.mark.parametrize("same", ["message", "id"])
async def test_what_was_here_before_is_not_put_down_again(store: Store, same: str) -> None:
    first = (await claimed(store)).exchange
    again = (
        exchange("exchange-2", message=first.message)
        if same == "message"
        else exchange(first.id, message=message("MsgId:2"))
    )
    outcome = replace(answered(again), hold=hold(message=again.message, exchange_id=again.id), audit=entry())
    with pytest.raises(Conflict):
        await store.put_down(outcome)
    assert await store.exchange(first.id) == first
    with pytest.raises(NotFound):
        await store.hold("hold-1")
    assert [one async for one in store.audit_trail()] == []


async def test_of_many_put_down_at_once_only_what_was_here_is_refused(store: Store) -> None:
    await claimed(store, 3)
    many = [answered(exchange(f"new-{n}", message=message(f"MsgId:{n}"))) for n in range(6)]
    results = await asyncio.gather(*(store.put_down(one) for one in many), return_exceptions=True)
    assert [isinstance(one, Conflict) for one in results] == [n == 3 for n in range(6)]
    for n, one in enumerate(many):
        if n != 3:
            assert await store.exchange(f"new-{n}") == one.exchange
