"""Alerts of ways past the guard: one row for what is the same thing, told anew after a while."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from app.core.bypass import Alert, AlertKind, Suspicion, is_old_news
from app.core.errors import Conflict, NotFound
from app.core.records import AuditEntry
from app.storage import trail
from app.storage.columns import storable
from app.storage.database import Database
from app.storage.schema import alerts

LISTED = 200


@dataclass(frozen=True, slots=True)
class SqlAlerts:
    database: Database

    async def raise_alert(
        self, suspicion: Suspicion, alert_id: str, at: datetime, actor: str
    ) -> Alert | None:
        """Put down, or counted on an alert of the same thing. The alert where it is news, told with an audit
        row; None where it was told a short while ago."""

        def work(connection: Connection) -> Alert | None:
            trail.lock(connection)  # there may be no row yet that two could wait for
            row = connection.execute(
                select(alerts)
                .where(_of(suspicion.channel, suspicion.kind), alerts.c.key == storable(suspicion.key))
                .order_by(alerts.c.first_at.desc(), alerts.c.id.desc())
                .limit(1)
                .with_for_update()
            ).one_or_none()
            known = alert_of(row) if row is not None else None
            if known is not None and is_old_news(known, at):
                _change(connection, known.id, count=known.count + suspicion.count, over_at=None)
                return None
            if known is not None and known.acknowledged_at is None:
                raised = replace(
                    known,
                    last_at=at,
                    detail=storable(suspicion.detail),
                    count=known.count + suspicion.count,
                    raised=known.raised + 1,
                    over_at=None,
                )
                changed = ("last_at", "detail", "count", "raised", "over_at")
                _change(connection, known.id, **{name: getattr(raised, name) for name in changed})
            else:
                raised = Alert(
                    alert_id,
                    suspicion.channel,
                    suspicion.kind,
                    storable(suspicion.key),
                    storable(suspicion.detail),
                    at,
                    at,
                    suspicion.count,
                )
                connection.execute(insert(alerts), _values(raised))
            trail.append(connection, (_entry(raised, at, actor),))
            return raised

        return await self.database.change(work)

    async def end_others(self, channel: str, kind: AlertKind, keys: Collection[str], at: datetime) -> None:
        """What is not among `keys` is no longer so. Unacknowledged, it stays listed."""
        over = (_of(channel, kind), alerts.c.over_at.is_(None), alerts.c.key.not_in(map(storable, keys)))
        query = select(alerts.c.id).where(*over).limit(1)
        if await self.database.read(lambda connection: connection.execute(query).first()) is None:
            return
        statement = update(alerts).where(*over).values(over_at=at)
        await self.database.change(lambda connection: connection.execute(statement))

    async def open(self, limit: int = LISTED) -> Sequence[Alert]:
        """Those that nobody has acknowledged, newest first."""
        query = (
            select(alerts)
            .where(alerts.c.acknowledged_at.is_(None))
            .order_by(alerts.c.last_at.desc(), alerts.c.id.desc())
            .limit(limit)
        )
        return await self.database.read(
            lambda connection: [alert_of(row) for row in connection.execute(query)]
        )

    async def of_channel(self, channel: str, limit: int = 50) -> Sequence[Alert]:
        """Open ones first, each newest first."""
        query = (
            select(alerts)
            .where(alerts.c.channel == channel)
            .order_by(alerts.c.acknowledged_at.is_not(None), alerts.c.last_at.desc(), alerts.c.id.desc())
            .limit(limit)
        )
        return await self.database.read(
            lambda connection: [alert_of(row) for row in connection.execute(query)]
        )

    async def count_open(self) -> dict[str, int]:
        """By channel."""
        query = (
            select(alerts.c.channel, func.count())
            .where(alerts.c.acknowledged_at.is_(None))
            .group_by(alerts.c.channel)
        )
        return await self.database.read(
            lambda connection: {row[0]: int(row[1]) for row in connection.execute(query)}
        )

    async def acknowledge(self, channel: str, alert_id: str, audit: AuditEntry) -> None:
        """Raises NotFound; Conflict where somebody has."""

        def work(connection: Connection) -> None:
            row = connection.execute(
                select(alerts).where(alerts.c.id == alert_id, alerts.c.channel == channel).with_for_update()
            ).one_or_none()
            if row is None:
                raise NotFound("there is no such alert")
            if row.acknowledged_at is not None:
                raise Conflict("somebody has acknowledged it", by=row.acknowledged_by)
            settle(connection, alerts.c.id == alert_id, audit)
            trail.append(connection, (audit,))

        await self.database.change(work)


def settle(
    connection: Connection, condition: Any, audit: AuditEntry, over_at: datetime | None = None
) -> None:
    """Open alerts that meet the condition are acknowledged, by who stands in the audit entry."""
    changed: dict[str, object] = {
        "acknowledged_by": audit.actor,
        "acknowledged_at": audit.at,
        "reason": audit.reason,
    }
    if over_at is not None:
        connection.execute(
            update(alerts).where(condition, alerts.c.over_at.is_(None)).values(over_at=over_at)
        )
    connection.execute(update(alerts).where(condition, alerts.c.acknowledged_at.is_(None)).values(**changed))


def alert_of(row: Row[Any]) -> Alert:
    return Alert(**{**row._asdict(), "kind": AlertKind(row.kind)})


def _of(channel: str, kind: AlertKind) -> Any:
    return and_(alerts.c.channel == channel, alerts.c.kind == kind.value)


def _change(connection: Connection, alert_id: str, **values: object) -> None:
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(**values))


def _values(alert: Alert) -> dict[str, object]:
    return {**asdict(alert), "kind": alert.kind.value}


def _entry(alert: Alert, at: datetime, actor: str) -> AuditEntry:
    return AuditEntry(
        at, actor, f"bypass.{alert.kind}", f"channel:{alert.channel}", after=alert.detail, reason=alert.key
    )
