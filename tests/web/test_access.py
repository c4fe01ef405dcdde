"""A token has so many requests in any minute, and is told so in time."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.coordination.replicas import pair
from tests.coordination.valkey import Valkey, plain, running, settings_for, url_of
from tests.service.stage import POLITE
from tests.web.test_api import api, as_

HASTY = as_("hasty")
"""It has five."""
ONE = {"text": POLITE.text}


async def test_after_the_last_one_it_hears_when_to_come_back(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        for left in (4, 3, 2, 1, 0):
            answer = await client.post("/v1/check", json=ONE, headers=HASTY)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"token";q=5;w=60'
            assert answer.headers["ratelimit"].startswith(f'"token";r={left};t=')
        refused = await client.get("/v1/holds", headers=HASTY)
        assert (refused.status_code, refused.json()["error"]) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_each_text_of_a_batch_counts(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        batch = {"items": [ONE] * 3}
        assert (await client.post("/v1/check/batch", json=batch, headers=HASTY)).status_code == 200
        assert (await client.post("/v1/check/batch", json=batch, headers=HASTY)).status_code == 429
        answer = await client.post("/v1/check/batch", json={"items": [ONE] * 2}, headers=HASTY)
        assert answer.status_code == 200  # what was refused cost nothing
        assert answer.headers["ratelimit"].startswith('"token";r=0;')


async def test_a_batch_that_fits_into_no_minute_is_not_told_to_wait(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        answer = await client.post("/v1/check/batch", json={"items": [ONE] * 6}, headers=HASTY)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param(b'{"items": 7}', "application/json", id="no list"),
        pytest.param(b"[]", "application/json", id="no object"),
        pytest.param(b"{}", "application/json", id="no items"),
        pytest.param(b"\xff\xfe", "text/plain", id="no JSON"),
        pytest.param(b"[" * 100_000, "text/plain", id="a bottomless one"),
    ],
)
async def test_a_broken_batch_is_refused_for_what_it_is(tmp_path: Path, body: bytes, media_type: str) -> None:
    async with api(tmp_path) as (client, _):
        headers = {**HASTY, "content-type": media_type}
        answer = await client.post("/v1/check/batch", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


async def test_one_tokens_haste_slows_no_other(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        for _ in range(6):
            await client.post("/v1/check", json=ONE, headers=HASTY)
        assert (await client.post("/v1/check", json=ONE)).status_code == 200


async def test_who_is_refused_for_its_scope_has_spent_nothing(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        for _ in range(6):
            assert (await client.get("/v1/deliveries", headers=HASTY)).status_code == 403
        assert (await client.post("/v1/check", json=ONE, headers=HASTY)).status_code == 200


# --- several processes ------------------------------------------------------------------------


@asynccontextmanager
async def two_apps(folder: Path, server: Valkey) -> AsyncIterator[Sequence[httpx.AsyncClient]]:
    """Each with an end of its own at the coordination."""
    for name in ("one", "two"):
        (folder / name).mkdir()
    async with (
        pair(settings_for(url_of(server), timeout_s=2.0)) as (first, second),
        api(folder / "one", first.pace) as (one, _),
        api(folder / "two", second.pace) as (two, _),
    ):
        yield one, two


async def asked(apps: Sequence[httpx.AsyncClient], times: int) -> list[int]:
    """What each of so many requests heard, by turns."""
    return [
        (await apps[number % len(apps)].post("/v1/check", json=ONE, headers=HASTY)).status_code
        for number in range(times)
    ]


async def test_two_processes_allow_together_what_one_does(tmp_path: Path) -> None:
    with running(plain(tmp_path / "valkey")) as server:
        async with two_apps(tmp_path, server) as apps:
            assert await asked(apps, 4) == [200] * 4
            batch = {"items": [ONE] * 2}
            for app in apps:
                refused = await app.post("/v1/check/batch", json=batch, headers=HASTY)
                assert refused.status_code == 429, "one is left, whoever is asked"
                assert 1 <= int(refused.headers["retry-after"]) <= 60
            answer = await apps[1].post("/v1/check", json=ONE, headers=HASTY)
            assert answer.headers["ratelimit"].startswith('"token";r=0;')
            assert await asked(apps, 4) == [429] * 4


async def test_while_redis_is_away_each_process_counts_by_itself(tmp_path: Path) -> None:
    with running(plain(tmp_path / "valkey")) as server:
        async with two_apps(tmp_path, server) as (one, two):
            assert await asked([one], 2) == [200] * 2
            assert await asked([two], 1) == [200]
            server.kill()
            assert Counter(await asked([one], 6)) == {200: 3, 429: 3}, "what it had allowed it remembers"
            assert Counter(await asked([two], 6)) == {200: 4, 429: 2}
