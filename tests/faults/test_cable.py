"""A cable does what its condition says, to connections that stand and to new ones."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.cable import Cable, Condition


@asynccontextmanager
async def echoing() -> AsyncIterator[Cable]:
    """Behind the cable stands somebody who says what was said."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1_000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Cable(server.sockets[0].getsockname()[1]).laid() as cable:
        yield cable


async def ask(cable: Cable, words: bytes, within_s: float = 5.0) -> bytes:
    """Raises TimeoutError, OSError (also where it ends without an answer)."""
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        try:
            writer.write(words)
            return await reader.readexactly(len(words))
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error
        finally:
            writer.transport.abort()


async def test_a_whole_cable_carries() -> None:
    async with echoing() as cable:
        assert await ask(cable, b"hello") == b"hello"


async def test_a_cut_cable_resets_and_a_mended_one_carries_again() -> None:
    async with echoing() as cable:
        cable.spoil(Condition.CUT)
        with pytest.raises(ConnectionError):
            await ask(cable, b"hello")
        cable.mend()
        assert await ask(cable, b"hello") == b"hello"


async def test_over_a_half_open_cable_nothing_comes_and_nobody_is_told() -> None:
    async with echoing() as cable:
        cable.spoil(Condition.HALF_OPEN)
        with pytest.raises(TimeoutError):
            await ask(cable, b"hello", within_s=0.3)


async def test_a_slow_cable_takes_its_time() -> None:
    async with echoing() as cable:
        cable.bytes_per_s = 100
        cable.spoil(Condition.SLOW)
        began = time.monotonic()
        assert await ask(cable, b"x" * 20) == b"x" * 20
        assert time.monotonic() - began >= 0.2
