"""Published rules and the replicas that follow them. All times are by the records' own clock."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, insert, or_, select, update

from app.core.errors import Conflict, StoreError
from app.core.publications import LEAD, PROPOSAL_LIVES, Publication, Replica, Standing
from app.core.records import AuditEntry
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import replicas, rulesets
from app.storage.upsert import upsert

_HEADS = [column for column in rulesets.c if column.name != "document"]
_CURRENT_FIRST = (rulesets.c.effective_at.desc(), rulesets.c.number.desc())


@dataclass(slots=True)
class SqlPublications:
    """Everything raises StoreError."""

    database: Database
    lookout: Database | None = None
    """The same records over a connection of its own: who waits behind the figures of a year grows blind."""

    async def standing(self) -> Standing:
        return await (self.lookout or self.database).read(_standing)

    async def document(self, number: int) -> bytes:
        """Raises StoreError also where there is none."""

        def work(connection: Connection) -> bytes:
            found = connection.execute(
                select(rulesets.c.document).where(rulesets.c.number == number)
            ).scalar_one_or_none()
            if found is None:
                raise StoreError(f"there is no publication {number}")
            return bytes(found)

        return await self.database.read(work)

    async def published(self, limit: int) -> Sequence[Publication]:
        """The latest first, proposals and withdrawn ones among them."""
        query = select(*_HEADS).order_by(rulesets.c.number.desc()).limit(limit)
        return await self.database.read(
            lambda connection: [_publication(row) for row in connection.execute(query)]
        )

    async def propose(self, version: str, document: bytes, by: str, reason: str) -> Publication:
        """An earlier proposal that has not taken effect is withdrawn."""

        def work(connection: Connection) -> Publication:
            trail.lock(connection)
            now = clock(connection)
            connection.execute(update(rulesets).where(_undecided()).values(withdrawn_at=now))
            made = connection.execute(
                insert(rulesets)
                .values(version=version, document=document, proposed_at=now, proposed_by=by, reason=reason)
                .returning(*_HEADS)
            ).one()
            proposal = _publication(made)
            trail.append(connection, (_entry(proposal, now, by, "rules.propose", reason),))
            return proposal

        return await self.database.change(work)

    async def take_effect(self, proposal: Publication, by: str) -> Publication:
        """In LEAD, for every replica. Raises Conflict where it is none any more."""

        def work(connection: Connection) -> Publication:
            trail.lock(connection)
            now = clock(connection)
            row = connection.execute(
                update(rulesets)
                .where(rulesets.c.number == proposal.number, _lives(now))
                .values(effective_at=now + LEAD)
                .returning(*_HEADS)
            ).one_or_none()
            if row is None:
                raise Conflict("the proposal was withdrawn, replaced or too old: publish once more")
            effective = _publication(row)
            trail.append(connection, (_entry(effective, now, by, "rules.publish", effective.reason),))
            return effective

        return await self.database.change(work)

    async def withdraw(self, proposal: Publication, by: str, reason: str) -> None:
        """What has taken effect, or is withdrawn already, stays as it is."""

        def work(connection: Connection) -> None:
            trail.lock(connection)
            now = clock(connection)
            done = connection.execute(
                update(rulesets)
                .where(rulesets.c.number == proposal.number, _undecided())
                .values(withdrawn_at=now)
            )
            if done.rowcount:
                trail.append(connection, (_entry(proposal, now, by, "rules.withdraw", reason),))

        await self.database.change(work)

    # --- replicas -----------------------------------------------------------------------------

    async def report(self, replica: Replica) -> None:
        await self.database.change(
            lambda connection: upsert(
                connection, replicas, asdict(replace(replica, seen_at=clock(connection)))
            )
        )

    async def leave(self, replica_id: str) -> None:
        await self.database.change(
            lambda connection: connection.execute(delete(replicas).where(replicas.c.id == replica_id))
        )

    async def forget(self, silent_since: datetime) -> None:
        """Replicas that were killed leave their rows behind."""
        await self.database.change(
            lambda connection: connection.execute(delete(replicas).where(replicas.c.seen_at < silent_since))
        )

    async def replicas(self) -> Sequence[Replica]:
        query = select(replicas).order_by(replicas.c.host, replicas.c.pid)
        return await self.database.read(
            lambda connection: [Replica(**row._mapping) for row in connection.execute(query)]
        )


def clock(connection: Connection) -> datetime:
    """What time it is for the records: the same for every replica."""
    if connection.dialect.name == "postgresql":
        told: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return told.astimezone(UTC)
    text = connection.exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _standing(connection: Connection) -> Standing:
    now = clock(connection)
    in_effect = select(*_HEADS).where(rulesets.c.effective_at <= now).order_by(*_CURRENT_FIRST)
    to_come = or_(_lives(now), rulesets.c.effective_at > now)
    coming = select(*_HEADS).where(to_come).order_by(rulesets.c.number.desc())
    return Standing(now, _first(connection, in_effect), _first(connection, coming))


def _first(connection: Connection, query: Select[Any]) -> Publication | None:
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _publication(row)


def _undecided() -> ColumnElement[bool]:
    return and_(rulesets.c.effective_at.is_(None), rulesets.c.withdrawn_at.is_(None))


def _lives(now: datetime) -> ColumnElement[bool]:
    return and_(_undecided(), rulesets.c.proposed_at > now - PROPOSAL_LIVES)


def _publication(row: Row[Any]) -> Publication:
    return Publication(**row._mapping)


def _entry(one: Publication, now: datetime, by: str, action: str, reason: str) -> AuditEntry:
    return AuditEntry(now, by, action, f"ruleset:{one.number}", after=one.version, reason=reason)
