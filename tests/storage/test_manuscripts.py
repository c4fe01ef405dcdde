"""What was handed in, found again with its hold and its callback."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.errors import Invalid, NotFound
from app.core.manuscripts import message_key
from app.core.records import Callback, HoldState, PostState
from app.storage.manuscripts import SqlCallbacks, SqlManuscripts
from app.storage.sql import SqlStore
from tests.contract.given import HOUR, claimed, entry, held
from tests.values import NOON

EVERY = tuple(PostState)


async def decided(
    store: SqlStore, number: int, by: str = "press", state: PostState = PostState.QUEUED, **changes: str
) -> Callback:
    """Manuscript and hold number `number`, decided `number` hours after noon."""
    key = message_key(by, idempotency_key=str(number), exchange_id="")
    incoming = {"account": by, "key": key, "window": None, "user": f"{by}:{number}", **changes}
    hold = await held(store, number, incoming=incoming, deliver_by=None)
    at = NOON + number * HOUR
    made = Callback(hold.id, hold.exchange_id, by, hold.channel, at, '{"event": "x"}', state, next_at=at)
    after = replace(hold, state=HoldState.REJECTED, version=2, decided_by="li", decided_at=at)
    await store.settle(after, None, entry(f"hold:{hold.id}"), callback=made)
    return made


async def test_it_comes_back_whole(store: SqlStore) -> None:
    made = await decided(store, 1)
    found = await SqlManuscripts(store.database).manuscript("exchange-1")
    assert found.callback == made
    assert found.hold is not None
    assert (found.exchange.id, found.hold.id) == ("exchange-1", "hold-1")


async def test_what_a_platform_sent_is_none(store: SqlStore) -> None:
    await claimed(store, 1)
    with pytest.raises(NotFound):
        await SqlManuscripts(store.database).manuscript("exchange-1")


async def test_the_latest_decision_comes_first_and_only_ones_own(store: SqlStore) -> None:
    for number, by in enumerate(("press", "wiki", "press", "press"), 1):
        await decided(store, number, by)
    records = SqlManuscripts(store.database)
    first = await records.decided("press", EVERY, None, "", 2)
    rest = await records.decided("press", EVERY, None, first.next, 2)
    assert [one.exchange.id for one in (*first.items, *rest.items)] == [
        "exchange-4",
        "exchange-3",
        "exchange-1",
    ]
    assert rest.next == ""
    with pytest.raises(Invalid):
        await records.decided("press", EVERY, None, "made up", 2)


async def test_the_list_is_narrowed_by_channel_and_by_what_became_of_telling(store: SqlStore) -> None:
    await decided(store, 1, channel="hall")
    await decided(store, 2, channel="weibo", state=PostState.FAILED)
    records = SqlManuscripts(store.database)

    async def found(states: tuple[PostState, ...], channels: tuple[str, ...] | None) -> list[str]:
        return [one.exchange.id for one in (await records.decided("press", states, channels, "", 9)).items]

    assert await found((PostState.FAILED,), None) == ["exchange-2"]
    assert await found(EVERY, ("hall",)) == ["exchange-1"]
    assert await found(EVERY, ()) == []


async def test_a_key_is_found_on_another_channel_only(store: SqlStore) -> None:
    await decided(store, 1, channel="weibo")
    records, key = SqlManuscripts(store.database), message_key("press", idempotency_key="1", exchange_id="")
    channels = ("hall", "weibo")
    assert await records.key_elsewhere("hall", channels, key)
    assert not await records.key_elsewhere("weibo", channels, key)
    assert not await records.key_elsewhere("hall", channels, f"{key}0")


async def test_what_is_due_longest_is_taken_first_and_nothing_before_its_time(store: SqlStore) -> None:
    for number in (2, 1, 3):
        await decided(store, number)
    outbox = SqlCallbacks(store.database)
    taken = await outbox.take(NOON + 2 * HOUR, timedelta(seconds=60), 10)
    assert [one.hold_id for one in taken] == ["hold-1", "hold-2"]
    assert {(one.attempts, one.next_at) for one in taken} == {(1, NOON + 2 * HOUR + timedelta(seconds=60))}
