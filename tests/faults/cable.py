"""A TCP cable between a guard and somebody it talks to, that can be cut, slowed or left half open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

CHUNK = 16_384
CONNECT_WITHIN_S = 5.0


class Condition(StrEnum):
    WHOLE = "whole"
    CUT = "cut"
    """Every connection is reset, new ones at once."""
    SLOW = "slow"
    """So many bytes a second trickle through."""
    HALF_OPEN = "half-open"
    """Connections stand, and are made; nothing passes, nobody is told."""


@dataclass(slots=True)
class Cable:
    """Listens on `port` of the loopback and carries to `target`: a port of it, or a Unix socket."""

    target: int | Path
    port: int = 0
    condition: Condition = Condition.WHOLE
    bytes_per_s: int = 2_000
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _carrying: "set[asyncio.Task[None]]" = field(default_factory=set)
    _mended: asyncio.Event = field(default_factory=asyncio.Event)

    def spoil(self, condition: Condition) -> None:
        self.condition = condition
        self._mended.clear()
        if condition is Condition.CUT:
            self._reset_all()

    def mend(self) -> None:
        """What hung half open is reset, as it is when the other side finds out."""
        was, self.condition = self.condition, Condition.WHOLE
        self._mended.set()
        if was is Condition.HALF_OPEN:
            self._reset_all()

    def _reset_all(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Cable"]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.mend()
            self._reset_all()
            if self._carrying:
                await asyncio.wait(self._carrying, timeout=1.0)

    async def _carry(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        self._writers.add(near_out)
        far_out: asyncio.StreamWriter | None = None
        try:
            if self.condition is Condition.CUT:
                return
            async with asyncio.timeout(CONNECT_WITHIN_S):
                far_in, far_out = await self._reach()
            self._writers.add(far_out)
            await asyncio.gather(self._pump(near_in, far_out), self._pump(far_in, near_out))
        except (OSError, TimeoutError):
            pass
        finally:
            self._carrying.discard(carrying)
            for writer in (near_out, far_out):
                if writer is not None:
                    self._writers.discard(writer)
                    writer.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection("127.0.0.1", self.target)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK):
            while self.condition is Condition.HALF_OPEN:
                await self._mended.wait()
            if self.condition is Condition.SLOW:
                await asyncio.sleep(len(data) / self.bytes_per_s)
            sink.write(data)
            await sink.drain()
        with suppress(OSError, RuntimeError):
            sink.write_eof()
