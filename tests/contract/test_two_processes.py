"""Two processes on the same records: whoever comes second finds out, and nothing is done twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from app.core.audit import broken_link
from app.core.errors import Conflict
from app.core.model import SendWindow
from app.core.records import Delivery, DeliveryState, ExchangeState, Hold, HoldState
from app.ports import HoldFilter, Store
from app.service.sweeper import Sweeper
from tests.contract.conftest import OpenStore
from tests.contract.given import HOUR, SECOND, answered, claimed, entry, held, queued
from tests.service.stage import Heard
from tests.values import NOON, exchange, message


@pytest.fixture
async def other(open_store: OpenStore) -> Store:
    """The second process."""
    return await open_store()


def approved(hold: Hold, by: str) -> Hold:
    return replace(hold, state=HoldState.APPROVED, version=hold.version + 1, decided_by=by, decided_at=NOON)


def raised(results: Sequence[Any]) -> list[BaseException]:
    return [result for result in results if isinstance(result, BaseException)]


# --- messages ---------------------------------------------------------------------------------


async def test_a_message_that_reaches_both_is_claimed_by_one(store: Store, other: Store) -> None:
    claims = await asyncio.gather(
        *(
            process.claim(exchange(f"{name}-{number}", message=message(f"MsgId:{number}")), NOON)
            for number in range(60)
            for name, process in (("a", store), ("b", other))
        )
    )
    fresh = [claim.exchange.message.key for claim in claims if claim.fresh]
    assert sorted(fresh) == sorted(f"MsgId:{number}" for number in range(60))
    by_key = {claim.exchange.message.key: claim.exchange.id for claim in claims if claim.fresh}
    assert all(by_key[claim.exchange.message.key] == claim.exchange.id for claim in claims)


async def test_an_abandoned_message_is_taken_over_by_one(store: Store, other: Store) -> None:
    await claimed(store)
    later = NOON + HOUR
    again = exchange("again", message=message("MsgId:1"), claimed_until=later + HOUR)
    claims = await asyncio.gather(
        *(
            process.claim(replace(again, id=f"again-{n}"), later)
            for n in range(4)
            for process in (store, other)
        )
    )
    assert sorted((claim.fresh, claim.exchange.fence) for claim in claims) == [(False, 2)] * 7 + [(True, 2)]


async def test_what_became_of_a_message_is_recorded_by_its_owner_alone(store: Store, other: Store) -> None:
    first = await claimed(store)
    resend = exchange("again", message=message("MsgId:1"), claimed_until=NOON + 2 * HOUR)
    second = await other.claim(resend, NOON + HOUR)
    assert second.fresh
    results = await asyncio.gather(
        store.record(answered(first.exchange, "慢的")),
        other.record(answered(second.exchange, "快的")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Conflict, type(None)]
    stored = await store.exchange("exchange-1")
    assert stored.reply is not None
    assert stored.reply.text == "快的"


# --- deliveries -------------------------------------------------------------------------------


async def test_no_delivery_is_leased_twice_and_followers_keep_their_order(store: Store, other: Store) -> None:
    for number in range(30):
        await queued(store, number, at=NOON + number * SECOND, incoming={"user": f"citizen-{number % 10}"})
    now = NOON + HOUR
    sent: list[Delivery] = []

    async def courier(process: Store) -> None:
        while leased := await process.due(now, 3, HOUR):
            followers = [one.user for one in leased]
            assert len(set(followers)) == len(followers)
            sent.extend(leased)
            for one in leased:
                await process.deliver(
                    replace(one, state=DeliveryState.DELIVERED, leased_until=None, finished_at=now)
                )

    for _ in range(3):  # a courier stops where the other is at the last ones
        await asyncio.gather(courier(store), courier(other))
    assert sorted(one.id for one in sent) == sorted(f"delivery-{number}" for number in range(30))
    assert {one.attempts for one in sent} == {1}
    for citizen in {one.user for one in sent}:
        theirs = [one.created_at for one in sent if one.user == citizen]
        assert all(earlier < later for earlier, later in pairwise(theirs))


# --- holds ------------------------------------------------------------------------------------


async def test_of_two_decisions_one_counts_and_the_other_hears_whose(store: Store, other: Store) -> None:
    holds = [await held(store, number) for number in range(20)]
    results = await asyncio.gather(
        *(
            process.settle(approved(hold, by), None, entry(f"hold:{hold.id}", actor=by))
            for hold in holds
            for process, by in ((store, "li"), (other, "wang"))
        ),
        return_exceptions=True,
    )
    lost = raised(results)
    assert {type(error) for error in lost} == {Conflict}
    assert len(lost) == 20
    trail = [one async for one in store.audit_trail()]
    assert len(trail) == 20
    deciders = {one.subject: one.actor for one in trail}
    for number in range(20):
        assert (await store.hold(f"hold-{number}")).decided_by == deciders[f"hold:hold-{number}"]
    assert {error.by for error in lost if isinstance(error, Conflict)} <= {"li", "wang"}


async def test_decisions_in_opposite_orders_do_not_wait_for_each_other_crosswise(
    store: Store, other: Store
) -> None:
    holds = [await held(store, number) for number in range(40)]
    claims = [replace(hold, state=HoldState.CLAIMED, version=2, claimed_by="li") for hold in holds]

    async def settle(process: Store, wanted: Sequence[Hold]) -> Sequence[Any]:
        return await asyncio.gather(
            *(process.settle(one, None, entry(f"hold:{one.id}")) for one in wanted), return_exceptions=True
        )

    results = await asyncio.gather(settle(store, claims), settle(other, claims[::-1]))
    assert {type(error) for error in raised([*results[0], *results[1]])} == {Conflict}
    assert len(raised([*results[0], *results[1]])) == 40


async def test_a_decision_and_a_new_message_of_the_same_followers_both_count(
    store: Store, other: Store
) -> None:
    holds = [
        await held(store, number, incoming={"user": f"citizen-{number}"}, deliver_by=NOON + HOUR)
        for number in range(20)
    ]
    later = NOON + timedelta(minutes=30)
    await asyncio.gather(
        *(store.settle(approved(hold, "li"), None, entry(f"hold:{hold.id}")) for hold in holds),
        *(
            claimed(
                other,
                100 + number,
                at=later,
                user=f"citizen-{19 - number}",
                window=SendWindow(later + 48 * HOUR, 5),
            )
            for number in range(20)
        ),
    )
    assert len((await store.holds(HoldFilter(states=(HoldState.APPROVED,)))).items) == 20
    assert {(await other.exchange(f"exchange-{100 + number}")).state for number in range(20)} == {
        ExchangeState.CLAIMED
    }


# --- the audit chain --------------------------------------------------------------------------


async def test_both_write_one_chain(store: Store, other: Store) -> None:
    async def write(process: Store, name: str) -> None:
        for turn in range(10):
            await asyncio.gather(*(process.append_audit(entry(f"{name}:{turn}-{n}")) for n in range(10)))

    await asyncio.gather(write(store, "a"), write(other, "b"))
    trail = [one async for one in other.audit_trail()]
    assert [one.seq for one in trail] == list(range(1, 201))
    assert len({one.subject for one in trail}) == 200
    assert broken_link(trail) is None


# --- sweepers ---------------------------------------------------------------------------------


async def test_two_sweepers_do_nothing_twice(store: Store, other: Store) -> None:
    for number in range(12):
        await held(store, number, incoming={"user": f"held-{number}"}, deliver_by=NOON + HOUR)
        await queued(store, 100 + number, incoming={"user": f"citizen-{number}"})
        await claimed(store, 200 + number, user=f"waiting-{number}")
    await store.due(NOON, 100, HOUR)  # by a courier that dies
    later = NOON + 2 * HOUR
    heard = [_Counting(), _Counting()]
    sweepers = [
        Sweeper(process, ear, lambda: later, 1.0, timedelta(seconds=60))
        for process, ear in zip((store, other), heard, strict=True)
    ]
    await asyncio.gather(*(sweeper.run_once() for sweeper in sweepers))
    expired = await store.holds(HoldFilter(states=(HoldState.EXPIRED,)))
    uncertain = await store.deliveries([DeliveryState.UNCERTAIN], None, "", 100)
    unanswered = await store.exchanges([ExchangeState.UNANSWERED], None, "", 100)
    assert [len(page.items) for page in (expired, uncertain, unanswered)] == [12, 12, 12]
    trail = [one async for one in store.audit_trail()]
    assert sorted(one.subject for one in trail) == sorted(f"hold:hold-{number}" for number in range(12))
    assert broken_link(trail) is None
    assert sum(ear.told for ear in heard) == 36


class _Counting(Heard):
    """Counts what it was told of."""

    told = 0

    def exchange_finished(self, exchange: object) -> None:
        self.told += 1

    def hold_settled(self, hold: object) -> None:
        self.told += 1

    def delivery_finished(self, delivery: object) -> None:
        self.told += 1
