from datetime import timedelta

import pytest

from app.coordination.pace import LocalPace
from app.core.pace import Limit


@pytest.mark.parametrize(
    ("who", "limit", "allowed"),
    [
        pytest.param("10.0.0.1", Limit("a", 2, timedelta(minutes=5)), False, id="has tried too often"),
        pytest.param("10.0.0.2", Limit("a", 2, timedelta(minutes=5)), True, id="is somebody else"),
        pytest.param("10.0.0.1", Limit("b", 2, timedelta(minutes=5)), True, id="tries something else"),
    ],
)
async def test_tries_are_counted_by_who_and_what(who: str, limit: Limit, allowed: bool) -> None:
    pace = LocalPace()
    for _ in range(2):
        assert await pace.allows(Limit("a", 2, timedelta(minutes=5)), "10.0.0.1")
    assert await pace.allows(limit, who) is allowed


async def test_a_look_counts_for_nothing() -> None:
    pace, limit = LocalPace(), Limit("a", 1, timedelta(minutes=5))
    assert [await pace.exhausted(limit, "10.0.0.1") for _ in range(3)] == [False] * 3
    assert await pace.allows(limit, "10.0.0.1")
    assert await pace.exhausted(limit, "10.0.0.1")
    assert not await pace.exhausted(limit, "10.0.0.2")


async def test_what_does_not_fit_costs_nothing_and_says_what_is_left() -> None:
    pace, limit = LocalPace(), Limit("a", 5, timedelta(minutes=5))
    assert (await pace.spend(limit, "li", 3)).left == 2
    refused = await pace.spend(limit, "li", 3)
    assert (refused.allowed, refused.left) == (False, 2)
    assert 0 < refused.resets_s <= 300
    assert (await pace.spend(limit, "li", 2)).left == 0
    assert not await pace.allows(limit, "li")
