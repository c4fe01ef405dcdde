"""Alerts of ways past the guard: noticed anywhere, on record once, told by whoever looks at the records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from app.core.bypass import Alert, AlertKind, Suspicion
from app.core.errors import Invalid
from app.core.records import AuditEntry
from app.ports import Clock, NewId, Observer

ACTOR = "system:bypass"
MOST_PENDING = 200
"""Different things that wait for the records; more at once are one and the same attack."""


class Alerts(Protocol):
    """The part of the records that knows alerts. Raises StoreError."""

    async def raise_alert(
        self, suspicion: Suspicion, alert_id: str, at: datetime, actor: str
    ) -> Alert | None: ...
    async def end_others(
        self, channel: str, kind: AlertKind, keys: Collection[str], at: datetime
    ) -> None: ...
    async def open(self, limit: int = 200) -> Sequence[Alert]: ...
    async def of_channel(self, channel: str, limit: int = 50) -> Sequence[Alert]: ...
    async def count_open(self) -> Mapping[str, int]: ...
    async def acknowledge(self, channel: str, alert_id: str, audit: AuditEntry) -> None: ...


@dataclass(slots=True)
class Alarms:
    records: Alerts
    observer: Observer
    clock: Clock
    new_id: NewId
    _pending: dict[tuple[str, AlertKind, str], Suspicion] = field(default_factory=dict)
    _open: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        """Open alerts by channel, as last seen."""
        return self._open

    async def standing(self) -> Sequence[Alert]:
        """What nobody has acknowledged, newest first. Raises StoreError."""
        return await self.records.open()

    async def of_channel(self, channel: str) -> Sequence[Alert]:
        """What nobody has acknowledged first. Raises StoreError."""
        return await self.records.of_channel(channel)

    def hear(self, suspicion: Suspicion) -> None:
        """From where nobody may wait: merged, and on record at the next look."""
        key = (suspicion.channel, suspicion.kind, suspicion.key)
        waiting = self._pending.get(key)
        if waiting is not None:
            self._pending[key] = replace(waiting, count=waiting.count + suspicion.count)
        elif len(self._pending) < MOST_PENDING:
            self._pending[key] = suspicion

    async def look(self) -> None:
        """Puts down what was heard. Raises StoreError; what could not be put down waits."""
        while self._pending:
            key = next(iter(self._pending))
            waiting = self._pending[key]
            await self.sound(waiting)
            heard = self._pending.pop(key)  # more of it may have come meanwhile
            if heard.count > waiting.count:
                self._pending[key] = replace(heard, count=heard.count - waiting.count)
        self._open = await self.records.count_open()

    async def sound(self, suspicion: Suspicion) -> None:
        """Raises StoreError."""
        raised = await self.records.raise_alert(suspicion, self.new_id(), self.clock(), ACTOR)
        if raised is not None:
            self.observer.alert_raised(raised)

    async def over(self, channel: str, kind: AlertKind, still: Collection[str] = ()) -> None:
        """But for `still`, it is no longer so; an alert stays until a person has acknowledged it."""
        await self.records.end_others(channel, kind, still, self.clock())

    async def acknowledge(self, channel: str, alert_id: str, by: str, reason: str) -> None:
        """Raises Invalid without a reason, NotFound, Conflict."""
        if not reason.strip():
            raise Invalid("a reason is required")
        entry = AuditEntry(
            self.clock(), by, "bypass.acknowledge", f"alert:{alert_id}", after=channel, reason=reason.strip()
        )
        await self.records.acknowledge(channel, alert_id, entry)
        self._open = await self.records.count_open()
