"""Contract of Store: what a submitter is to be told is written with the decision, or not at all."""

from dataclasses import replace

import pytest

from app.core.errors import Conflict
from app.core.records import Callback, Hold, HoldState, PostState
from app.ports import Store
from tests.contract.given import HOUR, entry, held
from tests.values import NOON

HANDED_IN = {"account": "press", "window": None}


def approved(hold: Hold) -> Hold:
    return replace(
        hold,
        state=HoldState.APPROVED,
        version=hold.version + 1,
        decided_by="li",
        decided_at=NOON + HOUR,
        final=hold.reply,
    )


def callback(hold: Hold, state: PostState = PostState.QUEUED) -> Callback:
    return Callback(hold.id, hold.exchange_id, "press", hold.channel, NOON + HOUR, "{}", state, next_at=NOON)


@pytest.mark.parametrize(
    ("state", "queued"),
    [
        pytest.param(PostState.QUEUED, 1, id="to be posted"),
        pytest.param(PostState.KEPT, 0, id="to be fetched: nobody waits for it"),
    ],
)
async def test_it_is_written_with_the_decision(store: Store, state: PostState, queued: int) -> None:
    hold = await held(store, incoming=HANDED_IN, deliver_by=None)
    await store.settle(approved(hold), None, entry(), callback=callback(hold, state))
    assert (await store.hold(hold.id)).state is HoldState.APPROVED
    counts = await store.counts()
    assert (counts["callbacks_queued"], counts["callbacks_failed"]) == (queued, 0)


async def test_a_refused_decision_leaves_none(store: Store) -> None:
    hold = await held(store, incoming=HANDED_IN, deliver_by=None)
    with pytest.raises(Conflict):
        await store.settle(replace(approved(hold), version=7), None, entry(), callback=callback(hold))
    assert (await store.counts())["callbacks_queued"] == 0


async def test_a_hold_without_a_window_never_expires_by_itself(store: Store) -> None:
    await held(store, incoming=HANDED_IN, deliver_by=None)
    assert await store.expired_holds(NOON + 10_000 * HOUR, 10) == []
