"""Work orders are passed on until the other side has them, and no longer than makes sense."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import PostError
from app.core.records import AuditEntry, Decision, PostState, WorkOrder
from app.core.review import Ruling
from app.ports import AuditFilter, HoldFilter
from app.service.dispatching import LEASE, MOST_ATTEMPTS, Dispatcher
from app.storage.work_orders import SqlWorkOrders
from tests.service.stage import MOCKING, Stage, stage
from tests.values import message


@dataclass
class Office:
    """The other side."""

    took: list[WorkOrder] = field(default_factory=list)
    away: bool = False

    async def post(self, order: WorkOrder) -> None:
        if self.away:
            raise PostError("http: status 503")
        self.took.append(order)


@dataclass
class Way:
    stage: Stage
    orders: SqlWorkOrders
    office: Office
    dispatcher: Dispatcher[WorkOrder]

    async def transfer(self, *, passes_on: bool = True, key: str = "MsgId:1") -> WorkOrder:
        self.stage.bot.reply = MOCKING
        await self.stage.relay.respond(message(key))
        (hold,) = (await self.stage.store.holds(HoldFilter())).items
        review = replace(self.stage.review, passes_on=passes_on)
        await review.decide(hold.id, Ruling(Decision.TRANSFER, "li", 1, reason="归他们", to="住建局"))
        return await self.order(hold.id)

    async def order(self, hold_id: str) -> WorkOrder:
        order = await self.orders.work_order(hold_id)
        assert order is not None
        return order


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        orders, office = SqlWorkOrders(here.store.database), Office()
        dispatcher = Dispatcher(orders, office.post, here.review.coordinator, here.heard, here.clock)
        yield Way(here, orders, office, dispatcher)


async def test_an_order_is_written_with_the_decision_and_passed_on_once(way: Way) -> None:
    made = await way.transfer()
    assert (made.state, made.department) == (PostState.QUEUED, "住建局")
    for _ in range(2):
        await way.dispatcher.run_once()
    assert [one.hold_id for one in way.office.took] == [made.hold_id]
    assert (await way.order(made.hold_id)).state is PostState.SENT


async def test_without_a_webhook_it_is_kept_for_export(way: Way) -> None:
    made = await way.transfer(passes_on=False)
    await way.dispatcher.run_once()
    assert way.office.took == []
    assert (await way.order(made.hold_id)).state is PostState.KEPT


async def test_an_office_that_is_away_is_asked_again_later(way: Way) -> None:
    made = await way.transfer()
    way.office.away = True
    await way.dispatcher.run_once()
    assert (await way.order(made.hold_id)).why == "http: status 503"
    way.office.away = False
    await way.dispatcher.run_once()
    assert way.office.took == []
    way.stage.clock.forward(seconds=10)
    await way.dispatcher.run_once()
    assert len(way.office.took) == 1


async def test_in_the_end_a_person_has_to_carry_it(way: Way) -> None:
    made = await way.transfer()
    way.office.away = True
    for _ in range(MOST_ATTEMPTS):
        await way.dispatcher.run_once()
        way.stage.clock.forward(hours=1)
    after = await way.order(made.hold_id)
    assert (after.state, after.attempts) == (PostState.FAILED, MOST_ATTEMPTS)


async def test_giving_up_is_audited(way: Way) -> None:
    made = await way.transfer()
    way.office.away = True
    for _ in range(MOST_ATTEMPTS):
        await way.dispatcher.run_once()
        way.stage.clock.forward(hours=1)
    (entry,) = (await way.stage.store.audit_entries(AuditFilter(action="work-order."))).items
    assert (entry.actor, entry.action) == ("system", "work-order.give-up")
    assert (entry.subject, entry.reason) == (f"hold:{made.hold_id}", "http: status 503")


async def test_what_cannot_be_posted_keeps_no_other_back(way: Way) -> None:
    first, second = await way.transfer(key="MsgId:1"), await way.transfer(key="MsgId:2")

    async def post(order: WorkOrder) -> None:
        if order.hold_id == first.hold_id:
            raise UnicodeError("not to be posted")
        await way.office.post(order)

    await replace(way.dispatcher, post=post).run_once()
    assert [one.hold_id for one in way.office.took] == [second.hold_id]
    assert (await way.order(first.hold_id)).why == "UnicodeError"


async def test_who_slept_through_the_lease_changes_nothing(way: Way) -> None:
    made = await way.transfer()
    now = way.stage.clock()
    (slept,) = await way.orders.take(now, LEASE, 1)
    (awake,) = await way.orders.take(now + LEASE, LEASE, 1)
    await way.orders.mark(replace(awake, state=PostState.SENT, next_at=None))
    entry = AuditEntry(now, "system", "work-order.give-up", f"hold:{made.hold_id}")
    await way.orders.mark(replace(slept, state=PostState.FAILED, next_at=None), entry)
    assert (await way.order(made.hold_id)).state is PostState.SENT
    assert (await way.stage.store.audit_entries(AuditFilter(action="work-order."))).items == ()


async def test_of_two_replicas_one_takes_it_and_a_killed_one_loses_nothing(way: Way) -> None:
    await way.transfer()
    now = way.stage.clock()
    assert len(await way.orders.take(now, LEASE, 10)) == 1  # and is killed here
    assert await way.orders.take(now, LEASE, 10) == []
    assert len(await way.orders.take(now + LEASE + timedelta(seconds=1), LEASE, 10)) == 1
