"""Groups writes: whoever comes while a transaction runs shares the next one.

At low load a write starts at once; under load one commit, the dear part, carries all that waited for it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from app.core.errors import GuardError, StoreError
from app.storage.database import Database
from app.storage.failures import NoTransaction, described, waited_long

Item = TypeVar("Item")
Result = TypeVar("Result")

Plan = Callable[[Connection, Sequence[Item]], Sequence[Result | GuardError]]
"""Writes many items of one kind; one result for each, in order. An item that is refused (Conflict,
NotFound, ...) gets its error as its result and must have written nothing."""

AT_ONCE = 256
"""Most jobs in one transaction: a longer one would make its waiters late."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[Item, Result]):
    plan: Plan[Item, Result]
    item: Item
    done: asyncio.Future[Result]

    def finish(self, result: Result | BaseException) -> None:
        if self.done.done():  # the waiter has gone
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


@dataclass(slots=True)
class Journal:
    """The one writer of this process."""

    database: Database
    _waiting: deque[_Job[Any, Any]] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False
    _writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._writer = asyncio.create_task(self._run())

    async def submit(self, plan: Plan[Item, Result], item: Item) -> Result:
        """The plan's result for `item`, once it is durable. Raises the plan's refusal, StoreError.

        A caller that stops waiting does not stop the write.
        """
        if self._closing:
            raise StoreError("the records are closed")
        job: _Job[Item, Result] = _Job(plan, item, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._wake.set()
        return await job.done

    async def aclose(self) -> None:
        """Writes what waits, then stops."""
        self._closing = True
        self._wake.set()
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _run(self) -> None:
        batch: list[_Job[Any, Any]] = []
        try:
            while self._waiting or not self._closing:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
                if batch:
                    await self._write(batch)
        finally:  # cancelled from outside: nobody is left waiting
            self._closing = True
            for job in (*batch, *self._waiting):
                job.finish(StoreError("the records were closed before this was written"))

    async def _write(self, batch: Sequence[_Job[Any, Any]]) -> None:
        try:
            results: Sequence[Any] = await self.database.write(partial(_perform, batch))
        except NoTransaction as error:
            _fail(batch, error)
        except Exception as error:
            if len(batch) > 1:
                await self._write_each(batch)
            else:
                _fail(batch, error)
        else:
            for job, result in zip(batch, results, strict=True):
                job.finish(result)

    async def _write_each(self, batch: Sequence[_Job[Any, Any]]) -> None:
        """Poison fails alone if it is alone. Where no transaction is to be had, all fail at once; where a
        write waited in vain for a row that somebody keeps, the others of its kind do not wait again."""
        stuck: dict[Plan[Any, Any], Exception] = {}
        for position, job in enumerate(batch):
            if job.plan in stuck:
                _fail((job,), stuck[job.plan])
                continue
            try:
                results: Sequence[Any] = await self.database.write(partial(_perform, (job,)))
            except NoTransaction as error:
                _fail(batch[position:], error)
                return
            except Exception as error:
                _fail((job,), error)
                if waited_long(error):
                    stuck[job.plan] = error
            else:
                job.finish(results[0])


def _fail(jobs: Sequence[_Job[Any, Any]], cause: Exception) -> None:
    for job in jobs:
        error = StoreError(str(cause) if isinstance(cause, NoTransaction | GuardError) else described(cause))
        error.__cause__ = cause
        job.finish(error)


def _perform(batch: Sequence[_Job[Any, Any]], connection: Connection) -> Sequence[Any]:
    """All jobs of one plan together, plans in the order of their first job; results in the batch's order."""
    positions: dict[Plan[Any, Any], list[int]] = {}
    for position, job in enumerate(batch):
        positions.setdefault(job.plan, []).append(position)
    results: list[Any] = [None] * len(batch)
    for plan, wanted in positions.items():
        outcome = plan(connection, [batch[position].item for position in wanted])
        for position, result in zip(wanted, outcome, strict=True):
            results[position] = result
    return results
