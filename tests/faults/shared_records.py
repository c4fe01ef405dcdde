"""PostgreSQL, a real one, shared by several guards: killed, stopped, locked, filled up, and back again."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psycopg

from scripts.postgres import SUPERUSER, Postgres, as_somebody, running_postgres
from tests.faults.cable import Cable
from tests.faults.weather import LITTLE_ROOM_BYTES, Fault

DATABASE = "records"
BACK_AFTER_S = (0.1, 2.0)
STARTS = 3


@dataclass(slots=True)
class SharedRecords:
    server: Postgres
    cable: Cable
    chance: random.Random
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One of its ends at a time."""

    @classmethod
    def started(cls, stack: ExitStack, chance: random.Random) -> "SharedRecords":
        """With its own settings of durability: a commit that was confirmed is on the disk."""
        server = stack.enter_context(running_postgres({}))
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        return cls(server, Cable(server.folder / ".s.PGSQL.5432"), chance)

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.cable.port}/{DATABASE}?sslmode=disable"

    async def kill(self) -> None:
        """All of it, as when the machine loses its processes; then it is started again."""
        async with self._busy:
            await self._end()
            await asyncio.sleep(self.chance.uniform(*BACK_AFTER_S))
            await self._start()

    async def mend(self) -> None:
        """Running, whatever was done to it."""
        async with self._busy:
            self._limit("unlimited")
            try:
                await asyncio.to_thread(lambda: self.server.connect().close())
            except psycopg.OperationalError:
                await self._end()
                await asyncio.sleep(1.0)
                await self._start()

    async def _start(self) -> None:
        """As whoever watches over a server does: a start that failed is tried again."""
        for tries_left in reversed(range(STARTS)):
            try:
                await asyncio.to_thread(self.server.start)
            except RuntimeError:
                if not tries_left:
                    raise
                await self._end()
            else:
                return

    async def _end(self) -> None:
        """With its children: one that lived on would keep the memory that the next server asks for."""
        children = self.server.processes()[1:]
        await asyncio.to_thread(self.server.stop, signal.SIGKILL)
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def faults(self) -> Iterator[Fault]:
        async def stop(for_s: float) -> None:
            async with self._busy:
                stopped = self.server.processes()
                self._signal(stopped, signal.SIGSTOP)
                try:
                    await asyncio.sleep(for_s)
                finally:
                    self._signal(stopped, signal.SIGCONT)

        async def lock(for_s: float) -> None:
            def held() -> psycopg.Connection[tuple[object, ...]]:
                connection = self.server.connect(DATABASE)
                connection.autocommit = False
                connection.execute("SET lock_timeout = '3s'")
                connection.execute("LOCK TABLE exchanges, deliveries, holds IN EXCLUSIVE MODE")
                return connection

            with suppress(psycopg.Error):
                connection = await asyncio.to_thread(held)
                try:
                    await asyncio.sleep(for_s)
                finally:
                    connection.close()

        async def fill_disk(for_s: float) -> None:
            async with self._busy:  # one that is just being started would never come up
                self._limit(str(LITTLE_ROOM_BYTES))
            try:
                await asyncio.sleep(for_s)
            finally:
                await self.mend()

        async def throw_out(_: float) -> None:
            """Every connection but ours, as an administrator does, or a failover."""
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            with suppress(psycopg.Error):
                await asyncio.to_thread(lambda: self.server.connect().execute(others).connection.close())

        yield Fault("records: SIGSTOP", (1, 8), stop)
        yield Fault("records: locked", (1, 7), lock)
        yield Fault("records: disk full", (1, 6), fill_disk)
        yield Fault("records: connections thrown out", (0, 0), throw_out)

    def _limit(self, size: str) -> None:
        """By whom the server runs as: root in a container may not limit another user's processes."""
        for pid in self.server.processes():
            limit = ["prlimit", "--pid", str(pid), f"--fsize={size}:unlimited"]
            subprocess.run(limit, capture_output=True, check=False, **as_somebody())

    @staticmethod
    def _signal(pids: list[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
