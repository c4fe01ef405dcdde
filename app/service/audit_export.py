"""The audit trail as a file, and whether its chain is whole."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from enum import StrEnum

from app.core.audit import START, fits, link
from app.core.records import AuditEntry


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


async def first_break(entries: AsyncIterator[AuditEntry]) -> tuple[int, int | None]:
    """How many entries there are, and the number of the first that does not fit; None: all do."""
    previous = START
    async for entry in entries:
        if not fits(entry, previous):
            return entry.seq, entry.seq
        previous = link(entry)
    return previous.seq, None


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets a quote before it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
