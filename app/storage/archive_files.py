"""Archives on the disk: compressed lines of JSON for their owner alone, each with a manifest beside it.

A file is an archive from when its manifest is there, which is written once the file was proved. Nothing
leaves the records before that.
"""

import fcntl
import gzip
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.core.errors import ConfigError, StoreError
from app.core.retention import Archive, Class
from app.storage.folders import make_folder, sync

LINES = ".jsonl.gz"
MANIFEST = ".json"
UNPROVED = ".unproved"
_MANIFESTS = TypeAdapter(Archive)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Raises StoreError for what the disk refuses."""
    try:
        yield
    except (OSError, EOFError) as error:
        raise StoreError(
            f"the archive in {folder} failed: {getattr(error, 'strerror', None) or error}"
        ) from error


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One archiver at a time in this folder, which is made where it is missing.

    Raises ConfigError where another is at work, StoreError.
    """
    with disk_errors(folder):
        make_folder(folder)
        lock = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"somebody else is archiving into {folder} just now") from error
        with disk_errors(folder):
            _tidy(folder)
        yield
    finally:
        os.close(lock)


def _tidy(folder: Path) -> None:
    """Ends what a killed archiver began. Only what has no name yet is ever removed."""
    for unproved in folder.glob(f"*{LINES}{UNPROVED}"):
        named = unproved.with_name(unproved.name.removesuffix(UNPROVED))
        manifest = folder / (named.name.removesuffix(LINES) + MANIFEST)
        if manifest.exists() and not named.exists():
            unproved.rename(named)
        else:
            unproved.unlink()
    for draft in folder.glob(f".*{MANIFEST}{UNPROVED}"):
        draft.unlink()
    sync(folder)


def new_name(folder: Path, kind: Class, month: str, now: datetime) -> str:
    """One that was never given, also where earlier archives were moved elsewhere."""
    while True:
        name = f"{kind}-{month}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        if not (folder / f"{name}{MANIFEST}").exists():
            return name
        now += timedelta(seconds=1)


class Writing:
    """An archive that is being written. `close` makes it durable, still without its name."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}{LINES}{UNPROVED}"
        self._file = os.fdopen(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        self._gzip = gzip.GzipFile("", "wb", 6, self._file, mtime=0)

    def add(self, line: str) -> None:
        self._gzip.write(line.encode() + b"\n")

    def close(self) -> None:
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Nothing where its manifest is on the disk, even if its name is not: then it is an archive."""
        with suppress(OSError):
            self._file.close()
        if not (self.path.parent / (self.path.name.removesuffix(LINES + UNPROVED) + MANIFEST)).exists():
            self.path.unlink(missing_ok=True)


def lines_of(path: Path) -> Iterator[str]:
    """Raises StoreError for a damaged file."""
    with disk_errors(path.parent), gzip.open(path, "rb") as file:
        try:
            for line in file:
                yield line.decode().removesuffix("\n")
        except (UnicodeDecodeError, zlib.error) as error:
            raise StoreError(f"{path.name} is damaged") from error


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies there, hex."""
    total = sha256()
    with disk_errors(path.parent), path.open("rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def keep(folder: Path, unproved: Path, manifest: Archive) -> None:
    """Write the manifest of a proved archive, then give the archive its name, all of it durably."""
    target = folder / f"{manifest.name}{MANIFEST}"
    draft = target.with_name(f".{target.name}{UNPROVED}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(json.dumps(asdict(manifest), ensure_ascii=False, indent=2).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    sync(folder)  # from now on the archive exists
    unproved.rename(path_of(folder, manifest))
    sync(folder)


def path_of(folder: Path, manifest: Archive) -> Path:
    return folder / f"{manifest.name}{LINES}"


def manifests(folder: Path) -> Sequence[Archive]:
    """By class, the audit's in the order of its chain. Raises StoreError for one that cannot be read."""
    found = []
    with disk_errors(folder):
        for kind in Class:
            for path in sorted(folder.glob(f"{kind}-*{MANIFEST}")):
                try:
                    found.append(_MANIFESTS.validate_json(path.read_bytes()))
                except ValidationError as error:
                    raise StoreError(f"{path.name} is no manifest") from error
    return sorted(found, key=lambda one: (one.kind, one.after.seq if one.after else 0, one.name))


def require_whole(folder: Path, manifest: Archive) -> None:
    """Raises StoreError where the file is not the one that was proved."""
    path = path_of(folder, manifest)
    if not path.is_file():
        raise StoreError(f"{path.name} is missing in {folder}")
    if digest(path) != manifest.sha256:
        raise StoreError(f"{path.name} was changed after it was made")
