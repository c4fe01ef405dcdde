"""How the databases find what desk and relay ask for: by an index, never by reading a table through."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from app.core.model import Severity
from app.core.records import DeliveryState, ExchangeState, HoldState
from app.core.retention import Class
from app.core.statistics import Period, Step
from app.ports import HoldFilter, Store
from app.storage import bundles
from app.storage.bundles import ENDED, Wanted
from app.storage.database import Database
from app.storage.days import SqlDays
from app.storage.migrate import upgrade
from app.storage.records import delivery_values
from app.storage.schema import deliveries
from app.storage.sql import SqlStore
from app.storage.statistics import SqlStatistics
from scripts.bench.queue import START, fill, settle_down
from scripts.postgres import Postgres
from tests.contract.given import entry
from tests.values import delivery, exchange, message

ROWS = 4_000
LARGE = ("exchanges", "holds", "deliveries", "audit")
"""Tables that grow."""
NOW = START + timedelta(days=1)
ANOTHER_DAY = Period((START + timedelta(days=9)).date(), (START + timedelta(days=9)).date(), Step.DAY)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield prepared(f"sqlite:///{tmp_path_factory.mktemp('plans')}/records.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.connect() as connection:
        connection.execute("CREATE DATABASE plans")
        yield prepared(server.url("plans"))
        connection.execute("DROP DATABASE plans WITH (FORCE)")


def prepared(url: str) -> str:
    async def work() -> None:
        store = await SqlStore.open(url, 3.0)
        await fill(store, ROWS)
        await store.database.change(lambda connection: connection.execute(insert(deliveries), sent()))
        await store.aclose()

    upgrade(url)
    asyncio.run(work())
    settle_down(url)
    return url


def sent() -> list[dict[str, Any]]:
    """A delivery for each message; one in a hundred still waits."""
    return [
        delivery_values(
            delivery(
                f"d{number}",
                exchange_id=f"e{number:015d}",
                channel=f"channel-{number % 7}",
                user=f"citizen-{number}",
                created_at=START + timedelta(seconds=number),
                state=DeliveryState.DELIVERED if number % 100 else DeliveryState.QUEUED,
                next_at=None if number % 100 else START,
                finished_at=START if number % 100 else None,
                leased_until=None,
            )
        )
        for number in range(ROWS)
    ]


@pytest.fixture
async def store(filled_url: str) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(filled_url, 3.0)
    yield opened
    await opened.aclose()


async def settled(store: Store, **changes: Any) -> None:
    hold = (await store.holds(HoldFilter(limit=1))).items[0]
    changed = replace(hold, version=hold.version + 1, decided_at=START, **changes)
    await store.settle(changed, None, entry(f"hold:{hold.id}"))


def claim(store: Store) -> Awaitable[object]:
    new = message("MsgId:new", channel="channel-1", user="citizen-1", received_at=NOW)
    return store.claim(exchange("new", message=new), NOW)


def seen(store: Store) -> Database:
    assert isinstance(store, SqlStore)
    return store.database


async def archived(store: Store, kind: Class) -> None:
    """A step of the archiver; what it takes away is nothing here."""
    wanted = Wanted(kind, START, NOW, NOW)
    place = bundles.Place(ENDED.index(ExchangeState.HELD.value), START, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "AT_ONCE", 20)  # a few of many, as it is where there are many
        await seen(store).read(partial(bundles.found, wanted=wanted, place=place))
    few = [f"e{number:015d}" for number in range(3)]
    await seen(store).read(partial(bundles.read, ids=few, wanted=None))
    await seen(store).write(partial(bundles.lock, ids=few))
    await seen(store).write(partial(bundles.take_away, ids=["nobody's"]))


QUESTIONS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "the queue": lambda store: store.holds(HoldFilter()),
    "the queue, not claimed": lambda store: store.holds(HoldFilter(claims_as_of=START)),
    "the queue of one channel": lambda store: store.holds(HoldFilter(channels=("channel-3",))),
    "the severe ones": lambda store: store.holds(HoldFilter(severity=Severity.HIGH)),
    "how many wait": lambda store: store.count_holds(HoldFilter()),
    "search for many": lambda store: store.holds(HoldFilter(text="路灯坏了")),
    "search for one": lambda store: store.holds(HoldFilter(text="第3711号窗口")),
    "decided ones": lambda store: store.holds(HoldFilter(states=(HoldState.REJECTED,))),
    "one hold": lambda store: store.hold("h000000000000711"),
    "a claim of a hold": lambda store: settled(store, state=HoldState.CLAIMED, claimed_by="li"),
    "a decision": lambda store: settled(store, state=HoldState.REJECTED, decided_by="li"),
    "a new message": claim,
    "what has expired": lambda store: store.expired_holds(START, 200),
    "what was abandoned": lambda store: store.abandoned(NOW, timedelta(0), 200),
    "unanswered messages": lambda store: store.exchanges([ExchangeState.UNANSWERED], None, "", 50),
    "what is due": lambda store: store.due(NOW, 50, timedelta(minutes=1)),
    "what is due on one channel": lambda store: store.due(NOW, 50, timedelta(minutes=1), "channel-1"),
    "the channels with something due": lambda store: store.waiting(NOW),
    "uncertain deliveries": lambda store: store.deliveries([DeliveryState.UNCERTAIN], None, "", 50),
    "lost deliveries": lambda store: store.lost_deliveries(NOW, 200),
    "delivered ones": lambda store: store.deliveries([DeliveryState.DELIVERED], None, "", 50),
    "the talk before": lambda store: store.history("channel-1", "citizen-1", NOW, 20),
    "how we stand": lambda store: store.standing("channel-1", "citizen-1", NOW, 5),
    "what the platform allows": lambda store: store.allowance("channel-1", "citizen-1", ""),
    "what may be archived": lambda store: archived(store, Class.EXCHANGES),
    "holds that may be archived": lambda store: archived(store, Class.HOLDS),
    "the figures of a day": lambda store: SqlStatistics(seen(store), str).figures(ANOTHER_DAY, None),
    "the days that are over": lambda store: SqlDays(seen(store)).announce(),
    "the oldest that may": lambda store: seen(store).read(partial(bundles.oldest_ended, since=START)),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_large_table_is_read_through(store: SqlStore, question: str) -> None:
    with overheard(store) as statements:
        await QUESTIONS[question](store)
    assert statements
    for statement, parameters in statements:
        plan = await explained(store, statement, parameters)
        assert not read_through(plan), f"{statement}\n{plan}"


@pytest.mark.parametrize("question", ["the queue", "the queue, not claimed"])
async def test_the_queue_comes_in_order_without_sorting(store: SqlStore, question: str) -> None:
    with overheard(store) as statements:
        await QUESTIONS[question](store)
    for statement, parameters in statements:
        plan = await explained(store, statement, parameters)
        assert "holds_by_due" in plan, plan
        assert not re.search(r"\bSort\b|TEMP B-TREE", plan), plan


BY_PAIRS = {
    "postgresql": ["Bitmap Index Scan on holds_by_pairs"],
    "sqlite": [
        "SCAN hold_pairs VIRTUAL TABLE INDEX",
        "SEARCH hold_words USING INTEGER PRIMARY KEY",
        "SEARCH holds USING INDEX sqlite_autoindex_holds_1",
    ],
}


@pytest.mark.parametrize(
    ("word", "numbers"),
    [
        pytest.param("第3711号窗口", [3711], id="long"),
        pytest.param("公交", [], id="of two characters, said by nobody"),
    ],
)
async def test_a_rare_word_is_found_by_its_pairs(store: SqlStore, word: str, numbers: list[int]) -> None:
    with overheard(store) as statements:
        page = await store.holds(HoldFilter(text=word))
        assert await store.count_holds(HoldFilter(text=word)) == len(numbers)
    assert [one.id for one in page.items] == [f"h{number:015d}" for number in numbers]
    plans = [await explained(store, *one) for one in statements]
    by_pairs = [plan for plan in plans if "pairs" in plan]
    assert len(by_pairs) == 2
    for plan in by_pairs:
        for step in BY_PAIRS[store.database.reader.dialect.name]:
            assert step in plan


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(HoldFilter(text="路灯坏了"), id="by all"),
        pytest.param(HoldFilter(text="1号窗口几点", channels=("channel-3",)), id="by some, on one channel"),
    ],
)
async def test_a_common_word_is_found_along_the_queue(store: SqlStore, asked: HoldFilter) -> None:
    """No index of words is asked: collecting what many say would take long where there are many."""
    with overheard(store) as statements:
        page = await store.holds(asked)
    assert len(page.items) == asked.limit
    plans = [await explained(store, *one) for one in statements]
    assert not [plan for plan in plans if "pairs" in plan]
    assert [plan for plan in plans if "holds_by_due" in plan]


# --- overhearing ------------------------------------------------------------------------------

Asked = list[tuple[str, Any]]


class overheard:  # noqa: N801  # reads as a phrase
    """The statements a store sends, with the parameters of their first row."""

    def __init__(self, store: SqlStore) -> None:
        self.engines: Sequence[Engine] = (store.database.reader, store.database.writer)
        self.statements: Asked = []

    def _note(
        self, _c: object, _cursor: object, statement: str, parameters: Any, _x: object, many: bool
    ) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE)", statement) and any(name in statement for name in LARGE):
            self.statements.append((statement, parameters[0] if many else parameters))

    def __enter__(self) -> Asked:
        for engine in self.engines:
            event.listen(engine, "before_cursor_execute", self._note)
        return self.statements

    def __exit__(self, *_: object) -> None:
        for engine in self.engines:
            event.remove(engine, "before_cursor_execute", self._note)


async def explained(store: SqlStore, statement: str, parameters: Any) -> str:
    sqlite = store.database.writer.dialect.name == "sqlite"
    ask = f"EXPLAIN QUERY PLAN {statement}" if sqlite else f"EXPLAIN {statement}"
    rows = await store.database.write(lambda connection: connection.exec_driver_sql(ask, parameters).all())
    return "\n".join(str(row[-1]) for row in rows)


def read_through(plan: str) -> bool:
    """SQLite's SCAN of a table that grows, unless along an index; PostgreSQL's Seq Scan of one."""
    lines = plan.splitlines()
    return any(
        re.search(rf"Seq Scan on ({'|'.join(LARGE)})\b", line)
        or (re.match(r"SCAN (exchanges|holds|deliveries|audit)\b", line) and "INDEX" not in line)
        for line in lines
    )


@pytest.mark.parametrize(
    ("plan", "does"),
    [
        pytest.param(
            "Limit\n  ->  Seq Scan on holds  (cost=0.00..1.00)", True, id="PostgreSQL reads it through"
        ),
        pytest.param("Index Scan using holds_by_due on holds", False, id="PostgreSQL uses an index"),
        pytest.param("Seq Scan on audit_head", False, id="a table of one row"),
        pytest.param("SCAN holds", True, id="SQLite reads it through"),
        pytest.param("SEARCH holds USING INDEX holds_by_due (open=?)", False, id="SQLite uses an index"),
    ],
)
def test_a_plan_that_reads_through_is_recognised(plan: str, does: bool) -> None:
    assert read_through(plan) is does
