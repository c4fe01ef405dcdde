"""Retention: what is old is written to an archive, read back, compared, and only then taken out.

Killed at any instant, the next run goes on: a file without a manifest is written anew, one with a manifest
whose lines are still among the records has them taken out. A line leaves the records only where they say, in
the same transaction, exactly what the archive says.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from app.core.audit import fits, link
from app.core.errors import ConfigError, StoreError
from app.core.records import AuditEntry
from app.core.retention import ARCHIVED, LAW, Archive, Class, Due, latest_allowed, month_of, next_month
from app.storage import archive_files, audit_lines, bundles, trail
from app.storage.archive_files import Writing
from app.storage.bundles import Wanted
from app.storage.engines import open_engine
from app.storage.failures import store_errors

T = TypeVar("T")

_ARCHIVING = 0x41524348  # "ARCH"
"""The number of PostgreSQL's advisory lock."""
_TAKEN_AT_ONCE = 100
"""Exchanges that leave in one transaction: on SQLite every other write waits for it."""
_PAUSE_S = 0.02
_REST = 2.0
"""After each transaction so many times its duration is left to those who answer citizens."""

Told = Callable[[str, int, int], None]
"""Hears: what is being done, how far it is, of how many (0: nobody knows)."""


@dataclass(slots=True)
class Archiver:
    """`actor`: who the audit entries name. `keep_going` is asked between transactions."""

    url: str
    folder: Path
    actor: str
    busy_timeout_s: float
    clock: Callable[[], datetime]
    keep_going: Callable[[], bool] = lambda: True
    told: Told = lambda what, done, total: None
    _reader: Engine = field(init=False)
    _writer: Engine = field(init=False)

    def __post_init__(self) -> None:
        self._reader = open_engine(self.url, self.busy_timeout_s, read_only=True, statement_timeout_s=60)
        self._writer = open_engine(self.url, self.busy_timeout_s, statement_timeout_s=60)

    def run(self, wanted: Sequence[Due]) -> Sequence[Archive]:
        """The archives made. Raises ConfigError (too young, another archiver), StoreError."""
        self._require_old(wanted)
        made: list[Archive] = []
        with self._alone():
            for manifest in archive_files.manifests(self.folder):
                self._finish(manifest)
            for due in wanted:
                made += self._audit(due) if due.kind is Class.AUDIT else self._exchanges(due)
        return made

    def count(self, wanted: Sequence[Due]) -> dict[Class, int]:
        """How many lines a run would archive. Raises ConfigError, StoreError."""
        self._require_old(wanted)
        try:
            return {
                due.kind: sum(1 for _ in self._entries(due.before))
                if due.kind is Class.AUDIT
                else sum(len(batch) for month in self._months(due) for batch in self._finished(month))
                for due in wanted
            }
        finally:
            self._close()

    def _require_old(self, wanted: Sequence[Due]) -> None:
        latest = latest_allowed(self.clock())
        for due in wanted:
            if due.before > latest:
                raise ConfigError(f"{due.kind}: {due.before:%Y-%m-%d} is too late, {LAW}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One archiver of these records, and of this folder."""
        try:
            with archive_files.only_one(self.folder), store_errors(), self._reader.connect() as connection:
                if connection.dialect.name == "postgresql":
                    taken = connection.exec_driver_sql(
                        "SELECT pg_try_advisory_lock(%s)", (_ARCHIVING,)
                    ).scalar()
                    connection.rollback()  # the lock is the session's, not the transaction's
                    if not taken:
                        raise ConfigError("somebody else is archiving these records just now")
                    connection.detach()  # its session ends with this block
                self._reader.dispose()
                yield
        finally:
            self._close()

    def _close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()

    # --- exchanges ----------------------------------------------------------------------------

    def _exchanges(self, due: Due) -> Iterator[Archive]:
        for month in self._months(due):
            made = self._written(month)
            if made is not None:
                self._finish(made)
                yield made

    def _months(self, due: Due) -> Iterator[Wanted]:
        at = self._read(partial(bundles.oldest_ended, since=None))
        while at is not None and at < due.before and self.keep_going():
            ends = min(next_month(at), due.before)
            yield Wanted(due.kind, at, ends, due.before)
            at = self._read(partial(bundles.oldest_ended, since=ends))

    def _finished(self, wanted: Wanted) -> Iterator[Sequence[bundles.Bundle]]:
        place: bundles.Place | None = bundles.start(wanted)
        while place is not None and self.keep_going():
            found, place = self._read(partial(bundles.found, wanted=wanted, place=place))
            if found:
                yield found

    def _written(self, wanted: Wanted) -> Archive | None:
        """A new archive of a month, proved; None where nothing of it may go, or there is no time left."""
        name = self._name(wanted.kind, wanted.starts)
        counts: dict[str, int] = {}
        first = last = ""
        with self._writing(name) as file:
            for found in self._finished(wanted):
                for one in found:
                    file.add(one.line)
                    first, last = first or one.id, one.id
                    counts = {table: counts.get(table, 0) + more for table, more in one.counts.items()}
                self.told(f"{name} 写入", counts["exchanges"], 0)
            file.close()
            if not counts or not self.keep_going():
                return None
            self._compare(file.path, counts["exchanges"], wanted, name)
            made = self._manifest(name, wanted.kind, wanted.starts, wanted.before, file.path)
            made = replace(made, rows=counts, first=first, last=last)
            archive_files.keep(self.folder, file.path, made)
        return made

    def _compare(self, path: Path, count: int, wanted: Wanted, name: str) -> None:
        """Raises StoreError unless the file says what the records say, line by line."""
        read = 0
        for lines in bundles.in_batches(archive_files.lines_of(path)):
            ids = [bundles.id_in(line) for line in lines]
            there = self._read(partial(bundles.read, ids=ids, wanted=wanted))
            if [one.line for one in there] != list(lines):
                raise StoreError(f"{name}: the archive, read back, is not what the records say; run it again")
            read += len(lines)
            self.told(f"{name} 核对", read, count)
        if read != count:
            raise StoreError(f"{name}: the archive, read back, is not whole")

    def _take_out(self, manifest: Archive) -> None:
        done, path = 0, archive_files.path_of(self.folder, manifest)
        for lines in bundles.in_batches(archive_files.lines_of(path), _TAKEN_AT_ONCE):
            if not self.keep_going():
                return
            ids = [bundles.id_in(line) for line in lines]
            self._read(
                partial(bundles.read, ids=ids, wanted=None)
            )  # off the disk, before anybody waits for us
            self._write(partial(_take_away, lines=lines))
            done += len(lines)
            self.told(f"{manifest.name} 删除", done, manifest.lines)

    # --- the audit trail ----------------------------------------------------------------------

    def _audit(self, due: Due) -> Iterator[Archive]:
        while self.keep_going():
            made = self._audit_written(due)
            if made is None:
                return
            self._finish(made)
            yield made

    def _entries(self, before: datetime) -> Iterator[AuditEntry]:
        """The oldest that are left, up to the first that is not older than `before`."""
        seq = 0
        while entries := self._read(partial(trail.entries_after, seq=seq)):
            for entry in entries:
                if entry.at >= before:
                    return
                yield entry
            seq = entries[-1].seq

    def _audit_written(self, due: Due) -> Archive | None:
        """The trail's oldest month. Raises StoreError where the chain is broken: a forgery stays."""
        begin = self._read(trail.anchor)
        end = begin
        entries = self._entries(due.before)
        opening = next(entries, None)
        if opening is None:
            return None
        month, name = month_of(opening.at), self._name(Class.AUDIT, opening.at)
        with self._writing(name) as file:
            entry: AuditEntry | None = opening
            while entry is not None and month_of(entry.at) <= month:
                if not fits(entry, end):
                    raise StoreError(
                        f"the audit chain is broken at entry {entry.seq}: nothing of it is archived"
                    )
                file.add(audit_lines.line_of(entry))
                end, entry = link(entry), next(entries, None)
            file.close()
            if audit_lines.chained(archive_files.lines_of(file.path), begin) != end:
                raise StoreError(f"{name}: the archive, read back, is not what the records say")
            made = self._manifest(name, Class.AUDIT, opening.at, due.before, file.path)
            numbers = {
                "first": str(opening.seq),
                "last": str(end.seq),
                "rows": {"audit": end.seq - begin.seq},
            }
            made = replace(made, **numbers, after=begin, through=end)  # type: ignore[arg-type]
            archive_files.keep(self.folder, file.path, made)
        return made

    def _forget(self, manifest: Archive) -> None:
        done, path = 0, archive_files.path_of(self.folder, manifest)
        for lines in bundles.in_batches(archive_files.lines_of(path)):
            if not self.keep_going():
                return
            entries = [audit_lines.entry_of(line) for line in lines]
            self._write(partial(_forget, entries=entries))
            done += len(lines)
            self.told(f"{manifest.name} 删除", done, manifest.lines)

    # --- both ---------------------------------------------------------------------------------

    def _finish(self, manifest: Archive) -> None:
        """Take what a manifest vouches for out of the records, where it is still among them."""
        if not self.keep_going() or not self._read(partial(_is_left, manifest=manifest)):
            return
        archive_files.require_whole(self.folder, manifest)
        self._write(partial(self._tell, manifest=manifest))
        if manifest.kind is Class.AUDIT:
            self._forget(manifest)
        else:
            self._take_out(manifest)

    def _tell(self, connection: Connection, manifest: Archive) -> None:
        """In the audit trail, once: what the archive must be for ever."""
        trail.lock(connection)
        subject = f"archive:{manifest.name}"
        said = json.dumps(asdict(manifest), ensure_ascii=False)
        if trail.says(connection, subject, said):
            return
        trail.append(connection, [AuditEntry(self.clock(), self.actor, ARCHIVED, subject, after=said)])

    def _name(self, kind: Class, at: datetime) -> str:
        return archive_files.new_name(self.folder, kind, month_of(at), self.clock())

    def _manifest(self, name: str, kind: Class, month: datetime, before: datetime, path: Path) -> Archive:
        return Archive(
            name,
            kind,
            month_of(month),
            {},
            "",
            "",
            archive_files.digest(path),
            path.stat().st_size,
            before.isoformat(),
            self.clock().isoformat(),
            self.actor,
        )

    @contextmanager
    def _writing(self, name: str) -> Iterator[Writing]:
        with archive_files.disk_errors(self.folder):
            file = Writing(self.folder, name)
            try:
                yield file
            finally:
                file.discard()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with store_errors(), self._reader.connect() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        started = time.monotonic()
        with store_errors(), self._writer.begin() as connection:
            result = work(connection)
        time.sleep(_PAUSE_S + _REST * (time.monotonic() - started))
        return result


def _take_away(connection: Connection, lines: Sequence[str]) -> None:
    """Those that the records still hold just so. What was changed since stays, for a later archive."""
    told = {bundles.id_in(line): line for line in lines}
    bundles.lock(connection, list(told))
    same = [one.id for one in bundles.read(connection, list(told), None) if one.line == told[one.id]]
    bundles.take_away(connection, same)


def _forget(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Raises StoreError unless these are the oldest entries, or were taken out already."""
    trail.lock(connection)
    begin = trail.anchor(connection)
    left = [entry for entry in entries if entry.seq > begin.seq]
    if not left:
        return
    stored = trail.entries_after(connection, begin.seq)[: len(left)]
    if list(stored) != left or not fits(left[0], begin):
        raise StoreError(
            f"the archive and the audit trail differ at entry {left[0].seq}: nothing was taken out"
        )
    trail.forget(connection, link(left[-1]))


def _is_left(connection: Connection, manifest: Archive) -> bool:
    if manifest.kind is Class.AUDIT:
        return int(manifest.last) > trail.anchor(connection).seq
    return bundles.are_there(connection, [manifest.first, manifest.last])
