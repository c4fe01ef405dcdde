"""`shenyan serve` as a process of its own: started as an operator starts it, heard, ended."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

STARTS_WITHIN_S = 120.0


async def started(config: Path, *options: str) -> asyncio.subprocess.Process:
    """No setting of this machine's environment reaches it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", "serve", "--config", str(config), *options),
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("SHENYAN_")},
    )


@asynccontextmanager
async def running(config: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Killed at the end where nothing else has ended it."""
    process = await started(config, *options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: asyncio.subprocess.Process, words: str, within_s: float = STARTS_WITHIN_S) -> str:
    """The next line of its log that has `words`. Raises TimeoutError."""
    assert process.stderr is not None
    before = ""
    async with asyncio.timeout(within_s):
        while True:
            line = (await process.stderr.readline()).decode()
            assert line, f"it ended without a word of {words!r}:\n{before}"
            if words in line:
                return line
            before += line


async def address(process: asyncio.subprocess.Process) -> str:
    """Where it serves, once it does."""
    return (await told(process, "http://")).split()[1]


async def refused(config: Path, *options: str) -> str:
    """What it says instead of serving."""
    process = await started(config, *options)
    _, said = await process.communicate()
    assert process.returncode == 2
    return said.decode()
