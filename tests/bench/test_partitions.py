"""The partitions that docs/scale.md tells how to make, made, on a real PostgreSQL."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.errors import BodyChanged, Conflict
from app.core.records import Exchange
from app.storage.migrate import upgrade
from app.storage.sql import SqlStore
from scripts.postgres import Postgres
from tests.contract.given import answered
from tests.values import exchange, message

DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"
BEFORE, MONTH, LATER = (
    datetime(2026, 12, 15, tzinfo=UTC),
    datetime(2027, 1, 15, tzinfo=UTC),
    datetime(2027, 3, 15, tzinfo=UTC),
)
LEASE = timedelta(seconds=90)


def told() -> str:
    (script,) = re.findall(r"```sql\n(BEGIN;.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(script)


def new(at: datetime, key: str, number: int = 0) -> Exchange:
    """As the guard names them: by time."""
    name = f"{int(at.timestamp() * 1000):012x}{number:020x}"
    return exchange(name, message=message(key, received_at=at, sent_at=at), claimed_until=at + LEASE)


@pytest.fixture
async def store(postgres: Postgres) -> AsyncIterator[SqlStore]:
    """With one exchange from before, then partitioned as told."""
    with postgres.connect() as connection:
        connection.execute("DROP DATABASE IF EXISTS partitioned")
        connection.execute("CREATE DATABASE partitioned")
    url = postgres.url("partitioned")
    await asyncio.to_thread(upgrade, url)
    plain = await SqlStore.open(url, 2.0)
    await plain.record(answered((await plain.claim(new(BEFORE, "MsgId:before"), BEFORE)).exchange))
    await plain.aclose()
    with postgres.connect("partitioned") as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        connection.execute(told().encode())
        connection.execute("INSERT INTO message_keys VALUES ('hall', 'MsgId:before') ON CONFLICT DO NOTHING")
    opened = await SqlStore.open(url, 2.0)
    yield opened
    await opened.aclose()


def partitions(postgres: Postgres) -> dict[str, int]:
    with postgres.connect("partitioned") as connection:
        rows = connection.execute("SELECT tableoid::regclass::text, count(*) FROM exchanges GROUP BY 1")
        return dict(rows.fetchall())


async def test_each_month_has_its_own_and_what_nobody_foresaw_is_kept(
    store: SqlStore, postgres: Postgres
) -> None:
    for number, at in enumerate((BEFORE, MONTH, LATER), start=1):
        claim = await store.claim(new(at, f"MsgId:{number}", number), at)
        await store.record(answered(claim.exchange))
    assert partitions(postgres) == {"exchanges_before": 2, "exchanges_2027_01": 1, "exchanges_rest": 1}
    before = await store.history("hall", "citizen-1", LATER + LEASE, 10)
    assert [one.message.key for one in before] == ["MsgId:before", *(f"MsgId:{n}" for n in (1, 2, 3))]


async def test_a_message_is_taken_once_across_partitions(store: SqlStore) -> None:
    again = await store.claim(new(MONTH, "MsgId:before", 1), MONTH)
    assert (again.fresh, again.exchange.id) == (False, new(BEFORE, "").id)
    claims = await asyncio.gather(*(store.claim(new(MONTH, "MsgId:many", n), MONTH) for n in range(2, 22)))
    assert [claim.fresh for claim in claims].count(True) == 1
    assert len({claim.exchange.id for claim in claims}) == 1
    with pytest.raises(Conflict):
        await store.put_down(answered(new(LATER, "MsgId:many", 22)))


async def test_another_body_under_a_known_key_is_refused(store: SqlStore) -> None:
    forged = new(MONTH, "MsgId:before", 1)
    with pytest.raises(BodyChanged):
        await store.claim(
            exchange(forged.id, message=message("MsgId:before", received_at=MONTH, raw=b"<xml>x</xml>")),
            MONTH,
        )
