"""Whole guards on one PostgreSQL, and what a start does to those that run already."""

from pathlib import Path
from typing import Any

import pytest

from app.assembly.parts import utc_now
from app.core.records import CLAIM_LEASE, ExchangeState
from app.main import running_guard
from app.storage.sql import SqlStore
from tests.e2e.surroundings import settings_for
from tests.values import exchange, message

NOWHERE = "http://127.0.0.1:9"
BOTS = {"hall": {"kind": "chat", "url": NOWHERE, "model": "m"}}


@pytest.mark.parametrize(
    ("storage", "taken_over"),
    [
        pytest.param({}, False, id="another process may be at it: its lease is left to run out"),
        pytest.param({"sole_process": True}, True, id="nobody can be: the next resend takes it over"),
    ],
)
async def test_a_start_leaves_alone_what_another_process_is_at(
    tmp_path: Path, postgresql_url: str, storage: dict[str, Any], taken_over: bool
) -> None:
    now = utc_now()
    asked = message(received_at=now, sent_at=now)
    other = await SqlStore.open(postgresql_url, 2.0)
    await other.claim(exchange(message=asked, claimed_until=now + CLAIM_LEASE), now)
    tables = {"storage": {"url": postgresql_url, **storage}}
    async with running_guard(settings_for(tmp_path, "plaintext", NOWHERE, BOTS, tables)) as guard:
        resend = await guard.store.claim(
            exchange("resend", message=asked, claimed_until=now + CLAIM_LEASE), utc_now()
        )
        assert resend.fresh is taken_over
        assert (await other.exchange("exchange-1")).state is ExchangeState.CLAIMED
    await other.aclose()


async def test_two_guards_run_beside_each_other(tmp_path: Path, postgresql_url: str) -> None:
    settings = settings_for(tmp_path, "plaintext", NOWHERE, BOTS, {"storage": {"url": postgresql_url}})
    now = utc_now()
    asked = message(received_at=now, sent_at=now)
    async with running_guard(settings) as one, running_guard(settings) as two:
        await one.store.claim(exchange(message=asked, claimed_until=now + CLAIM_LEASE), now)
        assert (await two.store.exchange("exchange-1")).state is ExchangeState.CLAIMED
        for guard in (one, two):
            await guard.sweeper.run_once()
