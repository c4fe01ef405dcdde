"""Contract of Store: the audit trail is numbered, chained and whole."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

from app.core.audit import broken_link
from app.core.records import AuditEntry, HoldState
from app.ports import Store
from tests.contract.conftest import OpenStore
from tests.contract.given import answered, claimed, entry, held


async def trail(store: Store) -> list[AuditEntry]:
    return [one async for one in store.audit_trail()]


async def test_an_untouched_trail_is_empty(store: Store) -> None:
    assert await trail(store) == []


async def test_entries_come_back_as_they_were_numbered_and_chained(store: Store) -> None:
    first = entry(before='{"state": "pending"}', after="改后\n放行", reason="用语不当😀")
    second = entry("delivery:1", action="delivery.retry")
    await store.append_audit(first)
    await store.append_audit(second)
    one, two = await trail(store)
    assert replace(one, seq=0, hash="") == first
    assert replace(two, seq=0, hash="", previous_hash="") == second
    assert (one.seq, two.seq, two.previous_hash) == (1, 2, one.hash)
    assert broken_link([one, two]) is None


async def test_every_way_of_writing_continues_the_same_chain(store: Store) -> None:
    hold = await held(store, 1)
    await store.append_audit(entry(action="login"))
    await store.settle(replace(hold, state=HoldState.CLAIMED, version=2), None, entry(action="hold.claim"))
    claim = await claimed(store, 2)
    await store.record(replace(answered(claim.exchange), audit=entry(action="relay")))
    written = await trail(store)
    assert [one.action for one in written] == ["login", "hold.claim", "relay"]
    assert broken_link(written) is None


async def test_entries_written_at_once_make_one_chain(store: Store) -> None:
    await asyncio.gather(*(store.append_audit(entry(f"hold:{n}")) for n in range(700)))
    written = await trail(store)
    assert [one.seq for one in written] == list(range(1, 701))
    assert {one.subject for one in written} == {f"hold:{n}" for n in range(700)}
    assert broken_link(written) is None


async def test_the_chain_goes_on_after_a_restart(store: Store, open_store: OpenStore) -> None:
    await store.append_audit(entry())
    await store.aclose()
    reopened = await open_store()
    await reopened.append_audit(entry())
    written = await trail(reopened)
    assert len(written) == 2
    assert broken_link(written) is None


async def test_a_time_in_another_zone_and_odd_characters_keep_the_chain_whole(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    await store.append_audit(entry(at=entry().at.astimezone(shanghai), reason="半个\ud83d字\u0000"))
    (one,) = await trail(store)
    assert broken_link([one]) is None
    assert (one.at, one.at.utcoffset()) == (entry().at, timedelta(0))
