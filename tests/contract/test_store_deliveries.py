"""Contract of Store: a delivery is leased to one courier, recorded once and counted."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.errors import Conflict, NotFound
from app.core.model import MessageKind, SendWindow
from app.core.records import Delivery, DeliveryState
from app.ports import Allowance, Store
from tests.contract.conftest import OpenStore
from tests.contract.given import HOUR, SECOND, claimed, entry, queued, sent
from tests.values import NOON

LEASE = timedelta(seconds=60)


async def due(store: Store, now: datetime = NOON, limit: int = 10) -> list[str]:
    return [delivery.id for delivery in await store.due(now, limit, LEASE)]


async def test_an_unknown_delivery_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.delivery("delivery-1")


# --- leases -----------------------------------------------------------------------------------


async def test_a_leased_delivery_is_marked_before_it_is_handed_out(store: Store) -> None:
    made = await queued(store)
    (leased,) = await store.due(NOON, 10, LEASE)
    assert leased == replace(
        made,
        state=DeliveryState.SENDING,
        attempts=1,
        fence=1,
        next_at=None,
        leased_until=NOON + LEASE,
    )
    assert await store.delivery("delivery-1") == leased


async def test_channels_are_leased_one_by_one(store: Store) -> None:
    for number, channel in enumerate(("hall", "hall", "river"), start=1):
        await queued(store, number, incoming={"channel": channel, "user": f"citizen-{number}"})
    assert await store.waiting(NOON - SECOND) == []
    assert await store.waiting(NOON) == ["hall", "river"]
    assert [one.channel for one in await store.due(NOON, 10, LEASE, "river")] == ["river"]
    assert await store.waiting(NOON) == ["hall"]
    assert [one.channel for one in await store.due(NOON, 1, LEASE, "hall")] == ["hall"]
    assert await store.due(NOON, 10, LEASE, "elsewhere") == []
    assert [one.channel for one in await store.due(NOON, 10, LEASE)] == ["hall"]
    assert await store.waiting(NOON) == []


async def test_a_lease_survives_a_restart(store: Store, open_store: OpenStore) -> None:
    await queued(store)
    (leased,) = await store.due(NOON, 10, LEASE)
    await store.aclose()
    reopened = await open_store()
    assert await reopened.delivery("delivery-1") == leased
    assert await due(reopened) == []


@pytest.mark.parametrize(
    ("changes", "leased"),
    [
        pytest.param({}, True, id="queued, due now"),
        pytest.param({"state": DeliveryState.RETRYING}, True, id="due to be tried again"),
        pytest.param({"next_at": NOON + SECOND}, False, id="due in a second"),
        pytest.param({"state": DeliveryState.SENDING}, False, id="being sent"),
        pytest.param({"state": DeliveryState.UNCERTAIN}, False, id="of unknown fate: never by itself"),
        pytest.param({"state": DeliveryState.FAILED}, False, id="failed"),
        pytest.param({"state": DeliveryState.DELIVERED}, False, id="delivered"),
        pytest.param({"state": DeliveryState.EXPIRED}, False, id="expired"),
    ],
)
async def test_what_is_due(store: Store, changes: dict[str, Any], leased: bool) -> None:
    await queued(store, **changes)
    assert await due(store) == (["delivery-1"] if leased else [])


async def test_no_more_than_asked_for_and_the_oldest_first(store: Store) -> None:
    for number in (2, 0, 1):
        await queued(store, number, at=NOON + number * SECOND, incoming={"user": f"citizen-{number}"})
    assert await due(store, NOON + HOUR, limit=2) == ["delivery-0", "delivery-1"]
    assert await due(store, NOON + HOUR, limit=2) == ["delivery-2"]


async def test_a_follower_gets_one_message_after_the_other(store: Store) -> None:
    first = await queued(store, 1, at=NOON)
    await queued(store, 2, at=NOON + SECOND)
    await queued(store, 3, at=NOON, incoming={"user": "citizen-2"})
    now = NOON + 2 * SECOND
    assert await due(store, now) == ["delivery-1", "delivery-3"]
    assert await due(store, now) == []
    leased = await store.delivery(first.id)
    await store.deliver(replace(leased, state=DeliveryState.RETRYING, next_at=now + HOUR, leased_until=None))
    assert await due(store, now) == [], "the first one waits for its next try, the second waits for the first"
    assert await due(store, now + HOUR) == ["delivery-1"]
    retried = await store.delivery(first.id)
    await store.deliver(replace(retried, state=DeliveryState.DELIVERED, finished_at=now + HOUR))
    assert await due(store, now + HOUR) == ["delivery-2"]


async def test_an_older_one_sent_again_by_a_person_waits_for_the_one_on_its_way(store: Store) -> None:
    first = await queued(store, 1, at=NOON)
    await queued(store, 2, at=NOON + SECOND)
    uncertain = await sent(store, first, DeliveryState.UNCERTAIN, NOON)
    assert await due(store, NOON + SECOND) == ["delivery-2"]
    again = replace(uncertain, state=DeliveryState.QUEUED, attempts=0, next_at=NOON, finished_at=None)
    await store.deliver(again, entry("delivery:delivery-1"))
    assert await due(store, NOON + SECOND) == []


async def test_of_many_couriers_one_gets_it(store: Store) -> None:
    for number in range(10):
        await queued(store, number, incoming={"user": f"citizen-{number}"})
    leases = await asyncio.gather(*(store.due(NOON, 3, LEASE) for _ in range(20)))
    ids = [delivery.id for leased in leases for delivery in leased]
    assert sorted(ids) == [f"delivery-{number}" for number in range(10)]


# --- what became of it ------------------------------------------------------------------------


async def test_what_became_of_a_delivery_is_written(store: Store) -> None:
    delivered = await sent(store, await queued(store), DeliveryState.DELIVERED, NOON)
    assert await store.delivery("delivery-1") == delivered


async def leased(store: Store) -> Delivery:
    await queued(store)
    (delivery,) = await store.due(NOON, 10, LEASE)
    return delivery


async def test_a_courier_that_slept_through_its_lease_cannot_record(store: Store) -> None:
    slept = await leased(store)
    await store.deliver(replace(slept, state=DeliveryState.RETRYING, next_at=NOON, leased_until=None))
    (current,) = await store.due(NOON, 10, LEASE)
    with pytest.raises(Conflict):
        await store.deliver(replace(slept, state=DeliveryState.DELIVERED))
    assert await store.delivery("delivery-1") == current


async def test_a_courier_cannot_record_what_was_judged_meanwhile(store: Store) -> None:
    slept = await leased(store)
    uncertain = replace(slept, state=DeliveryState.UNCERTAIN, leased_until=None)
    await store.deliver(uncertain)
    with pytest.raises(Conflict) as conflict:
        await store.deliver(replace(slept, state=DeliveryState.DELIVERED))
    assert conflict.value.state == "uncertain"
    assert await store.delivery("delivery-1") == uncertain


async def test_nothing_is_recorded_of_an_unknown_delivery(store: Store) -> None:
    delivery = await leased(store)
    with pytest.raises(NotFound):
        await store.deliver(replace(delivery, id="delivery-2"))


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.UNCERTAIN])
async def test_a_person_may_send_a_stopped_delivery_again(store: Store, state: DeliveryState) -> None:
    stopped = await sent(store, await queued(store), state, NOON)
    again = replace(stopped, state=DeliveryState.QUEUED, attempts=0, next_at=NOON, finished_at=None)
    await store.deliver(again, entry("delivery:delivery-1", action="delivery.retry"))
    assert await store.delivery("delivery-1") == again
    assert [one.action async for one in store.audit_trail()] == ["delivery.retry"]
    (leased_again,) = await store.due(NOON, 10, LEASE)
    assert (leased_again.attempts, leased_again.fence) == (1, 2)


async def test_of_two_persons_one_wins_and_the_other_hears_who(store: Store) -> None:
    """One sends it again, the other says it did arrive: both at once would send it twice."""
    stopped = await sent(store, await queued(store), DeliveryState.UNCERTAIN, NOON)
    confirmed = replace(stopped, state=DeliveryState.DELIVERED, finished_at=NOON)
    again = replace(stopped, state=DeliveryState.QUEUED, attempts=0, next_at=NOON)
    subject = "delivery:delivery-1"
    results = await asyncio.gather(
        store.deliver(confirmed, entry(subject, actor="张")),
        store.deliver(again, entry(subject, actor="李")),
        return_exceptions=True,
    )
    (conflict,) = [result for result in results if isinstance(result, Conflict)]
    (won,) = [one async for one in store.audit_trail()]
    stored = await store.delivery("delivery-1")
    assert (conflict.by, conflict.state) == (won.actor, stored.state.value)


async def test_a_person_cannot_act_on_a_delivery_that_went_on_meanwhile(store: Store) -> None:
    stopped = await sent(store, await queued(store), DeliveryState.FAILED, NOON)
    again = replace(stopped, state=DeliveryState.QUEUED, attempts=0, next_at=NOON)
    await store.deliver(again, entry("delivery:delivery-1"))
    (on_its_way,) = await store.due(NOON, 10, LEASE)
    await store.deliver(replace(on_its_way, state=DeliveryState.FAILED, leased_until=None))
    with pytest.raises(Conflict):
        await store.deliver(again, entry("delivery:delivery-1"))


async def test_a_courier_does_not_shorten_the_window_that_a_new_message_opened(store: Store) -> None:
    delivery = await leased(store)
    later = NOON + timedelta(hours=72)
    await claimed(store, 2, window=SendWindow(later, 5))
    await store.deliver(replace(delivery, state=DeliveryState.RETRYING, next_at=NOON, leased_until=None))
    assert (await store.delivery("delivery-1")).deliver_by == later


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        pytest.param(NOON + LEASE, False, id="to the lease's last instant its courier may come back"),
        pytest.param(NOON + LEASE + SECOND, True, id="after it nobody knows"),
    ],
)
async def test_a_delivery_without_an_end_is_lost(store: Store, now: datetime, lost: bool) -> None:
    delivery = await leased(store)
    assert list(await store.lost_deliveries(now, 10)) == ([delivery] if lost else [])


async def test_only_what_is_being_sent_can_be_lost(store: Store) -> None:
    await sent(store, await queued(store, 1), DeliveryState.DELIVERED, NOON)
    await queued(store, 2)
    assert list(await store.lost_deliveries(NOON + HOUR, 10)) == []


async def test_no_more_lost_ones_than_asked_for(store: Store) -> None:
    for number in range(3):
        await queued(store, number, incoming={"user": f"citizen-{number}"})
    await store.due(NOON, 10, LEASE)
    assert len(await store.lost_deliveries(NOON + HOUR, 2)) == 2


# --- the list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "channels", "found"),
    [
        pytest.param((DeliveryState.QUEUED,), None, [3, 2, 1], id="of every channel, newest first"),
        pytest.param((DeliveryState.QUEUED,), ("weibo",), [2], id="of one channel"),
        pytest.param((DeliveryState.QUEUED,), (), [], id="of no channel"),
        pytest.param((DeliveryState.FAILED,), None, [], id="a state none is in"),
    ],
)
async def test_deliveries_are_listed(
    store: Store, states: tuple[DeliveryState, ...], channels: tuple[str, ...] | None, found: list[int]
) -> None:
    await queued(store, 1, at=NOON)
    await queued(store, 2, at=NOON + SECOND, incoming={"channel": "weibo"})
    await queued(store, 3, at=NOON + SECOND)
    seen: list[str] = []
    after, more = "", True
    while more:
        page = await store.deliveries(states, channels, after, 2)
        seen += [delivery.id for delivery in page.items]
        after, more = page.next, bool(page.next)
    assert seen == [f"delivery-{number}" for number in found]


# --- what the platform still allows -----------------------------------------------------------

CLOSES = NOON + timedelta(hours=48)


async def test_a_follower_who_never_wrote_is_allowed_nothing(store: Store) -> None:
    await claimed(store, user="citizen-2")
    await claimed(store, 2, channel="weibo")
    await claimed(store, 3, window=None)
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(None, 0)


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (DeliveryState.DELIVERED, 4),
        (DeliveryState.UNCERTAIN, 4),
        (DeliveryState.SENDING, 4),
        (DeliveryState.RETRYING, 5),
        (DeliveryState.FAILED, 5),
    ],
)
async def test_what_the_platform_has_counted(store: Store, state: DeliveryState, left: int) -> None:
    delivery = await queued(store)
    await sent(store, delivery, state, NOON)
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(CLOSES, left)
    assert await store.allowance("hall", "citizen-1", excluding=delivery.id) == Allowance(CLOSES, 5)


async def test_a_new_message_counts_anew(store: Store) -> None:
    await sent(store, await queued(store, 1), DeliveryState.DELIVERED, NOON)
    opened = NOON + HOUR
    await claimed(store, 2, at=opened, window=SendWindow(opened + 48 * HOUR, 5))
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(opened + 48 * HOUR, 5)


async def test_a_click_does_not_cut_the_window_of_a_message_short(store: Store) -> None:
    await claimed(store, 1)
    clicked = NOON + HOUR
    await claimed(store, 2, at=clicked, window=SendWindow(clicked + 60 * SECOND, 3, reviewable=False))
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(CLOSES, 5)


async def test_a_message_that_opens_no_window_leaves_the_last_one(store: Store) -> None:
    await claimed(store, 1)
    await claimed(store, 2, at=NOON + HOUR, window=None)
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(CLOSES, 5)


async def test_never_less_than_nothing_is_left(store: Store) -> None:
    claim = await claimed(store, 1, window=SendWindow(CLOSES, 1))
    answers = claim.exchange.message
    for number in (2, 3):
        delivery = await queued(store, number, incoming={"window": None})
        await sent(store, delivery, DeliveryState.DELIVERED, NOON)
    assert await store.allowance("hall", answers.user, excluding="") == Allowance(CLOSES, 0)


@pytest.mark.parametrize("event", ["unsubscribe", "unfollow"])
async def test_a_follower_who_left_is_allowed_nothing_until_he_comes_back(store: Store, event: str) -> None:
    await claimed(store, 1)
    await claimed(store, 2, at=NOON + SECOND, kind=MessageKind.EVENT, event=event, window=None)
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(None, 0)
    await claimed(store, 3, at=NOON + 2 * SECOND)
    assert await store.allowance("hall", "citizen-1", excluding="") == Allowance(CLOSES, 5)


async def test_a_word_is_not_an_event(store: Store) -> None:
    await claimed(store, 1, kind=MessageKind.TEXT, text="unsubscribe", event="unsubscribe")
    assert (await store.allowance("hall", "citizen-1", excluding="")).left == 5


async def test_one_look_tells_the_allowance_and_the_talk_before(store: Store) -> None:
    await sent(store, await queued(store), DeliveryState.DELIVERED, NOON + SECOND)
    await claimed(store, 2, at=NOON + SECOND)
    await claimed(store, 3, user="citizen-2")
    found = await store.standing("hall", "citizen-1", NOON + HOUR, 5)
    assert found.allowance == await store.allowance("hall", "citizen-1", excluding="")
    assert list(found.history) == list(await store.history("hall", "citizen-1", NOON + HOUR, 5))
    assert len(found.history) == 2
