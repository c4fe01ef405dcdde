"""The audit rows: appended under a lock on the chain's end, never changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.core.audit import START, Link, fits, link, seal
from app.core.errors import StoreError
from app.core.records import AuditEntry
from app.ports import AuditFilter, Page
from app.storage.columns import storable
from app.storage.paging import SortKey, page
from app.storage.records import audit_of, audit_values, storable_entry
from app.storage.schema import audit, audit_anchor, audit_head

_NEWEST_FIRST = (SortKey(audit.c.seq, descending=True),)

PAGE = 500
"""Rows read at once: the whole trail never sits in memory."""


def lock(connection: Connection) -> None:
    """Nobody else appends until this transaction ends: what is read from here on stays so until then."""
    connection.execute(select(audit_head.c.seq).with_for_update()).one()


def append(connection: Connection, entries: Sequence[AuditEntry]) -> Sequence[None]:
    """The plan for audit entries: number, chain and write them in order."""
    if not entries:
        return []
    end = connection.execute(select(audit_head.c.seq, audit_head.c.hash).with_for_update()).one()
    previous = Link(end.seq, end.hash)
    sealed = []
    for entry in entries:
        sealed.append(seal(storable_entry(entry), previous))
        previous = link(sealed[-1])
    connection.execute(insert(audit), [audit_values(entry) for entry in sealed])
    connection.execute(update(audit_head).values(seq=previous.seq, hash=previous.hash))
    return [None] * len(entries)


def end_of_trail(connection: Connection) -> int:
    """The number of the newest entry ever written; 0 where there is none."""
    return int(connection.execute(select(audit_head.c.seq)).scalar_one())


def anchor(connection: Connection) -> Link:
    """What the oldest entry that is left comes after; START where all of them are there.

    Also on records of an older version, which are backed up before they are upgraded.
    """
    if not connection.dialect.has_table(connection, audit_anchor.name):
        return START
    row = connection.execute(select(audit_anchor.c.seq, audit_anchor.c.hash)).one()
    return Link(row.seq, row.hash)


def forget(connection: Connection, through: Link) -> int:
    """Let the entries up to `through`, which lie in an archive, go; how many there were.

    The database refuses where one is younger than the law wants, or `through` is none of them.
    """
    if connection.dialect.name == "postgresql":  # the guard's role may not delete; this is its owner's
        return int(connection.execute(select(func.audit_forget(through.seq))).scalar_one())
    connection.execute(update(audit_anchor).values(seq=through.seq, hash=through.hash))
    return connection.execute(delete(audit).where(audit.c.seq <= through.seq)).rowcount


def prove(connection: Connection) -> int:
    """How many entries there are, once all of them were found to be whole, from the anchor to the end.

    Raises StoreError.
    """
    previous, count = anchor(connection), 0
    for entry in all_entries(connection):
        if not fits(entry, previous):
            raise StoreError(f"the audit chain is broken at entry {entry.seq}")
        previous, count = link(entry), count + 1
    end = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).one()
    if previous != Link(end.seq, end.hash):
        raise StoreError("the audit trail has lost its newest entries")
    return count


def entries_after(connection: Connection, seq: int) -> Sequence[AuditEntry]:
    """The next entries, at most PAGE of them, oldest first."""
    rows: Sequence[Row[Any]] = connection.execute(
        select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(PAGE)
    ).all()
    return [audit_of(row) for row in rows]


def all_entries(connection: Connection) -> Iterator[AuditEntry]:
    """Oldest first, within the connection's transaction."""
    seq = 0
    while entries := entries_after(connection, seq):
        yield from entries
        seq = entries[-1].seq


def search(connection: Connection, wanted: AuditFilter) -> Page[AuditEntry]:
    """Newest first. Raises Invalid."""
    query = select(audit)
    if wanted.actor:
        query = query.where(audit.c.actor == storable(wanted.actor))
    if wanted.action:
        query = query.where(audit.c.action.startswith(storable(wanted.action), autoescape=True))
    if wanted.subject:
        query = query.where(audit.c.subject == storable(wanted.subject))
    return page(connection, query, _NEWEST_FIRST, wanted.after, wanted.limit, _listed)


def _listed(row: Row[Any]) -> AuditEntry:
    """Without the place in the list."""
    return AuditEntry(**{name: value for name, value in row._asdict().items() if name != "sort_0"})


def says(connection: Connection, subject: str, after: str) -> bool:
    """Whether an entry about `subject` has just this in its `after`."""
    query = select(audit.c.after).where(audit.c.subject == subject)
    return after in connection.execute(query).scalars()


def last_actor(connection: Connection, subject: str) -> str:
    """Who did the latest thing to `subject`; empty where nobody has."""
    query = select(audit.c.actor).where(audit.c.subject == subject).order_by(audit.c.seq.desc()).limit(1)
    return connection.execute(query).scalar() or ""
