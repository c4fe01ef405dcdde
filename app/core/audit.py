"""The audit chain: every entry carries a hash over itself and the hash of the entry before."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC

from app.core.records import AuditEntry


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain ends: number and hash of its newest entry."""

    seq: int
    hash: str


START = Link(0, "")
"""The end of the empty chain."""


def seal(entry: AuditEntry, previous: Link) -> AuditEntry:
    """The entry as the next one after `previous`: numbered, chained, hashed, its time in UTC."""
    sealed = replace(
        entry, at=entry.at.astimezone(UTC), seq=previous.seq + 1, previous_hash=previous.hash, hash=""
    )
    return replace(sealed, hash=_hash(sealed))


def link(entry: AuditEntry) -> Link:
    return Link(entry.seq, entry.hash)


def fits(entry: AuditEntry, previous: Link) -> bool:
    """Whether the entry is unchanged and comes directly after `previous`."""
    follows = entry.seq == previous.seq + 1 and entry.previous_hash == previous.hash
    return follows and entry.hash == _hash(entry)


def broken_link(entries: Iterable[AuditEntry], previous: Link = START) -> AuditEntry | None:
    """The first entry that was changed, or before which one is missing or was put in; None: all fit.

    A chain that was cut off at its end still fits: compare its last link with one kept elsewhere.
    """
    for entry in entries:
        if not fits(entry, previous):
            return entry
        previous = link(entry)
    return None


def _hash(entry: AuditEntry) -> str:
    """SHA-256, hex, over a JSON array in ASCII: one spelling, no field can run into the next."""
    fields = (
        entry.previous_hash,
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.before,
        entry.after,
        entry.reason,
    )
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode("ascii")).hexdigest()
