"""The spool: where a message is durable on this machine while the records cannot be written.

Each process has a file of its own, locked for as long as it lives, and made only when there is something to
keep. A file is removed once every message in it is in the records. The file of a dead process is not locked:
any process on the machine takes it over.
"""

import asyncio
import fcntl
import os
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.core.errors import StoreError
from app.core.model import Message
from app.ports import Observer
from app.storage.folders import make_folder, sync
from app.storage.spool_entries import entry_of, read_entries

T = TypeVar("T")

SUFFIX = ".spool"
FULL = "the spool is full"
UNREAD = ".unread"
"""Added to the name of a file with bytes in it that nobody could read: for a person, never deleted."""


@dataclass(slots=True)
class _File:
    """One that this process has locked."""

    path: Path
    handle: int
    size: int = 0
    waiting: set[str] = field(default_factory=set)
    """The names of its messages that are not in the records yet."""
    unread: int = 0


@dataclass(slots=True)
class Spool:
    """All work on files is done by one thread: it waits for disks, and nobody has to wait for it."""

    folder: Path
    max_bytes: int
    observer: Observer
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "spool"))
    _coming: list[tuple[bytes, asyncio.Future[str]]] = field(default_factory=list)
    _coming_bytes: int = 0
    _writer: asyncio.Task[None] | None = None
    _files: dict[str, _File] = field(default_factory=dict)
    _own: _File | None = None
    _found: dict[str, Message] = field(default_factory=dict)
    """What was taken over from the dead and not handed out yet."""
    _count: int = 0
    _trouble: str = ""
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Looks whether it could be written; makes nothing yet."""
        there = next(one for one in (self.folder, *self.folder.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            self._trouble = f"{self.folder} cannot be written"

    @property
    def trouble(self) -> str:
        """Why the last message could not be kept, or the next one could not be; empty: all is well."""
        return self._trouble

    @property
    def waiting(self) -> int:
        """How many messages are in the files of this process, and not in the records."""
        return sum(len(one.waiting) for one in list(self._files.values()))

    async def keep(self, message: Message) -> str:
        """Durable when it returns its name. Raises StoreError: full, unwritable."""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        entry = entry_of(message)
        if self._coming_bytes + len(entry) > self.max_bytes:  # a disk that hangs must not eat up the memory
            raise StoreError(FULL)
        self._coming.append((entry, done))
        self._coming_bytes += len(entry)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def drop(self, names: Collection[str]) -> None:
        """These are in the records. Names that are not known any more do no harm."""
        await self._work(partial(self._drop, names))

    async def adopt(self) -> Mapping[str, Message]:
        """The messages, by name, in the files of dead processes; these files are ours from now on."""
        return await self._work(self._adopt)

    async def aclose(self) -> None:
        """What is in the files waits for the next process."""
        await asyncio.to_thread(self._thread.shutdown)
        for file in self._files.values():
            os.close(file.handle)
        self._files.clear()

    async def _work(self, work: Callable[[], T]) -> T:
        """Raises StoreError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            raise _cannot(error) from error
        except RuntimeError as error:
            raise StoreError("the spool is closed") from error

    # --- keeping ------------------------------------------------------------------------------

    async def _write_all(self) -> None:
        """Whoever comes while the disk is at work shares the next trip."""
        while self._coming:
            batch, self._coming, self._coming_bytes = self._coming, [], 0
            try:
                names = await self._work(partial(self._append, [entry for entry, _ in batch]))
                self._trouble = FULL if None in names else ""
            except Exception as error:
                self._trouble = str(error)
                names = [None] * len(batch)
            for (_, done), name in zip(batch, names, strict=True):
                if done.done():
                    continue
                if name is None:
                    done.set_exception(StoreError(self._trouble))
                else:
                    done.set_result(name)

    def _append(self, entries: Sequence[bytes]) -> Sequence[str | None]:
        """The name of each; None: there is no room for it. Raises OSError: none is kept."""
        room = self.max_bytes - sum(file.size for file in self._files.values())
        fitting: list[bytes] = []
        kept = [self._fits(entry, fitting, room) for entry in entries]
        if not fitting:
            return [None] * len(entries)
        file = self._own or self._new_file()
        data = b"".join(fitting)
        try:
            _write(file.handle, data)
            os.fsync(file.handle)
        except OSError:
            self._give_up(file)
            raise
        file.size += len(data)
        return [self._name_in(file) if one else None for one in kept]

    @staticmethod
    def _fits(entry: bytes, fitting: list[bytes], room: int) -> bool:
        fits = sum(map(len, fitting)) + len(entry) <= room
        if fits:
            fitting.append(entry)
        return fits

    def _name_in(self, file: _File) -> str:
        self._count += 1
        name = f"{file.path.name}:{self._count}"
        file.waiting.add(name)
        return name

    def _new_file(self) -> _File:
        """Locked before it has its name: nobody takes it for the file of a dead process."""
        make_folder(self.folder)
        path = self.folder / f"{uuid.uuid4().hex}{SUFFIX}"
        unnamed = path.with_suffix(".new")
        handle = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(path)
            sync(self.folder)
        except OSError:
            os.close(handle)
            unnamed.unlink(missing_ok=True)
            raise
        file = self._own = self._files[path.name] = _File(path, handle)
        return file

    def _give_up(self, file: _File) -> None:
        """After a failed write nobody knows what is on the disk: what was kept before stays, the rest is cut
        off, and the next message gets a new file."""
        self._own = None
        try:
            os.ftruncate(file.handle, file.size)
            os.fsync(file.handle)
        except OSError as error:
            self._tell(file.path, _cannot(error))
        if not file.waiting:
            self._remove(file)

    # --- in the records -----------------------------------------------------------------------

    def _drop(self, names: Collection[str]) -> None:
        for file in list(self._files.values()):
            if file.waiting:
                file.waiting.difference_update(names)
                if not file.waiting:
                    self._remove(file)

    def _remove(self, file: _File) -> None:
        """Nothing in it is wanted any more, but for what nobody could read."""
        if self._own is file:
            self._own = None
        if self._trouble == FULL:
            self._trouble = ""
        del self._files[file.path.name]
        try:
            if file.unread:
                file.path.rename(file.path.with_name(file.path.name + UNREAD))
            else:
                file.path.unlink(missing_ok=True)
            sync(self.folder)
        except OSError as error:  # it is read once more, and found to be in the records
            self._tell(file.path, _cannot(error))
        finally:
            os.close(file.handle)

    # --- files of the dead --------------------------------------------------------------------

    def _adopt(self) -> Mapping[str, Message]:
        if self._trouble:
            self._try_again()
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name in self._files:
                continue
            try:
                self._found |= self._take_over(path)
            except FileNotFoundError:
                continue  # its process has just removed it
            except OSError as error:
                why = f"what a dead process kept in {path} is in no record: {os.strerror(error.errno or 0)}"
                self._tell(path, StoreError(f"{why}; give it to the user that Shenyan runs as"))
        found, self._found = self._found, {}
        return found

    def _take_over(self, path: Path) -> Mapping[str, Message]:
        """Nothing where its process lives. Raises OSError."""
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino != os.fstat(handle).st_ino:  # removed, and another made
                raise FileNotFoundError(path)
            data = _read(handle)
            read = read_entries(data)
        except BlockingIOError:
            os.close(handle)
            return {}
        except BaseException:  # locked for ever, nobody would take it over any more
            os.close(handle)
            raise
        file = self._files[path.name] = _File(path, handle, len(data), unread=read.unread)
        if read.unread:
            self._tell(path, StoreError(f"{path.name}: {read.unread} bytes of it cannot be read"))
        messages = {self._name_in(file): message for message in read.messages}
        if not messages:
            self._remove(file)
        return messages

    def _try_again(self) -> None:
        """Whether what was wrong with the disk is over."""
        if self._own is not None or self._trouble == FULL:
            return
        try:
            file = self._new_file()
            try:
                _write(file.handle, bytes(4_096))
                os.fsync(file.handle)
            finally:
                self._remove(file)
        except OSError as error:
            self._trouble = str(_cannot(error))
        else:
            self._trouble = ""

    def _tell(self, path: Path, error: StoreError) -> None:
        """Once for each file: it is looked at again and again."""
        if path.name not in self._told:
            self._told.add(path.name)
            self.observer.failed("spool", error)


def _write(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _read(handle: int) -> bytes:
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read()


def _cannot(error: OSError) -> StoreError:
    return StoreError(f"the spool cannot be written: {os.strerror(error.errno or 0)}")
