"""The database's errors in our words, and what they say about the transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.core.errors import StoreError

_SERVER_IS_AWAY = ("08", "57P", "58")
"""Classes of SQLSTATE: connection, operator's intervention (not 57014, a time-out), system."""
_READ_ONLY = "25006"
_UNDONE = frozenset({"40001", "40P01"})
"""The server has rolled back and asks for another try: serialization failure, deadlock."""
_WAITED_LONG = frozenset({"55P03", "57014"})
"""A lock that was not to be had, a statement that took too long."""


class NoTransaction(Exception):
    """A transaction could not be begun (locked, away, read-only) or not be committed (full, away)."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turns the database's errors into StoreError."""
    try:
        yield
    except NoTransaction as error:
        raise StoreError(str(error)) from error
    except SQLAlchemyError as error:
        raise StoreError(described(error)) from error


@contextmanager
def no_transaction() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise NoTransaction(described(error)) from error


def described(error: BaseException) -> str:
    """The database's own code for it, never its text: that may quote what people wrote."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorname", None)
    if code is None:
        code = " ".join(filter(None, (_sqlstate(error), type(original).__name__)))
    return f"the records failed: {code}"


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_away(error: BaseException) -> bool:
    """Whether no other write would do better: the server is gone, going, or does not take writes."""
    state = _sqlstate(error)
    return is_lost(error) or state == _READ_ONLY or state.startswith(_SERVER_IS_AWAY)


def was_undone(error: BaseException) -> bool:
    """Whether the transaction is surely undone and the same one may be tried again."""
    return _sqlstate(error) in _UNDONE


def waited_long(error: BaseException) -> bool:
    return _sqlstate(error) in _WAITED_LONG


def _sqlstate(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlstate", None) or ""
