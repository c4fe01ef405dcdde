"""Whether the archives are what they were: each file, the chain through all of them, what the trail says."""

import json
from collections.abc import Sequence
from pathlib import Path

from app.core.audit import START, Link, fits, link
from app.core.errors import StoreError
from app.core.records import AuditEntry
from app.core.retention import ARCHIVED, Archive, Class
from app.storage import archive_files, audit_lines


def problems_with(folder: Path, anchor: Link, said: Sequence[AuditEntry]) -> Sequence[str]:
    """One line for each problem; none: all is well.

    `anchor`: where the archived part of the chain ends; `said`: the entries of the records about archives.
    """
    if not folder.is_dir():
        return [f"{folder} is no folder"]
    try:
        there = archive_files.manifests(folder)
    except StoreError as error:
        return [str(error)]
    problems: list[str] = []
    for one in there:
        try:
            archive_files.require_whole(folder, one)
        except StoreError as error:
            problems.append(str(error))
    told = list(said)
    try:
        told += _chain(folder, [one for one in there if one.kind is Class.AUDIT], anchor)
    except StoreError as error:
        problems.append(str(error))
    return problems + _untold(there, told) + _missing(there, told)


def _chain(folder: Path, archives: Sequence[Archive], anchor: Link) -> Sequence[AuditEntry]:
    """The archived entries about archives.

    Raises StoreError where the chain is broken or ends before `anchor`.
    """
    previous, reached, told = START, anchor == START, []
    for one in archives:
        for line in archive_files.lines_of(archive_files.path_of(folder, one)):
            entry = audit_lines.entry_of(line)
            if not fits(entry, previous):
                raise StoreError(f"{one.name}: the archived audit chain breaks at entry {entry.seq}")
            previous = link(entry)
            reached = reached or previous == anchor
            if entry.action == ARCHIVED:
                told.append(entry)
    if not reached:
        raise StoreError(
            f"the archived audit chain ends at entry {previous.seq} and does not lead to the records, "
            f"which begin after entry {anchor.seq}"
        )
    return told


def _name_and_hash(entry: AuditEntry) -> tuple[str, str]:
    said = json.loads(entry.after)
    return said["name"], said["sha256"]


def _untold(there: Sequence[Archive], told: Sequence[AuditEntry]) -> list[str]:
    known = {_name_and_hash(entry) for entry in told}
    return [
        f"{one.name}: the audit trail does not tell of it"
        for one in there
        if (one.name, one.sha256) not in known
    ]


def _missing(there: Sequence[Archive], told: Sequence[AuditEntry]) -> list[str]:
    found = {(one.name, one.sha256) for one in there}
    return [
        f"{name}: the audit trail tells of it, and it is not here"
        for name, sha256 in map(_name_and_hash, told)
        if (name, sha256) not in found
    ]
