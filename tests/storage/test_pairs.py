"""The pairs of characters that holds are searched by, and SQLite's index of them."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text, update

from app.core.model import Reply
from app.ports import HoldFilter
from app.storage import bundles, searching
from app.storage.migrate import downgrade, upgrade
from app.storage.pairs import pairs_of, telling
from app.storage.schema import holds
from app.storage.sql import SqlStore
from tests.contract.given import held


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("灯", "", id="one character has no neighbour"),
        pytest.param("路灯", "8def706f", id="two"),
        pytest.param("Ab", "00610062", id="capitals are as good as small letters"),
        pytest.param("aaaa", "00610061", id="a pair counts once"),
        pytest.param("😀", "d83dde00", id="beyond the first 65536 one character is a pair by itself"),
    ],
)
def test_pairs_are_written_in_digits(words: str, pairs: str) -> None:
    assert pairs_of(words) == pairs


@given(before=st.text(max_size=5), words=st.text(max_size=8), after=st.text(max_size=5))
def test_a_text_has_the_pairs_of_whatever_is_in_it(before: str, words: str, after: str) -> None:
    capitals = words.encode().upper().decode()  # ASCII's alone
    assert set(pairs_of(words).split()) <= set(pairs_of(before + capitals + after).split())


SAID = ["请问路灯坏了找谁", "请问公交改道了吗", "请问路灯几点亮"]


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        pytest.param("灯", [], id="one character"),
        pytest.param("请问", ["请问"], id="one pair, however common"),
        pytest.param("请问路灯坏", ["灯坏"], id="the rare ones of those that are"),
        pytest.param("医保怎么办理", ["医保", "保怎", "怎么", "么办"], id="some of many"),
    ],
)
def test_the_pairs_that_rule_most_out_are_asked_for(words: str, pairs: list[str]) -> None:
    assert telling(words, SAID) == pairs


def test_without_anything_seen_any_pairs_will_do() -> None:
    assert telling("路灯坏", []) == ["路灯", "灯坏"]


# --- SQLite's index follows the holds ---------------------------------------------------------


@pytest.fixture
async def store(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqlStore]:
    monkeypatch.setattr(searching, "LOOK", 1)
    monkeypatch.setattr(searching, "WALK", 0)  # everything but the first is found by the index
    opened = await SqlStore.open(url, 1.0)
    yield opened
    await opened.aclose()


async def three(store: SqlStore) -> None:
    for number, words in enumerate(("路灯坏了", "公交改道", "路灯不亮")):
        await held(store, number, incoming={"text": words}, reply=Reply.of("呵呵"))


async def found(store: SqlStore, words: str) -> list[str]:
    return sorted(hold.id for hold in (await store.holds(HoldFilter(text=words))).items)


def indexed(connection: Connection) -> tuple[int, int]:
    """Numbers given; texts in which the index has 路灯."""
    numbers = connection.execute(text("SELECT count(*) FROM hold_words")).scalar_one()
    query = text("SELECT count(*) FROM hold_pairs WHERE hold_pairs MATCH :pairs")
    return numbers, connection.execute(query, {"pairs": pairs_of("路灯")}).scalar_one()


async def test_what_is_taken_away_leaves_the_index(store: SqlStore) -> None:
    await three(store)
    assert await store.database.read(indexed) == (3, 2)
    await store.database.change(partial(bundles.take_away, ids=["exchange-0", "exchange-1"]))
    assert await store.database.read(indexed) == (1, 1)
    assert await found(store, "路灯") == ["hold-2"]
    await held(store, 5, incoming={"text": "路灯又坏了"}, reply=Reply.of("呵呵"))
    assert await found(store, "路灯") == ["hold-2", "hold-5"]


async def test_what_is_written_anew_is_indexed_anew(store: SqlStore) -> None:
    await three(store)
    change = update(holds).where(holds.c.id == "hold-0").values(search="公交")
    await store.database.change(lambda connection: connection.execute(change))
    assert await store.database.read(indexed) == (3, 1)
    assert await found(store, "公交") == ["hold-0", "hold-1"]


async def test_what_is_rolled_back_was_never_indexed(store: SqlStore) -> None:
    await three(store)

    def broken(connection: Connection) -> None:
        bundles.take_away(connection, ["exchange-0"])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.database.change(broken)
    assert await store.database.read(indexed) == (3, 2)


async def test_the_index_outlives_a_vacuum(url: str, store: SqlStore) -> None:
    await three(store)
    await store.database.change(partial(bundles.take_away, ids=["exchange-0"]))
    with store.database.writer.connect() as connection:
        connection.connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
    assert await found(store, "路灯") == ["hold-2"]
    assert await found(store, "公交") == ["hold-1"]


async def test_records_of_before_are_indexed_by_the_upgrade(url: str, store: SqlStore) -> None:
    await three(store)
    await asyncio.to_thread(downgrade, url)
    await asyncio.to_thread(upgrade, url)
    assert await store.database.read(indexed) == (3, 2)
    assert await found(store, "路灯") == ["hold-0", "hold-2"]
