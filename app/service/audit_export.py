"""The audit trail as a file, and whether its chain is whole."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from app.core.audit import Link, fits, link
from app.core.errors import StoreError
from app.core.records import AuditEntry
from app.ports import Store


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {Form.CSV: "text/csv; charset=utf-8", Form.JSONL: "application/x-ndjson"}
_NAMES = [field.name for field in fields(AuditEntry)]


async def exported(entries: AsyncIterator[AuditEntry], form: Form) -> AsyncIterator[str]:
    """Line by line, never all of it in memory. CSV begins with a BOM: without it spreadsheets misread it."""
    if form is Form.CSV:
        yield "\ufeff" + _csv_line(_NAMES)
    async for entry in entries:
        row = {**asdict(entry), "at": entry.at.isoformat()}
        if form is Form.CSV:
            yield _csv_line([harmless(str(row[name])) for name in _NAMES])
        else:
            yield json.dumps(row, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Examined:
    """An audit trail that was looked through."""

    after: Link
    """What lies in archives alone ends here."""
    last: int
    """The number of the newest entry."""
    broken: int | None
    """The number of the first entry that does not fit; None: all do."""

    @property
    def count(self) -> int:
        return self.last - self.after.seq


async def examined(store: Store) -> Examined:
    """Raises StoreError; also where old entries left for an archive while it was looked at."""
    after = previous = await store.audit_anchor()
    async for entry in store.audit_trail():
        if not fits(entry, previous):
            if await store.audit_anchor() != after:
                raise StoreError("old entries went to an archive just now: verify once more")
            return Examined(after, entry.seq, entry.seq)
        previous = link(entry)
    return Examined(after, previous.seq, None)


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets a quote before it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
