"""交接班: what one person on duty leaves to the next, counted and signed by both."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.core.errors import Conflict, Invalid
from app.core.model import Severity
from app.core.records import AuditEntry, DeliveryState, ExchangeState, Handover, Hold
from app.ports import Clock, HoldFilter, NewId, Store
from app.service.switches import Switches

SHIFT = timedelta(hours=12)
"""How far back a sheet looks where nobody has handed over before."""


class Handovers(Protocol):
    """Handover sheets. Raises StoreError."""

    async def handovers(self, limit: int) -> Sequence[Handover]:
        """Newest first."""
        ...

    async def write(self, handover: Handover, audit: AuditEntry) -> None: ...

    async def take_over(self, handover_id: str, by: str, at: datetime, audit: AuditEntry) -> None:
        """Raises Conflict unless it waits for `by`."""
        ...


@dataclass(frozen=True, slots=True)
class HandingOver:
    store: Store
    sheets: Handovers
    switches: Switches
    clock: Clock
    new_id: NewId

    async def facts(self, channels: Sequence[str] | None) -> dict[str, object]:
        """As they are now: what waits, what presses, what stands still. No words of citizens or bots."""
        now = self.clock()
        where = tuple(channels) if channels is not None else None
        first = (await self.store.holds(HoldFilter(channels=where, limit=200))).items
        return {
            "open": await self.store.count_holds(HoldFilter(channels=where)),
            "high": await self.store.count_holds(HoldFilter(channels=where, severity=Severity.HIGH)),
            "overdue": sum(1 for hold in first if hold.due_at is not None and hold.due_at <= now),
            "oldest": min((hold.created_at for hold in first), default=now).isoformat() if first else "",
            "urgent": [_named(hold) for hold in first[:5]],
            "unanswered": len(
                (await self.store.exchanges((ExchangeState.UNANSWERED,), where, "", 200)).items
            ),
            "stuck": len(
                (
                    await self.store.deliveries(
                        (DeliveryState.UNCERTAIN, DeliveryState.FAILED), where, "", 200
                    )
                ).items
            ),
            "stopped": sorted(self.switches.stopped),
        }

    async def since(self) -> datetime:
        """When the last shift ended."""
        before = await self.sheets.handovers(1)
        return before[0].written_at if before else self.clock() - SHIFT

    async def write(self, by: str, to: str, notes: str, channels: Sequence[str] | None) -> Handover:
        """Raises Invalid (to nobody, to oneself), Conflict (holds still claimed)."""
        if not to.strip() or to == by:
            raise Invalid("请写明交给谁（另一位用户的用户名）")
        now = self.clock()
        mine = await self.store.count_holds(HoldFilter(claimed_by=by, claims_as_of=now))
        if mine:
            raise Conflict(f"还认领着 {mine} 条，先办完或退回，再交班", by=by)
        facts = json.dumps(await self.facts(channels), ensure_ascii=False)
        sheet = Handover(self.new_id(), by, to.strip(), now, notes.strip(), facts)
        entry = AuditEntry(now, by, "shift.hand-over", f"handover:{sheet.id}", after=facts, reason=to)
        await self.sheets.write(sheet, entry)
        return sheet

    async def take(self, handover_id: str, by: str) -> None:
        """Raises Conflict unless it waits for `by`."""
        now = self.clock()
        entry = AuditEntry(now, by, "shift.take-over", f"handover:{handover_id}")
        await self.sheets.take_over(handover_id, by, now, entry)


def _named(hold: Hold) -> dict[str, str]:
    return {
        "id": hold.id,
        "channel": hold.channel,
        "severity": hold.verdict.severity.value,
        "due_at": hold.due_at.isoformat() if hold.due_at else "",
    }
