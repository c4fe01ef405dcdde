"""The Store on SQLAlchemy: every write goes through the journal, every read beside it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from sqlalchemy import Connection, func, select, update

from app.core.audit import Link
from app.core.errors import StoreError
from app.core.records import (
    AuditEntry,
    Callback,
    Claim,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
    PostState,
    Pressing,
    WorkOrder,
)
from app.ports import Allowance, AuditFilter, HoldFilter, Page, Standing
from app.storage import conclusions, deliveries, exchanges, holds, migrate, schema, trail
from app.storage.claims import OPEN_HOLDS, Claims, NewClaim
from app.storage.conclusions import Conclusion, Whole
from app.storage.database import STATEMENT_TIMEOUT_S, Database
from app.storage.deliveries import WAITING, LeaseRequest, Report
from app.storage.holds import Settlement
from app.storage.journal import Journal


@dataclass(frozen=True, slots=True)
class SqlStore:
    database: Database
    journal: Journal
    conversation_within: timedelta = timedelta(seconds=1800)
    """Turns older than this belong to another conversation."""
    conversation_turns: int = 6
    turns_for: frozenset[str] | None = None
    """The channels whose conversations anybody reads; None: all."""
    _claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        claims = Claims(self.conversation_within, self.conversation_turns, self.turns_for)
        object.__setattr__(self, "_claims", claims)

    @classmethod
    async def open(
        cls,
        url: str,
        busy_timeout_s: float,
        *,
        conversation_within: timedelta = timedelta(seconds=1800),
        conversation_turns: int = 6,
        turns_for: frozenset[str] | None = None,
        readers: int = 2,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    ) -> Self:
        """Ready to use. A new SQLite file gets its tables.

        Raises ConfigError (the URL; a schema of another version), StoreError.
        """
        await asyncio.to_thread(migrate.prepare, url, busy_timeout_s)
        database = Database(url, busy_timeout_s, readers, statement_timeout_s)
        journal = Journal(database)
        journal.start()
        return cls(database, journal, conversation_within, conversation_turns, turns_for)

    async def aclose(self) -> None:
        """Writes what waits, then closes."""
        await self.journal.aclose()
        await self.database.aclose()

    # --- exchanges ----------------------------------------------------------------------------

    async def claim(self, exchange: Exchange, now: datetime) -> Claim:
        return await self.journal.submit(self._claims.write, NewClaim.of(exchange, now))

    async def record(self, outcome: Outcome) -> None:
        await self.amend(outcome, ExchangeState.CLAIMED)

    async def put_down(self, outcome: Outcome) -> None:
        await self.journal.submit(conclusions.write_new, Whole.of(outcome))

    async def amend(self, outcome: Outcome, was: ExchangeState) -> None:
        await self.journal.submit(conclusions.write, Conclusion.of(outcome, was))

    async def repeat(self, exchange: Exchange) -> None:
        await self.database.change(lambda connection: conclusions.repeat(connection, exchange))

    async def exchange(self, exchange_id: str) -> Exchange:
        return await self.database.read(
            lambda connection: exchanges.one(connection, schema.exchanges.c.id == exchange_id)
        )

    async def find_exchange(self, channel: str, key: str) -> Exchange:
        return await self.database.read(
            lambda connection: exchanges.one(
                connection,
                schema.exchanges.c.channel == channel,
                schema.exchanges.c.message_key == key,
            )
        )

    async def exchanges(
        self, states: Sequence[ExchangeState], channels: Sequence[str] | None, after: str, limit: int
    ) -> Page[Exchange]:
        return await self.database.read(
            lambda connection: exchanges.listed(connection, states, channels, after, limit)
        )

    async def history(self, channel: str, user: str, before: datetime, limit: int) -> Sequence[Exchange]:
        return await self.database.read(
            lambda connection: exchanges.history(connection, channel, user, before, limit)
        )

    async def abandoned(self, now: datetime, grace: timedelta, limit: int) -> Sequence[Exchange]:
        return await self.database.read(
            lambda connection: exchanges.abandoned(connection, now - grace, limit)
        )

    async def orphan_claims(self, now: datetime) -> int:
        return await self.journal.submit(exchanges.release_claims, now)

    # --- holds --------------------------------------------------------------------------------

    async def hold(self, hold_id: str) -> Hold:
        return await self.database.read(lambda connection: holds.one(connection, hold_id))

    async def holds(self, wanted: HoldFilter) -> Page[Hold]:
        return await self.database.read(lambda connection: holds.search(connection, wanted))

    async def count_holds(self, wanted: HoldFilter) -> int:
        return await self.database.read(lambda connection: holds.count(connection, wanted))

    async def settle(
        self,
        hold: Hold,
        delivery: Delivery | None,
        audit: AuditEntry,
        work_order: WorkOrder | None = None,
        more: Sequence[Delivery] = (),
        callback: Callback | None = None,
    ) -> None:
        sent = [one for one in (delivery, *more) if one is not None]
        await self.journal.submit(holds.settle, Settlement.of(hold, sent, audit, work_order, callback))

    async def expired_holds(self, now: datetime, limit: int) -> Sequence[Hold]:
        return await self.database.read(lambda connection: holds.expired(connection, now, limit))

    async def pressing_holds(self, now: datetime, soon: timedelta) -> Mapping[str, Pressing]:
        return await self.database.read(lambda connection: holds.pressing(connection, now, soon))

    # --- deliveries ---------------------------------------------------------------------------

    async def waiting(self, now: datetime) -> Sequence[str]:
        return await self.database.read(lambda connection: deliveries.waiting(connection, now))

    async def due(
        self, now: datetime, limit: int, lease: timedelta, channel: str | None = None
    ) -> Sequence[Delivery]:
        return await self.journal.submit(deliveries.lease, LeaseRequest(now, limit, lease, channel))

    async def deliver(self, delivery: Delivery, audit: AuditEntry | None = None) -> None:
        await self.journal.submit(deliveries.record, Report.of(delivery, audit))

    async def lost_deliveries(self, now: datetime, limit: int) -> Sequence[Delivery]:
        return await self.database.read(lambda connection: deliveries.lost(connection, now, limit))

    async def delivery(self, delivery_id: str) -> Delivery:
        return await self.database.read(lambda connection: deliveries.one(connection, delivery_id))

    async def deliveries(
        self, states: Sequence[DeliveryState], channels: Sequence[str] | None, after: str, limit: int
    ) -> Page[Delivery]:
        return await self.database.read(
            lambda connection: deliveries.listed(connection, states, channels, after, limit)
        )

    async def allowance(self, channel: str, user: str, excluding: str) -> Allowance:
        return await self.database.read(
            lambda connection: deliveries.allowance(connection, channel, user, excluding)
        )

    async def standing(self, channel: str, user: str, before: datetime, limit: int) -> Standing:
        return await self.database.read(
            lambda connection: Standing(
                deliveries.allowance(connection, channel, user, ""),
                exchanges.history(connection, channel, user, before, limit),
            )
        )

    # --- audit --------------------------------------------------------------------------------

    async def audit_entries(self, wanted: AuditFilter) -> Page[AuditEntry]:
        return await self.database.read(lambda connection: trail.search(connection, wanted))

    async def append_audit(self, entry: AuditEntry) -> None:
        await self.journal.submit(trail.append, entry)

    async def audit_anchor(self) -> Link:
        return await self.database.read(trail.anchor)

    async def audit_trail(self) -> AsyncGenerator[AuditEntry, None]:
        """Raises StoreError at the end where entries that were once written are gone from it."""
        end, seq = await self.database.read(trail.end_of_trail), (await self.audit_anchor()).seq
        while entries := await self.database.read(partial(trail.entries_after, seq=seq)):
            for entry in entries:
                yield entry
            seq = entries[-1].seq
        if seq < end:
            raise StoreError(f"the audit trail ends at entry {seq}, but {end} were written")

    # --- health -------------------------------------------------------------------------------

    async def counts(self) -> Mapping[str, int]:
        """A hold that somebody has claimed, and a delivery that waits for its next try, still wait."""
        return await self.database.read(_counts)

    async def ping(self) -> None:
        await self.journal.submit(_beat, None)


def _counts(connection: Connection) -> Mapping[str, int]:
    wanted = {
        "holds_pending": (schema.holds, OPEN_HOLDS),
        "deliveries_queued": (schema.deliveries, WAITING),
        "deliveries_uncertain": (schema.deliveries, (DeliveryState.UNCERTAIN.value,)),
        "unanswered": (schema.exchanges, (ExchangeState.UNANSWERED.value,)),
        "callbacks_queued": (schema.callbacks, (PostState.QUEUED.value,)),
        "callbacks_failed": (schema.callbacks, (PostState.FAILED.value,)),
    }
    return {
        name: connection.execute(
            select(func.count()).select_from(table).where(table.c.state.in_(states))
        ).scalar_one()
        for name, (table, states) in wanted.items()
    }


def _beat(connection: Connection, items: Sequence[None]) -> Sequence[None]:
    """The plan of a ping: one real write."""
    connection.execute(update(schema.pulse).values(beat=schema.pulse.c.beat + 1))
    return [None] * len(items)
