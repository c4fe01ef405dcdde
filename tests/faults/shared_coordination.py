"""Valkey, a real one, through which several guards tell each other things: killed, emptied, stopped."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.coordination.valkey import KEY, PASSWORD, Valkey, plain
from tests.faults.cable import Cable
from tests.faults.shared_records import BACK_AFTER_S
from tests.faults.weather import Fault


@dataclass(slots=True)
class SharedCoordination:
    server: Valkey
    cable: Cable
    chance: random.Random

    @classmethod
    def started(cls, stack: ExitStack, folder: Path, chance: random.Random) -> "SharedCoordination":
        server = plain(folder)
        server.start()
        stack.callback(server.kill)
        return cls(server, Cable(server.port), chance)

    @property
    def table(self) -> str:
        """Of the guards' configuration."""
        return f"""[coordination]
url = "redis://127.0.0.1:{self.cable.port}"
password = "{PASSWORD}"
secret_key = "{KEY}"
"""

    async def kill(self) -> None:
        """With all it held; an empty one is started again."""
        await asyncio.to_thread(self.server.kill)
        await asyncio.sleep(self.chance.uniform(*BACK_AFTER_S))
        await asyncio.to_thread(self.server.start)

    def faults(self) -> Iterator[Fault]:
        async def flush(_: float) -> None:
            await asyncio.to_thread(self.server.tell, "FLUSHALL")

        async def stop(for_s: float) -> None:
            process = self.server.process
            if process is None:
                return
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(for_s)
            finally:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)

        yield Fault("coordination: emptied", (0, 0), flush)
        yield Fault("coordination: SIGSTOP", (1, 8), stop)
