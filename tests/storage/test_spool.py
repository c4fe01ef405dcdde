"""What the spool confirms is on the disk, whole, and somebody finds it again."""

import asyncio
import os
import resource
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import StoreError
from app.core.model import Message
from app.storage.spool import Spool
from app.storage.spool_entries import Found, entry_of, read_entries
from tests.service.stage import Heard
from tests.values import message

ROOM = 1_000_000
ROOT = os.geteuid() == 0

KEEPER = """
import asyncio, sys
from pathlib import Path
from app.storage.spool import Spool
from tests.service.stage import Heard
from tests.storage.test_spool import numbered

async def keep_on(folder):
    spool = Spool(Path(folder), 1_000_000, Heard())
    for number in range(10_000):
        await spool.keep(numbered(number))
        print(number, flush=True)

asyncio.run(keep_on(sys.argv[1]))
"""
"""A program that keeps messages until it is killed, and says which are kept."""


def numbered(number: int, **changes: Any) -> Message:
    return message(f"MsgId:{number}", **changes)


@asynccontextmanager
async def spool_in(folder: Path, room: int = ROOM) -> AsyncIterator[Spool]:
    spool = Spool(folder, room, Heard())
    try:
        yield spool
    finally:
        await spool.aclose()


async def left_in(folder: Path) -> list[Message]:
    """What a process that is dead by now has left."""
    async with spool_in(folder) as spool:
        return list((await spool.adopt()).values())


def append_to_the_file_in(folder: Path, data: bytes) -> None:
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes() + data)


def files_in(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


@contextmanager
def nothing_grows_beyond(size: int) -> Iterator[None]:
    """As on a full disk: the kernel writes no byte of any file beyond it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- entries ------------------------------------------------------------------------------------


def test_a_message_comes_back_as_it_was() -> None:
    kept = [
        numbered(1, text="几点开门？😀", raw=b"\x00\xff<xml>"),
        numbered(2, passive=False, extra={"cid": "7"}),
    ]
    found = read_entries(b"".join(map(entry_of, kept)))
    assert (list(found.messages), found.unread) == (kept, 0)


@pytest.mark.parametrize("missing", [1, 10, 200])
def test_a_half_written_tail_is_seen_and_what_stands_before_it_is_read(missing: int) -> None:
    tail = entry_of(numbered(2))[:-missing]
    found = read_entries(entry_of(numbered(1)) + tail)
    assert (list(found.messages), found.unread) == ([numbered(1)], len(tail))


@pytest.mark.parametrize("at", [0, 5, 20, 60, -1], ids=["mark", "lengths", "sum", "message", "push"])
def test_a_changed_byte_is_seen(at: int) -> None:
    data = bytearray(entry_of(numbered(1)))
    data[at] ^= 1
    assert read_entries(bytes(data)).messages == []


def unknown(told: bytes, raw: bytes = b"") -> bytes:
    """A whole entry that makes no sense here."""
    lengths = struct.pack(">II", len(told), len(raw))
    return b"SYS1" + lengths + sha256(lengths + told + raw).digest() + told + raw


@pytest.mark.parametrize("told", [b'{"from": "a version that knows more"}', b"\xff", b"[" * 5_000])
def test_what_stands_behind_a_whole_entry_that_makes_no_sense_is_read(told: bytes) -> None:
    """A citizen was told that it was received; one message is no reason to lose the others."""
    strange = unknown(told, entry_of(numbered(7)))
    found = read_entries(entry_of(numbered(1)) + strange + entry_of(numbered(2)))
    assert (list(found.messages), found.unread) == ([numbered(1), numbered(2)], len(strange))


def test_an_entry_that_a_message_quotes_is_none() -> None:
    """Else who writes to us could put words into another's mouth, if only the disk cut him off."""
    hostile = entry_of(numbered(1, raw=entry_of(numbered(2, user="somebody-else"))))
    assert read_entries(hostile[:-1]).messages == []


# --- keeping ------------------------------------------------------------------------------------


async def test_nothing_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    async with spool_in(tmp_path / "spool") as spool:
        assert await spool.adopt() == {}
        assert spool.trouble == ""
    assert not (tmp_path / "spool").exists()


async def test_what_was_kept_is_found_by_the_next_process_once(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as spool:
        await asyncio.gather(*(spool.keep(numbered(number)) for number in range(20)))
        assert spool.waiting == 20
    async with spool_in(tmp_path) as after:
        found = await after.adopt()
        assert list(found.values()) == [numbered(number) for number in range(20)]
        assert await after.adopt() == {}
        assert after.waiting == 20
        await after.drop(found)
        assert (after.waiting, files_in(tmp_path)) == (0, [])
    assert await left_in(tmp_path) == []


async def test_a_file_is_there_until_the_last_of_its_messages_is_in_the_records(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as spool:
        first, second = await spool.keep(numbered(1)), await spool.keep(numbered(2))
        await spool.drop([second, "not known"])
        assert (spool.waiting, files_in(tmp_path)) == (1, [".spool"])
        await spool.drop([first])
        assert files_in(tmp_path) == []
        await spool.keep(numbered(3))
    assert await left_in(tmp_path) == [numbered(3)]


async def test_only_its_owner_reads_what_citizens_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "spool"
    async with spool_in(folder) as spool:
        await spool.keep(numbered(1))
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_beyond_its_size_it_refuses_and_says_so(tmp_path: Path) -> None:
    room = len(entry_of(numbered(1))) * 2 + 10
    async with spool_in(tmp_path, room) as spool:
        first = await spool.keep(numbered(1))
        await spool.keep(numbered(2))
        with pytest.raises(StoreError, match="full"):
            await spool.keep(numbered(3))
        await spool.drop([first])  # the file stays, and so does what it takes
        with pytest.raises(StoreError, match="full"):
            await spool.keep(numbered(3))
        assert "full" in spool.trouble
        await spool.adopt()
        assert "full" in spool.trouble
    assert await left_in(tmp_path) == [numbered(1), numbered(2)]


async def test_on_a_full_disk_nothing_is_confirmed_and_nothing_confirmed_is_lost(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as spool:
        await spool.keep(numbered(1))
        with nothing_grows_beyond(len(entry_of(numbered(1))) + 40):
            for number in (2, 3):
                with pytest.raises(StoreError, match="cannot be written"):
                    await spool.keep(numbered(number, raw=b"x" * 2_000))
        assert "cannot be written" in spool.trouble
        await spool.keep(numbered(4))
        assert (spool.trouble, spool.waiting) == ("", 2)
    assert {one.key for one in await left_in(tmp_path)} == {numbered(1).key, numbered(4).key}
    assert files_in(tmp_path) == [".spool", ".spool"]  # nothing half-written lies about


async def test_a_folder_that_cannot_be_made_is_told_before_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with spool_in(tmp_path / "file" / "spool") as spool:
        assert "cannot be written" in spool.trouble
        with pytest.raises(StoreError, match="cannot be written"):
            await spool.keep(numbered(1))


async def test_trouble_that_is_over_is_told_no_more(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as spool:
        with nothing_grows_beyond(0), pytest.raises(StoreError):
            await spool.keep(numbered(1))
        with nothing_grows_beyond(0):
            await spool.adopt()
            assert "cannot be written" in spool.trouble
        await spool.adopt()
        assert (spool.trouble, files_in(tmp_path)) == ("", [])


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_told_before_it_is_needed(closed_folder: Path) -> None:
    async with spool_in(closed_folder / "spool") as spool:
        assert "cannot be written" in spool.trouble
        with pytest.raises(StoreError):
            await spool.keep(numbered(1))


# --- processes ----------------------------------------------------------------------------------


async def test_two_processes_never_share_a_file(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as one, spool_in(tmp_path) as other:
        await one.keep(numbered(1))
        await other.keep(numbered(2))
        assert files_in(tmp_path) == [".spool", ".spool"]
        assert [await one.adopt(), await other.adopt()] == [{}, {}]  # both live


async def test_only_one_of_two_takes_over_from_the_dead(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as dead:
        await dead.keep(numbered(1))
    async with spool_in(tmp_path) as one, spool_in(tmp_path) as other:
        found = await asyncio.gather(one.adopt(), other.adopt())
        assert sorted(len(each) for each in found) == [0, 1]


async def test_whatever_was_confirmed_before_a_kill_is_found(tmp_path: Path) -> None:
    """A real process, killed while it writes; while it lives, nobody takes its file."""
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEPER, str(tmp_path), stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert keeper.stdout is not None
    confirmed = [int(await keeper.stdout.readline()) for _ in range(50)]
    assert await left_in(tmp_path) == []
    keeper.send_signal(signal.SIGKILL)
    confirmed += [int(line) for line in (await keeper.stdout.read()).split()]
    await keeper.wait()
    found = [one.key for one in await left_in(tmp_path)]
    assert [numbered(number).key for number in confirmed] == found[: len(confirmed)]
    assert len(found) <= len(confirmed) + 1  # one may have been written and not confirmed


async def test_trouble_with_one_file_of_the_dead_loses_nothing_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        async with spool_in(tmp_path) as dead:
            await dead.keep(numbered(number))
    seen: list[bytes] = []

    def out_of_memory_at_the_second(data: bytes) -> Found:
        seen.append(data)
        if len(seen) == 2:
            raise MemoryError
        return read_entries(data)

    monkeypatch.setattr("app.storage.spool.read_entries", out_of_memory_at_the_second)
    async with spool_in(tmp_path) as after:
        with pytest.raises(MemoryError):
            await after.adopt()
        assert {one.key for one in (await after.adopt()).values()} == {numbered(1).key, numbered(2).key}


async def test_a_file_that_cannot_be_taken_over_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "somebody-elses.spool").mkdir()
    told: list[str] = []

    class Listening(Heard):
        def failed(self, where: str, error: BaseException, **ids: str) -> None:
            told.append(str(error))

    spool = Spool(tmp_path, ROOM, Listening())
    assert [await spool.adopt(), await spool.adopt()] == [{}, {}]
    await spool.aclose()
    assert len(told) == 1
    assert "somebody-elses.spool" in told[0]
    assert "give it to the user" in told[0]


async def test_bytes_that_nobody_can_read_are_left_for_a_person(tmp_path: Path) -> None:
    async with spool_in(tmp_path) as spool:
        await spool.keep(numbered(1))
    append_to_the_file_in(tmp_path, b"half of an entry")
    heard = Heard()
    spool = Spool(tmp_path, ROOM, heard)
    found = await spool.adopt()
    assert list(found.values()) == [numbered(1)]
    assert heard.failures == [("spool", "StoreError")]
    await spool.drop(found)
    await spool.aclose()
    assert files_in(tmp_path) == [".unread"]
    assert await left_in(tmp_path) == []
