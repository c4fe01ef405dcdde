"""Contract of Store: the queue of holds, and decisions of which one wins."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.errors import Conflict, HoldNotFound, Invalid, NotFound
from app.core.likeness import likeness
from app.core.model import Finding, Reply, SendWindow, Severity, Verdict
from app.core.records import Delivery, Draft, Hold, HoldState, Note, Pressing
from app.ports import HoldFilter, Store
from tests.contract.given import HOUR, SECOND, claimed, entry, held, waiting
from tests.values import MOCKED, NOON


def verdict(severity: Severity) -> Verdict:
    (finding,) = MOCKED.findings
    return replace(MOCKED, findings=(replace(finding, severity=severity),))


async def found(store: Store, wanted: HoldFilter) -> list[str]:
    page = await store.holds(wanted)
    assert page.next == ""
    return [hold.id for hold in page.items]


async def test_a_hold_comes_back_as_it_was(store: Store) -> None:
    shadow: Finding = replace(MOCKED.findings[0], shadow=True, spans=())
    made = await held(store, verdict=replace(MOCKED, findings=(*MOCKED.findings, shadow)), reviewable=False)
    assert await store.hold("hold-1") == made


async def test_an_unknown_hold_is_not_found(store: Store) -> None:
    with pytest.raises(HoldNotFound):
        await store.hold("hold-1")


# --- what presses -----------------------------------------------------------------------------


async def test_what_is_late_and_whose_window_closes_soon_presses(store: Store) -> None:
    soon, minute = timedelta(minutes=30), timedelta(minutes=1)
    cases: dict[str, dict[str, Any]] = {
        "nothing": {"deliver_by": NOON + 2 * HOUR, "decide_by": NOON + minute},
        "never": {"deliver_by": None, "decide_by": None},
        "late": {"deliver_by": NOON + 2 * HOUR, "decide_by": NOON},
        "closing": {"deliver_by": NOON + soon, "decide_by": None},
        "a while yet": {"deliver_by": NOON + soon + SECOND, "decide_by": None},
        "closed": {"deliver_by": NOON, "decide_by": None},
        "both": {"deliver_by": NOON + minute, "decide_by": NOON - minute},
    }
    for number, times in enumerate(cases.values()):
        await held(store, number, incoming={"window": None}, **times)
    claimed_one = await held(store, 20, incoming={"window": None}, deliver_by=NOON + SECOND, decide_by=None)
    await store.settle(
        replace(claimed_one, state=HoldState.CLAIMED, version=2, claimed_by="li"), None, entry("hold:hold-20")
    )
    over = await held(store, 21, incoming={"window": None}, deliver_by=NOON + SECOND, decide_by=NOON)
    await store.settle(
        replace(over, state=HoldState.REJECTED, version=2, decided_by="li", decided_at=NOON),
        None,
        entry("hold:hold-21"),
    )
    await held(store, 22, incoming={"window": None, "channel": "weibo"}, decide_by=NOON)
    assert await store.pressing_holds(NOON, soon) == {
        "hall": Pressing(late=2, closing=3),
        "weibo": Pressing(late=1, closing=0),
    }


async def test_where_nothing_is_open_nothing_presses(store: Store) -> None:
    assert await store.pressing_holds(NOON, HOUR) == {}


# --- the queue --------------------------------------------------------------------------------


async def test_the_queue_shows_what_expires_first_then_the_worst_then_the_oldest(store: Store) -> None:
    high, medium = verdict(Severity.HIGH), verdict(Severity.MEDIUM)
    soon, later = NOON + HOUR, NOON + 2 * HOUR
    queue: list[dict[str, Any]] = [
        {"deliver_by": soon, "verdict": medium, "created_at": NOON + SECOND},
        {"deliver_by": later, "verdict": high, "created_at": NOON + SECOND},
        {"deliver_by": later, "verdict": medium, "created_at": NOON},
        {"deliver_by": later, "verdict": medium, "created_at": NOON + SECOND},
        {"deliver_by": None, "verdict": high, "created_at": NOON},
        {"deliver_by": None, "verdict": medium, "created_at": NOON},
    ]
    for number in (3, 0, 5, 1, 4, 2):
        await held(store, number, incoming={"window": None}, **queue[number])
    in_order = [f"hold-{number}" for number in range(6)]
    assert await found(store, HoldFilter()) == in_order
    for limit in (1, 2, 3, 5):
        seen: list[str] = []
        after, more = "", True
        while more:
            page = await store.holds(HoldFilter(after=after, limit=limit))
            seen += [hold.id for hold in page.items]
            after, more = page.next, bool(page.next)
        assert seen == in_order


async def test_a_made_up_page_of_the_queue_is_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        await store.holds(HoldFilter(after="WzFd"))


async def a_full_queue(store: Store) -> None:
    """1 is pending; 2 claimed by moderator-2; 3 on another channel, high; 4 rejected."""
    await held(store, 1)
    second = await held(store, 2, reply=Reply.of("优惠100%，ABC_1号窗口"))
    await store.settle(
        replace(
            second,
            state=HoldState.CLAIMED,
            version=2,
            claimed_by="moderator-2",
            claimed_until=NOON + HOUR,
        ),
        None,
        entry(),
    )
    await held(
        store, 3, incoming={"channel": "weibo", "text": "请问怎么办理?"}, verdict=verdict(Severity.HIGH)
    )
    fourth = await held(store, 4)
    rejected = replace(fourth, state=HoldState.REJECTED, version=2, decided_at=NOON)
    await store.settle(rejected, None, entry())


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param(HoldFilter(), {1, 2, 3}, id="what is open, by default"),
        pytest.param(HoldFilter(states=(HoldState.REJECTED,)), {4}, id="by state"),
        pytest.param(HoldFilter(states=()), {1, 2, 3, 4}, id="no states: nothing asked of them"),
        pytest.param(HoldFilter(channels=("weibo",)), {3}, id="by channel"),
        pytest.param(HoldFilter(channels=()), set(), id="of no channel"),
        pytest.param(HoldFilter(severity=Severity.HIGH), {3}, id="by severity"),
        pytest.param(HoldFilter(severity=Severity.LOW), set(), id="a severity nobody has"),
        pytest.param(HoldFilter(claimed_by="moderator-2"), {2}, id="by who claimed it"),
        pytest.param(HoldFilter(claims_as_of=NOON), {1, 3}, id="what nobody is at"),
        pytest.param(HoldFilter(claims_as_of=NOON + HOUR), {1, 2, 3}, id="a claim that ran out"),
        pytest.param(HoldFilter(claimed_by="moderator-2", claims_as_of=NOON), {2}, id="what somebody is at"),
        pytest.param(
            HoldFilter(claimed_by="moderator-2", claims_as_of=NOON + HOUR), set(), id="and no longer is"
        ),
        pytest.param(HoldFilter(category="mockery"), {1, 2, 3}, id="by category"),
        pytest.param(HoldFilter(category="mock"), set(), id="not by half a category"),
        pytest.param(
            HoldFilter(likeness=likeness("优惠50%,abc_22号窗口!")), {2}, id="by likeness of the reply"
        ),
        pytest.param(HoldFilter(text="怎么办理"), {3}, id="words of the message"),
        pytest.param(HoldFilter(text="优惠100%"), {2}, id="words of the reply; % is a sign like any other"),
        pytest.param(HoldFilter(text="100%窗口"), set(), id="% does not stand for other words"),
        pytest.param(HoldFilter(text="C_1"), {2}, id="_ is found"),
        pytest.param(HoldFilter(text="A_C"), set(), id="_ does not stand for another letter"),
        pytest.param(HoldFilter(text="abc_1"), {2}, id="in capitals or not"),
        pytest.param(HoldFilter(text="没有这句话"), set(), id="words nobody said"),
        pytest.param(HoldFilter(text="怎"), {3}, id="one character"),
        pytest.param(HoldFilter(text="优惠"), {2}, id="two characters"),
        pytest.param(HoldFilter(text="惠优"), set(), id="in the other order"),
        pytest.param(HoldFilter(text="怎么\0理"), set(), id="what no database takes"),
        pytest.param(HoldFilter(likeness="\0"), set(), id="a likeness that is none"),
    ],
)
async def test_the_queue_can_be_searched(store: Store, wanted: HoldFilter, numbers: set[int]) -> None:
    await a_full_queue(store)
    assert set(await found(store, wanted)) == {f"hold-{number}" for number in numbers}
    assert await store.count_holds(wanted) == len(numbers)


async def test_the_policys_limit_goes_before_a_later_window(store: Store) -> None:
    await held(store, 1, deliver_by=NOON + 3 * HOUR, decide_by=NOON + 2 * HOUR)
    await held(store, 2, deliver_by=NOON + HOUR, decide_by=NOON + 4 * HOUR)
    await held(store, 3, deliver_by=None, decide_by=NOON + HOUR / 2, incoming={"window": None})
    assert await found(store, HoldFilter()) == ["hold-3", "hold-2", "hold-1"]


async def test_of_decided_holds_the_latest_decision_comes_first(store: Store) -> None:
    for number, minutes in ((1, 20), (2, 40), (3, 30)):
        hold = await held(store, number)
        decided = replace(
            hold,
            state=HoldState.REJECTED,
            version=2,
            decided_at=NOON + timedelta(minutes=minutes),
        )
        await store.settle(decided, None, entry())
    wanted = HoldFilter(states=(HoldState.REJECTED,), limit=2)
    page = await store.holds(wanted)
    assert [hold.id for hold in page.items] == ["hold-2", "hold-3"]
    rest = await store.holds(replace(wanted, after=page.next))
    assert [hold.id for hold in rest.items] == ["hold-1"]


async def test_a_draft_comes_back_as_it_was(store: Store) -> None:
    hold = await held(store)
    drafted = replace(hold, version=2, draft=Draft(NOON, "外包小王", Reply.of("您好。"), "请看"))
    await store.settle(drafted, None, entry())
    assert await store.hold(hold.id) == drafted


async def test_what_a_citizen_wrote_before_is_told_oldest_first(store: Store) -> None:
    for number in range(1, 5):
        await claimed(store, number, at=NOON + number * SECOND, text=f"第{number}句", user="citizen-1")
    await claimed(store, 5, text="别人的", user="citizen-2")
    before = await store.history("hall", "citizen-1", NOON + 4 * SECOND, 2)
    assert [one.message.text for one in before] == ["第2句", "第3句"]


# --- decisions --------------------------------------------------------------------------------


def approved(hold: Hold) -> Hold:
    return replace(
        hold,
        state=HoldState.APPROVED,
        version=hold.version + 1,
        decided_by="moderator-1",
        decided_at=NOON + HOUR,
        reason="无误",
        transferred_to="住建局",
        final=hold.reply,
        notes=(Note(NOON, "moderator-2", "请尽快"),),
        claimed_by="moderator-1",
        claimed_until=NOON + 2 * HOUR,
    )


def final_delivery(hold: Hold, **changes: Any) -> Delivery:
    fields = {"hold_id": hold.id, "deliver_by": hold.deliver_by or NOON, "created_at": NOON + HOUR, **changes}
    return waiting(hold.message, hold.exchange_id, "delivery-1", **fields)


async def test_a_decision_its_delivery_and_its_audit_are_written_together(store: Store) -> None:
    hold = await held(store)
    decided, delivery = approved(hold), final_delivery(hold)
    await store.settle(decided, delivery, entry(reason="无误"))
    assert await store.hold("hold-1") == decided
    assert await store.delivery("delivery-1") == delivery
    assert [one.reason async for one in store.audit_trail()] == ["无误"]


async def test_a_decision_on_no_hold(store: Store) -> None:
    await held(store)
    with pytest.raises(HoldNotFound):
        await store.settle(replace(approved(await store.hold("hold-1")), id="hold-2"), None, entry())
    assert [one async for one in store.audit_trail()] == []


@pytest.mark.parametrize("version", [1, 3, 4], ids=["the stored one again", "one skipped", "two skipped"])
async def test_a_decision_on_another_version_is_refused_whole(store: Store, version: int) -> None:
    hold = await held(store)
    with pytest.raises(Conflict) as conflict:
        await store.settle(replace(approved(hold), version=version), final_delivery(hold), entry())
    assert conflict.value.state == "pending"
    assert await store.hold("hold-1") == hold
    with pytest.raises(NotFound):
        await store.delivery("delivery-1")
    assert [one async for one in store.audit_trail()] == []


async def test_of_two_moderators_one_wins_and_the_other_hears_who(store: Store) -> None:
    hold = await held(store)
    results = await asyncio.gather(
        *(
            store.settle(replace(approved(hold), decided_by=actor), None, entry(actor=actor))
            for actor in ("张", "李")
        ),
        return_exceptions=True,
    )
    winner = (await store.hold("hold-1")).decided_by
    (conflict,) = [result for result in results if isinstance(result, Conflict)]
    assert (conflict.by, conflict.state) == (winner, "approved")
    assert [one.actor async for one in store.audit_trail()] == [winner]


async def test_a_message_that_comes_while_a_moderator_reads_still_counts(store: Store) -> None:
    """The hold was read before the follower wrote again: the decision must not shorten the new window."""
    hold = await held(store, deliver_by=NOON + HOUR)
    later = NOON + 50 * HOUR
    await claimed(store, 2, window=SendWindow(later, 5))
    await store.settle(approved(hold), final_delivery(hold), entry())
    assert (await store.hold("hold-1")).deliver_by == later
    assert (await store.delivery("delivery-1")).deliver_by == later


# --- expiry -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deliver_by", "state", "listed"),
    [
        pytest.param(NOON + HOUR, HoldState.PENDING, True, id="just now"),
        pytest.param(NOON + HOUR, HoldState.CLAIMED, True, id="a claim does not stop the clock"),
        pytest.param(NOON + HOUR + SECOND, HoldState.PENDING, False, id="a second left"),
        pytest.param(None, HoldState.PENDING, False, id="never open: nothing to expire"),
        pytest.param(NOON + HOUR, HoldState.REJECTED, False, id="decided"),
        pytest.param(NOON + HOUR, HoldState.EXPIRED, False, id="expired already"),
    ],
)
async def test_holds_expire(
    store: Store, deliver_by: datetime | None, state: HoldState, listed: bool
) -> None:
    hold = await held(store, incoming={"window": None}, deliver_by=deliver_by, state=state)
    assert list(await store.expired_holds(NOON + HOUR, 10)) == ([hold] if listed else [])


async def test_no_more_expired_holds_than_asked_for(store: Store) -> None:
    for number in range(3):
        await held(store, number, incoming={"window": None}, deliver_by=NOON + number * SECOND)
    assert [hold.id for hold in await store.expired_holds(NOON + HOUR, 2)] == ["hold-0", "hold-1"]


async def test_times_come_back_as_utc(store: Store) -> None:
    await held(store)
    hold = await store.hold("hold-1")
    offsets = [
        moment.utcoffset() for moment in (hold.created_at, hold.deliver_by, hold.message.sent_at) if moment
    ]
    assert offsets == [timedelta(0)] * 3
