"""A page's `next` belongs to its own list and is read with suspicion."""

import base64
import json

import pytest

from app.core.errors import Invalid
from app.core.records import ExchangeState
from app.storage.sql import SqlStore
from tests.contract.given import claimed


def place(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        pytest.param("%%%", id="no base64"),
        pytest.param("居住证", id="words"),
        pytest.param(base64.urlsafe_b64encode(b"{").decode(), id="no JSON"),
        pytest.param(base64.urlsafe_b64encode(b"7").decode(), id="a number"),
        pytest.param(place("2026-03-02T04:00:00+00:00"), id="too few values"),
        pytest.param(place("2026-03-02T04:00:00+00:00", "a", "b"), id="too many values"),
        pytest.param(place("yesterday", "exchange-1"), id="no time"),
        pytest.param(place(5, "exchange-1"), id="a number for a time"),
        pytest.param(place("2026-03-02T04:00:00+00:00", True), id="no id"),
    ],
)
async def test_a_made_up_place_is_refused(store: SqlStore, after: str) -> None:
    with pytest.raises(Invalid):
        await store.exchanges((ExchangeState.CLAIMED,), None, after, 10)


async def test_a_place_whose_row_is_gone_still_serves(store: SqlStore) -> None:
    await claimed(store, 1)
    after = place("2026-03-02T04:00:00+00:00", "exchange-9")
    page = await store.exchanges((ExchangeState.CLAIMED,), None, after, 10)
    assert [one.id for one in page.items] == ["exchange-1"]
