"""Connections and transactions: one writer, a few readers beside it, each in a thread of its own.

A transaction is one function over a plain connection and one trip to its thread. Through an async driver
every single statement would be several trips: measured at four times the latency of a lone write.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.core.errors import StoreError
from app.storage.engines import open_engine
from app.storage.failures import (
    NoTransaction,
    described,
    is_away,
    is_lost,
    no_transaction,
    store_errors,
    was_undone,
)
from app.storage.postgres import NO_ANSWER, Line, transaction_number, was_committed

T = TypeVar("T")

STATEMENT_TIMEOUT_S = 10.0
"""A server's longest read: figures of a year, a search of everything."""
_TRIES = 3
"""Of a transaction that surely left nothing: a deadlock, a connection that was found dead."""


class Database:
    def __init__(
        self,
        url: str,
        busy_timeout_s: float,
        readers: int = 2,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    ) -> None:
        """Opens nothing yet. Raises ConfigError for a URL that cannot be used."""
        self.writer = open_engine(url, busy_timeout_s, size=1)
        self.reader = open_engine(
            url, busy_timeout_s, size=readers, read_only=True, statement_timeout_s=statement_timeout_s
        )
        self._writing = ThreadPoolExecutor(1, "records-writer")
        self._reading = ThreadPoolExecutor(readers, "records-reader")
        self._write_within_s = 3 * busy_timeout_s
        self._read_within_s = busy_timeout_s + statement_timeout_s

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; durable when this returns. It may be run more than once.

        Raises NoTransaction; whatever `work` raises, after a rollback.
        """
        return await _trip(self._writing, _transact, self.writer, work, self._write_within_s)

    async def change(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for those who need no way to tell a lost transaction from another failure.

        Raises StoreError; IntegrityError where the records refuse a value; what `work` itself raises.
        """
        try:
            return await self.write(work)
        except NoTransaction as error:
            raise StoreError(str(error)) from error
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreError(described(error)) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent view of the records. Raises StoreError."""
        return await _trip(self._reading, _look, self.reader, work, self._read_within_s)

    async def aclose(self) -> None:
        """Waits for what is running."""
        for threads, engine in ((self._reading, self.reader), (self._writing, self.writer)):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()


async def _trip(
    threads: ThreadPoolExecutor,
    run: Callable[[Engine, Callable[[Connection], T], Line | None, float], T],
    engine: Engine,
    work: Callable[[Connection], T],
    within_s: float,
) -> T:
    """To a thread and back. A server that hangs is hung up on after `within_s`; a file hangs nobody."""
    loop = asyncio.get_running_loop()
    if engine.dialect.name == "sqlite":
        return await loop.run_in_executor(threads, run, engine, work, None, within_s)
    line = Line()
    alarm = loop.call_later(within_s, line.cut)
    waiting = loop.run_in_executor(threads, run, engine, work, line, within_s)
    # Who stops waiting stops no transaction: then the alarm stays.
    waiting.add_done_callback(lambda done: None if done.cancelled() else alarm.cancel())
    return await waiting


# --- reading ----------------------------------------------------------------------------------


def _look(engine: Engine, work: Callable[[Connection], T], line: Line | None, _: float) -> T:
    with store_errors():
        try:
            return _look_once(engine, work, line)
        except SQLAlchemyError as error:
            if line is None or line.is_cut or not is_lost(error):
                raise
            return _look_once(engine, work, line)  # the server was restarted since the last look


def _look_once(engine: Engine, work: Callable[[Connection], T], line: Line | None) -> T:
    with engine.connect() as connection, line.held(connection) if line else nullcontext():
        return work(connection)


# --- writing ----------------------------------------------------------------------------------


class _CommitUnanswered(Exception):
    """The commit was asked for; nobody knows what became of it."""

    def __init__(self, number: str | None, result: object, cause: BaseException) -> None:
        super().__init__(described(cause))
        self.number = number
        self.result = result


def _transact(engine: Engine, work: Callable[[Connection], T], line: Line | None, within_s: float) -> T:
    for tries_left in reversed(range(_TRIES)):
        try:
            return _transact_once(engine, work, line)
        except _CommitUnanswered as error:
            # Never simply once more: it may be on disk. The server is asked what became of it.
            if error.number is not None and was_committed(engine, error.number, within_s / 3):
                return error.result  # type: ignore[return-value]  # what `work` returned
            raise NoTransaction(str(error)) from error.__cause__
        except SQLAlchemyError as error:
            if line is not None and line.is_cut:
                raise NoTransaction(NO_ANSWER) from error
            if tries_left and (is_lost(error) or was_undone(error)):
                continue  # the commit was never asked for
            if is_away(error):
                raise NoTransaction(described(error)) from error
            raise
    raise AssertionError("unreachable")


def _transact_once(engine: Engine, work: Callable[[Connection], T], line: Line | None) -> T:
    with no_transaction():
        connection = engine.connect()
    with connection, line.held(connection) if line else nullcontext():
        with no_transaction():
            transaction = connection.begin()
        try:
            with transaction:
                result = work(connection)
                number = transaction_number(connection) if line else None
                try:
                    transaction.commit()
                except SQLAlchemyError as error:
                    connection.invalidate()  # a commit that failed may have left its transaction open
                    raise _CommitUnanswered(number, result, error) from error
        except SQLAlchemyError as error:
            if is_away(error):
                connection.invalidate()  # the next one may reach a server that takes writes
            raise
        return result
