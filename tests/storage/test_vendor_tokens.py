"""Tokens that have ended are known for what they are, for a while and up to a number."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.core.records import AuditEntry
from app.core.vendors import REMEMBERED, Revocation, VendorToken
from app.storage import vendor_tokens as module
from app.storage.schema import vendor_tokens
from app.storage.sql import SqlStore
from app.storage.vendor_tokens import SqlVendorTokens
from tests.values import NOON

HOUR = timedelta(hours=1)


def token(name: str, at: datetime = NOON, vendor: str = "acme") -> VendorToken:
    return VendorToken(name, vendor, "hall", at, at + HOUR)


async def add(store: SqlStore, *tokens: VendorToken) -> SqlVendorTokens:
    tokens_of = SqlVendorTokens(store.database)
    for one in tokens:
        entry = AuditEntry(one.created_at, f"vendor:{one.vendor}", "vendor.token", "channel:hall")
        await tokens_of.add(one, entry)
    return tokens_of


async def test_an_ended_token_is_known_for_a_year(store: SqlStore) -> None:
    known = await add(store, token("old"), token("new", NOON + REMEMBERED))
    assert await known.find("old") == token("old")
    await add(store, token("later", NOON + REMEMBERED + 2 * HOUR))
    assert await known.find("old") is None


async def test_a_vendor_that_fetches_all_day_fills_nothing_and_loses_no_living_token(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    known = await add(store, token("other", vendor="other"), *(token(f"t{n}") for n in range(6)))
    query = select(func.count()).select_from(vendor_tokens)
    assert await count(store, query) == 7
    later = NOON + 2 * HOUR
    await add(store, *(token(f"l{n}", later + n * timedelta(seconds=1)) for n in range(5)))
    assert {await known.find(f"l{n}") for n in range(5)}.isdisjoint({None})
    assert await known.find("t0") is None
    assert await known.find("other") is not None


async def test_a_revoked_vendors_tokens_say_so_and_stay_ended(store: SqlStore) -> None:
    known = await add(store, token("mine"))
    entry = AuditEntry(NOON, "li", "vendor.revoke", "vendor:acme")
    await known.revoke(Revocation("acme", "li", NOON, "换人了"), entry)
    found = await known.find("mine")
    assert found is not None
    assert (found.revoked, found.expires_at) == (True, NOON)
    await known.restore("acme", entry)
    found = await known.find("mine")
    assert found is not None
    assert (found.revoked, found.expires_at) == (False, NOON)


async def count(store: SqlStore, query: object) -> int:
    return int(await store.database.read(lambda connection: connection.execute(query).scalar_one()))  # type: ignore[call-overload]
