"""Statements that go past SQLAlchemy's own execution bind like it does."""

from datetime import timedelta

from sqlalchemy import Connection, bindparam, select, update

from app.core.records import ExchangeState
from app.storage.prepared import Prepared
from app.storage.schema import exchanges
from app.storage.sql import SqlStore
from tests.contract.given import claimed
from tests.values import NOON, exchange, message

LATER = NOON + timedelta(hours=1)

_POSTPONE = Prepared.of(
    update(exchanges)
    .where(exchanges.c.id == bindparam("of_id"), exchanges.c.state == ExchangeState.CLAIMED.value)
    .values(claimed_until=bindparam("until"), why=bindparam("reason"))
)


async def test_rows_that_match_are_changed_and_counted(store: SqlStore) -> None:
    await claimed(store, 1)
    rows = [
        {"of_id": "exchange-1", "until": LATER, "reason": "a\0b"},
        {"of_id": "nobody", "until": LATER, "reason": ""},
    ]

    def work(connection: Connection) -> tuple[int, object]:
        changed = _POSTPONE.run(connection, rows)
        return changed, connection.execute(select(exchanges.c.claimed_until, exchanges.c.why)).one()

    assert await store.database.write(work) == (1, (LATER, "a\ufffdb"))


async def test_turns_are_looked_up_only_for_channels_that_tell_them(url: str) -> None:
    store = await SqlStore.open(url, busy_timeout_s=0.05, turns_for=frozenset({"hall"}))
    for channel in ("hall", "desk"):
        for number in range(2):
            one = message(f"MsgId:{number}", channel=channel, received_at=NOON + timedelta(seconds=number))
            claim = await store.claim(exchange(f"{channel}-{number}", message=one), NOON)
        assert len(claim.conversation.turns) == (1 if channel == "hall" else 0)
    await store.aclose()
