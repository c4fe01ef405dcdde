"""Contract of what stands beside the Store: people, stops, takeovers, vendors, work orders, handovers.

Each with two processes at the same records, which may do the same thing at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.assembly.people import first_administrator
from app.core.audit import broken_link
from app.core.errors import Conflict, NotFound
from app.core.identity import Role, Session, User
from app.core.records import AuditEntry, Handover, HoldState, PostState, Stop, WorkOrder
from app.core.takeover import Reason, Takeover
from app.core.vendors import REMEMBERED, Revocation, VendorToken
from app.ports import AuditFilter, Store
from app.settings.desk import Console
from app.storage.database import Database
from app.storage.handovers import SqlHandovers
from app.storage.people import SqlPeople
from app.storage.switches import SqlSwitches
from app.storage.takeovers import SqlTakeovers
from app.storage.vendor_tokens import SqlVendorTokens
from app.storage.work_orders import SqlWorkOrders
from tests.contract.given import HOUR, SECOND, entry, held
from tests.values import NOON

Both = tuple[Database, Database]

LI = User("li", Role.DUTY_REVIEWER, "hash", NOON, channels=("hall", "大厅"), totp_secret="secret")


def done(subject: str, action: str = "x") -> AuditEntry:
    return entry(subject, action=action)


# --- people -----------------------------------------------------------------------------------


async def test_a_user_comes_back_as_added(database: Database, store: Store) -> None:
    people = SqlPeople(database)
    everywhere = replace(LI, name="admin", channels=None, must_change=True, locked_until=NOON)
    await people.add(LI, done("user:li"))
    await people.add(everywhere, done("user:admin"))
    assert await people.users() == [everywhere, LI]
    assert await people.user("li") == LI
    assert [one.subject async for one in store.audit_trail()] == ["user:li", "user:admin"]


async def test_a_taken_name_is_a_conflict_and_leaves_no_audit_row(database: Database, store: Store) -> None:
    people = SqlPeople(database)
    await people.add(LI, done("user:li"))
    with pytest.raises(Conflict):
        await people.add(replace(LI, role=Role.LEADER), done("user:li"))
    assert (await people.user("li")).role is Role.DUTY_REVIEWER
    assert len([one async for one in store.audit_trail()]) == 1


@pytest.mark.parametrize(
    "name", [pytest.param("nobody", id="unknown"), pytest.param("l\0i", id="no name at all")]
)
async def test_somebody_who_is_not_there_is_not_found(database: Database, name: str) -> None:
    with pytest.raises(NotFound):
        await SqlPeople(database).user(name)
    assert await SqlPeople(database).session(name) is None


async def test_a_changed_user_is_signed_out_but_keeps_the_last_code_used(database: Database) -> None:
    people = SqlPeople(database)
    await people.add(LI, done("user:li"))
    assert await people.use_code("li", 7)
    session = Session("hash-1", "li", "csrf", NOON, NOON)
    await people.begin(session, done("user:li", "user.sign-in"))
    await people.seen("hash-1", NOON + SECOND)
    seen = replace(session, last_seen=NOON + SECOND)
    found = await people.session("hash-1")
    assert found is not None
    assert found[0] == seen
    assert await people.sessions("li") == [seen]
    await people.change(replace(LI, disabled=True), done("user:li"), sign_out=True)
    assert await people.session("hash-1") is None
    stored = await people.user("li")
    assert (stored.disabled, stored.totp_step) == (True, 7)


async def test_a_session_that_was_ended_is_gone(database: Database) -> None:
    people = SqlPeople(database)
    await people.add(LI, done("user:li"))
    await people.begin(Session("hash-1", "li", "csrf", NOON, NOON), done("user:li"))
    await people.end("hash-1", done("user:li"))
    assert await people.session("hash-1") is None


async def test_a_code_is_used_once_whoever_asks(databases: Both) -> None:
    await SqlPeople(databases[0]).add(LI, done("user:li"))
    taken = await asyncio.gather(*(SqlPeople(one).use_code("li", 9) for one in databases * 3))
    assert sorted(taken) == [False] * 5 + [True]
    assert not await SqlPeople(databases[0]).use_code("li", 8)


async def test_guesses_at_both_doors_are_all_counted(databases: Both, store: Store) -> None:
    await SqlPeople(databases[0]).add(LI, done("user:li"))
    await asyncio.gather(*(SqlPeople(one).count_failure("li", NOON) for one in databases * 4))
    user = await SqlPeople(databases[1]).user("li")
    assert user.failures == 8
    assert user.locked_until is not None
    refused = await store.audit_entries(AuditFilter(action="user.refused"))
    assert sorted(one.after for one in refused.items) == sorted(f"failures {n}" for n in range(1, 9))
    await SqlPeople(databases[0]).clear_failures("li")
    cleared = await SqlPeople(databases[1]).user("li")
    assert (cleared.failures, cleared.locked_until) == (0, None)


# --- one row for each key ---------------------------------------------------------------------


def stopped(database: Database, by: str) -> Awaitable[None]:
    return SqlSwitches(database).stop(Stop("hall", by, NOON, "出错"), done("channel:hall"))


def taken(database: Database, by: str) -> Awaitable[None]:
    return SqlTakeovers(database).take(Takeover("hall", by, Reason.ASKED, NOON, NOON), done("user:c"))


def revoked(database: Database, by: str) -> Awaitable[None]:
    return SqlVendorTokens(database).revoke(Revocation("acme", by, NOON, "违规"), done("vendor:acme"))


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(stopped, id="a channel stopped"),
        pytest.param(taken, id="a follower taken over"),
        pytest.param(revoked, id="a vendor shut out"),
    ],
)
async def test_done_twice_at_once_it_is_done_and_each_has_its_audit_row(
    databases: Both, store: Store, act: Callable[[Database, str], Awaitable[None]]
) -> None:
    await asyncio.gather(*(act(one, "li") for one in databases * 4))
    counts = (
        len(await SqlSwitches(databases[0]).stops()),
        len(await SqlTakeovers(databases[0]).takeovers(NOON - SECOND)),
        len(await SqlVendorTokens(databases[0]).revocations()),
    )
    assert sum(counts) == 1
    trail = [one async for one in store.audit_trail()]
    assert len(trail) == 8
    assert broken_link(trail) is None


async def test_a_stop_is_replaced_by_a_later_one_and_lifted(database: Database) -> None:
    switches = SqlSwitches(database)
    await switches.stop(Stop("hall", "li", NOON, "出错"), done("channel:hall"))
    later = Stop("hall", "wang", NOON + HOUR, "还在出错")
    await switches.stop(later, done("channel:hall"))
    assert await switches.stops() == [later]
    await switches.resume("hall", done("channel:hall"))
    assert await switches.stops() == []


async def test_a_takeover_lives_from_its_last_word(database: Database) -> None:
    takeovers = SqlTakeovers(database)
    first = Takeover("hall", "c\ud83d", Reason.ASKED, NOON, NOON)
    await takeovers.take(first, done("user:c"))
    await takeovers.heard(replace(first, last_at=NOON + HOUR))
    (found,) = await takeovers.takeovers(NOON + SECOND)
    assert (found.reason, found.since, found.last_at) == (Reason.ASKED, NOON, NOON + HOUR)
    assert await takeovers.takeovers(NOON + HOUR) == []
    await takeovers.hand_back("hall", "c\ud83d", done("user:c"))
    assert await takeovers.takeovers(NOON) == []


async def test_tokens_of_a_revoked_vendor_are_known_as_ended(database: Database) -> None:
    vendors = SqlVendorTokens(database)
    token = VendorToken("hash", "acme", "hall", NOON, NOON + HOUR)
    await vendors.add(token, done("vendor:acme"))
    assert await vendors.find("hash") == token
    await vendors.revoke(Revocation("acme", "li", NOON + SECOND, "违规"), done("vendor:acme"))
    assert await vendors.find("hash") == replace(token, expires_at=NOON + SECOND, revoked=True)
    await vendors.restore("acme", done("vendor:acme"))
    assert await vendors.revocations() == []
    assert await vendors.find("hash") == replace(token, expires_at=NOON + SECOND)


async def test_tokens_that_were_ended_are_remembered_so(database: Database) -> None:
    vendors = SqlVendorTokens(database)
    for name in ("old", "new"):
        await vendors.add(VendorToken(name, "acme", "hall", NOON, NOON + HOUR), done("vendor:acme"))
    await vendors.end(["old"], replace(done("vendor:acme"), at=NOON + SECOND))
    found = [await vendors.find(name) for name in ("old", "new")]
    assert [one.expires_at for one in found if one] == [NOON + SECOND, NOON + HOUR]


async def test_a_new_token_clears_away_what_ended_long_ago(database: Database) -> None:
    vendors, later = SqlVendorTokens(database), NOON + REMEMBERED + HOUR
    await vendors.add(VendorToken("old", "acme", "hall", NOON, NOON + SECOND), done("vendor:acme"))
    await vendors.add(VendorToken("new", "acme", "hall", later, later + HOUR), done("vendor:acme"))
    assert await vendors.find("old") is None
    assert await vendors.find("new") is not None


# --- work orders and handovers ----------------------------------------------------------------


async def with_orders(store: Store, count: int) -> None:
    for number in range(count):
        hold = await held(store, number)
        order = WorkOrder(hold.id, "交通局", NOON + number * SECOND, "{}", PostState.QUEUED, next_at=NOON)
        transferred = replace(hold, state=HoldState.TRANSFERRED, version=2, transferred_to="交通局")
        await store.settle(transferred, None, done(f"hold:{hold.id}"), order)


async def test_an_order_is_taken_by_one(databases: Both, store: Store) -> None:
    await with_orders(store, 12)
    batches = await asyncio.gather(*(SqlWorkOrders(one).take(NOON, HOUR, 5) for one in databases * 3))
    batches += await asyncio.gather(*(SqlWorkOrders(one).take(NOON, HOUR, 5) for one in databases * 3))
    taken_ids = [order.hold_id for batch in batches for order in batch]
    assert sorted(taken_ids) == sorted(f"hold-{number}" for number in range(12))
    assert {order.attempts for batch in batches for order in batch} == {1}


async def test_what_became_of_an_order_is_written(database: Database, store: Store) -> None:
    await with_orders(store, 1)
    orders = SqlWorkOrders(database)
    (order,) = await orders.take(NOON, HOUR, 5)
    assert await orders.take(NOON, HOUR, 5) == []
    failed = replace(order, state=PostState.FAILED, next_at=None, why="http-500")
    await orders.mark(failed)
    assert await orders.work_order("hold-0") == failed
    assert await orders.take(NOON + timedelta(days=1), HOUR, 5) == []
    assert await orders.work_order("hold-9") is None


async def test_a_handover_is_taken_once_by_whom_it_waits_for(databases: Both, store: Store) -> None:
    handovers = SqlHandovers(databases[0])
    written = Handover("h-1", "li", "wang", NOON, "注意路灯", "{}")
    await handovers.write(written, done("handover:h-1"))
    with pytest.raises(Conflict):
        await handovers.take_over("h-1", "zhao", NOON, done("handover:h-1"))
    results = await asyncio.gather(
        *(SqlHandovers(one).take_over("h-1", "wang", NOON, done("handover:h-1")) for one in databases),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
    assert await handovers.handovers(5) == [replace(written, taken_at=NOON)]
    assert len([one async for one in store.audit_trail()]) == 2


async def test_two_first_starts_make_one_administrator(databases: tuple[Database, Database]) -> None:
    passwords = await asyncio.gather(*(first_administrator(one, Console()) for one in databases))
    assert sorted(map(bool, passwords)) == [False, True]
