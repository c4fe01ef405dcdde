"""A worker that breaks begins again, and somebody hears of it."""

import asyncio

import pytest

from app.service import workers
from tests.service.stage import Heard


async def test_a_worker_that_breaks_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PAUSE_S", 0.0)
    begun, heard, third = 0, Heard(), asyncio.Event()

    async def run() -> None:
        nonlocal begun
        begun += 1
        if begun == 3:
            third.set()
            await asyncio.Event().wait()
        if begun == 2:
            return
        raise KeyError("nobody foresaw it")

    task = asyncio.create_task(workers.kept_running(run, heard))
    async with asyncio.timeout(5):
        await third.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [where for where, _ in heard.failures] == ["worker"]
