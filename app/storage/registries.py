"""Who may speak on each channel, as it was put down and confirmed. Only ever appended."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from app.core.bypass import AlertKind
from app.core.errors import Conflict
from app.core.records import AuditEntry
from app.core.speakers import Registry, Speaker, SpeakerKind
from app.storage import trail
from app.storage.alerts import settle
from app.storage.database import Database
from app.storage.schema import alerts, registries


@dataclass(frozen=True, slots=True)
class SqlRegistries:
    database: Database

    async def latest(self, channel: str) -> Registry | None:
        return await self.database.read(lambda connection: _latest(connection, channel))

    async def begin(self, registry: Registry, audit: AuditEntry) -> None:
        """Put down at the first start; nothing where there is one already."""

        def work(connection: Connection) -> None:
            trail.lock(connection)
            if _latest(connection, registry.channel) is None:
                _insert(connection, registry)
                trail.append(connection, (audit,))

        await self.database.change(work)

    async def confirm(self, registry: Registry, before_id: str, at: datetime, audit: AuditEntry) -> None:
        """What a person has confirmed, in the place of `before_id`; its alerts are settled with it.

        Raises Conflict where somebody else has confirmed meanwhile.
        """

        def work(connection: Connection) -> None:
            trail.lock(connection)
            latest = _latest(connection, registry.channel)
            if latest is None or latest.id != before_id:
                raise Conflict("somebody else has confirmed", by=latest.confirmed_by if latest else "")
            _insert(connection, registry)
            about = alerts.c.channel == registry.channel
            settle(connection, about & (alerts.c.kind == AlertKind.SPEAKER.value), audit, over_at=at)
            trail.append(connection, (audit,))

        await self.database.change(work)


def _latest(connection: Connection, channel: str) -> Registry | None:
    row = connection.execute(
        select(registries)
        .where(registries.c.channel == channel)
        .order_by(registries.c.at.desc(), registries.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _registry(row) if row is not None else None


def _insert(connection: Connection, registry: Registry) -> None:
    spelled = [[one.kind, one.name, one.detail] for one in registry.speakers]
    values = {
        "id": registry.id,
        "channel": registry.channel,
        "at": registry.at,
        "speakers": json.dumps(spelled, ensure_ascii=False),
        "confirmed_by": registry.confirmed_by,
        "reason": registry.reason,
    }
    connection.execute(insert(registries), values)


def _registry(row: Row[Any]) -> Registry:
    speakers = tuple(
        Speaker(SpeakerKind(kind), name, detail) for kind, name, detail in json.loads(row.speakers)
    )
    return Registry(row.id, row.channel, row.at, speakers, row.confirmed_by, row.reason)
