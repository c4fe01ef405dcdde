"""Audit entries in an archive, and whether their chain is whole."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from app.core.audit import Link, fits, link
from app.core.errors import StoreError
from app.core.records import AuditEntry


def line_of(entry: AuditEntry) -> str:
    """As `shenyan audit export --format jsonl` writes it."""
    return json.dumps({**asdict(entry), "at": entry.at.isoformat()}, ensure_ascii=False)


def entry_of(line: str) -> AuditEntry:
    """Raises StoreError."""
    try:
        told = json.loads(line)
        return AuditEntry(**{**told, "at": datetime.fromisoformat(told["at"])})
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError("a line of the archive is no audit entry") from error


def chained(lines: Iterator[str], previous: Link) -> Link:
    """Where the chain of these lines ends. Raises StoreError where it is broken."""
    for line in lines:
        entry = entry_of(line)
        if not fits(entry, previous):
            raise StoreError(f"the archived chain is broken at entry {entry.seq}")
        previous = link(entry)
    return previous
