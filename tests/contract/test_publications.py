"""Publications in the records: proposed, in effect at one moment for all, withdrawn, audited."""

import asyncio
import threading
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Update, update

from app.core.errors import Conflict, StoreError
from app.core.publications import LEAD, PROPOSAL_LIVES, Replica
from app.ports import AuditFilter
from app.storage import trail
from app.storage.database import Database
from app.storage.migrate import prepare
from app.storage.rulesets import SqlPublications, clock
from app.storage.schema import rulesets

Pair = tuple[SqlPublications, SqlPublications]


@pytest.fixture
def both(databases: tuple[Database, Database]) -> Pair:
    """A publisher's and a replica's."""
    one, other = databases
    return SqlPublications(one), SqlPublications(other)


async def time_passes(publications: SqlPublications, by: timedelta) -> None:
    """The moments of every publication move into the past: the records' clock is the server's."""
    for one in await publications.published(10):
        moved = {
            "proposed_at": one.proposed_at - by,
            "effective_at": one.effective_at and one.effective_at - by,
        }
        change = update(rulesets).where(rulesets.c.number == one.number).values(moved)
        await publications.database.change(partial(_execute, change))


def _execute(change: Update, connection: Connection) -> None:
    connection.execute(change)


async def in_effect(publications: SqlPublications, version: str) -> int:
    proposal = await publications.propose(version, b"document of " + version.encode(), "cli:root", "试")
    await publications.take_effect(proposal, "cli:root")
    await time_passes(publications, LEAD)
    return proposal.number


async def test_nothing_published_means_everybody_goes_by_its_own_files(both: Pair) -> None:
    standing = await both[1].standing()
    assert (standing.number, standing.current, standing.coming) == (0, None, None)


async def test_a_proposal_is_seen_and_does_not_count_yet(both: Pair) -> None:
    proposal = await both[0].propose("abc", b"document", "cli:root", "试")
    standing = await both[1].standing()
    assert (standing.number, standing.coming) == (0, proposal)
    assert await both[1].document(proposal.number) == b"document"


async def test_the_moment_of_effect_lies_ahead_and_is_the_same_for_all(both: Pair) -> None:
    effective = await both[0].take_effect(await both[0].propose("abc", b"1", "cli:root", "试"), "cli:root")
    standing = await both[1].standing()
    assert effective.effective_at is not None
    assert effective.effective_at > standing.now
    assert (standing.number, standing.coming) == (0, effective)
    await time_passes(both[0], LEAD)
    assert (await both[1].standing()).number == effective.number
    assert (await both[1].standing()).coming is None


async def test_the_latest_one_in_effect_counts(both: Pair) -> None:
    first = await in_effect(both[0], "abc")
    second = await in_effect(both[0], "def")
    assert second > first
    assert (await both[1].standing()).number == second
    assert [one.version for one in await both[1].published(10)] == ["def", "abc"]


async def test_a_withdrawn_proposal_never_takes_effect(both: Pair) -> None:
    proposal = await both[0].propose("abc", b"1", "cli:root", "试")
    await both[0].withdraw(proposal, "cli:root", "装不上")
    assert (await both[1].standing()).coming is None
    with pytest.raises(Conflict):
        await both[1].take_effect(proposal, "cli:root")


async def test_what_is_in_effect_is_not_withdrawn(both: Pair) -> None:
    number = await in_effect(both[0], "abc")
    (published,) = await both[0].published(1)
    await both[0].withdraw(published, "cli:root", "试")
    assert (await both[1].standing()).number == number


async def test_of_two_publishers_the_later_one_goes_on(both: Pair) -> None:
    first = await both[0].propose("abc", b"1", "cli:one", "试")
    second = await both[1].propose("def", b"2", "cli:two", "试")
    assert (await both[0].standing()).coming == second
    with pytest.raises(Conflict, match="publish once more"):
        await both[0].take_effect(first, "cli:one")
    await both[1].take_effect(second, "cli:two")


async def test_the_proposal_of_a_publisher_that_was_killed_lapses(both: Pair) -> None:
    proposal = await both[0].propose("abc", b"1", "cli:root", "试")
    await time_passes(both[0], PROPOSAL_LIVES)
    assert (await both[1].standing()).coming is None
    with pytest.raises(Conflict):
        await both[0].take_effect(proposal, "cli:root")


async def test_every_step_of_a_person_is_audited(both: Pair) -> None:
    number = await in_effect(both[0], "abc")
    proposal = await both[0].propose("def", b"2", "cli:root", "再试")
    await both[0].withdraw(proposal, "cli:root", "有副本装不上")
    found = await both[0].database.read(lambda connection: trail.search(connection, AuditFilter()))
    assert [(one.action, one.subject, one.after, one.reason) for one in reversed(found.items)] == [
        ("rules.propose", f"ruleset:{number}", "abc", "试"),
        ("rules.publish", f"ruleset:{number}", "abc", "试"),
        ("rules.propose", f"ruleset:{proposal.number}", "def", "再试"),
        ("rules.withdraw", f"ruleset:{proposal.number}", "def", "有副本装不上"),
    ]


async def test_a_document_that_is_not_there_is_an_error(both: Pair) -> None:
    with pytest.raises(StoreError, match="no publication 3"):
        await both[0].document(3)


async def test_a_replica_is_known_by_what_it_said_last_until_it_leaves(both: Pair) -> None:
    me = Replica("r1", "host", 1, "0.1", 0, "abc")
    await both[1].report(me)
    await both[1].report(Replica("r1", "host", 1, "0.1", 0, "abc", ready_for=1))
    (found,) = await both[0].replicas()
    now = await both[0].database.read(clock)
    assert found.ready_for == 1
    assert found.seen_at is not None
    assert abs(now - found.seen_at) < timedelta(minutes=1)
    await both[0].forget(now - timedelta(minutes=1))
    assert len(await both[0].replicas()) == 1
    await both[0].forget(now + timedelta(minutes=1))
    assert await both[0].replicas() == []
    await both[1].report(me)
    await both[1].leave("r1")
    assert await both[0].replicas() == []


async def test_a_replica_sees_what_counts_while_long_questions_take_every_reader(records_url: str) -> None:
    prepare(records_url, 2.0)
    busy, lookout = Database(records_url, 2.0, readers=1), Database(records_url, 2.0, readers=1)
    over, asking = threading.Event(), threading.Event()

    def long_question(_: Connection) -> None:
        asking.set()
        over.wait()

    question = asyncio.create_task(busy.read(long_question))
    await asyncio.to_thread(asking.wait)
    assert (await SqlPublications(busy, lookout).standing()).number == 0
    assert not question.done()
    over.set()
    await question
    for database in (busy, lookout):
        await database.aclose()
