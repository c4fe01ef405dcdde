"""Workers that run as long as the guard does, whatever nobody foresaw."""

import asyncio
from collections.abc import Awaitable, Callable

from app.ports import Observer

PAUSE_S = 1.0


async def kept_running(run: Callable[[], Awaitable[None]], observer: Observer) -> None:
    """Until cancelled. A worker that ends without being asked to, or breaks, begins again after a moment."""
    name = getattr(run, "__qualname__", "worker")
    while True:
        try:
            await run()
        except Exception as error:
            observer.failed("worker", error, worker=name)
        await asyncio.sleep(PAUSE_S)
