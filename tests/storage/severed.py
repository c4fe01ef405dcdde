"""A network between the records and PostgreSQL that loses what a test wants lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from scripts.postgres import SUPERUSER, Postgres

SOCKET = ".s.PGSQL.5432"
COMMIT = b"COMMIT"


class Loss(Enum):
    NOTHING = "nothing"
    THE_COMMIT = "the commit never arrives"
    ITS_ANSWER = "the commit is carried out, its answer is lost"


@dataclass
class Network:
    """A door to the server, in a folder of its own."""

    folder: Path
    losing: Loss = Loss.NOTHING
    """What happens to the next commit."""
    is_down: bool = False
    """Nobody gets a connection."""
    down_after: bool = False
    """Whether it is down once the commit was lost."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}"

    async def carry(self, server: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_down:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(str(server / SOCKET))
        back = asyncio.create_task(_pump(from_server, writer))
        try:
            while said := await reader.read(65_536):
                if COMMIT in said and self.losing is not Loss.NOTHING:
                    await self._lose(said, to_server, from_server, back)
                    return
                to_server.write(said)
        finally:
            back.cancel()
            writer.close()
            to_server.close()

    async def _lose(
        self,
        said: bytes,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        back: "asyncio.Task[None]",
    ) -> None:
        losing, self.losing, self.is_down = self.losing, Loss.NOTHING, self.down_after
        if losing is Loss.ITS_ANSWER:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            to_server.write(said)
            await from_server.read(1)  # it is carried out


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(65_536):
        writer.write(said)
    writer.close()


@asynccontextmanager
async def network_to(server: Postgres, folder: Path) -> AsyncIterator[Network]:
    network = Network(folder)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await network.carry(server.folder, reader, writer)

    listening = await asyncio.start_unix_server(connected, str(folder / SOCKET))
    try:
        yield network
    finally:
        listening.close()
