"""Where the records are: an SQLite file, or a PostgreSQL server."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.core.errors import ConfigError
from app.settings.machinery import Storage

_POSTGRESQL = frozenset({"postgres", "postgresql"})
"""The first is what libpq and many hosters write."""


def location(storage: Storage) -> str:
    """The URL with the password of its own setting in it: for connecting, never for showing.

    Raises ConfigError.
    """
    if storage.password is None:
        return storage.url
    parsed = database_url(storage.url)
    if parsed.get_backend_name() == "sqlite":
        raise ConfigError("storage.password: an SQLite file has no password; leave it out")
    if parsed.password:
        raise ConfigError("storage.password: storage.url has a password already; leave one of them out")
    with_it = parsed.set(password=storage.password.get_secret_value())
    return with_it.render_as_string(hide_password=False)


def is_sole(storage: Storage) -> bool:
    """Whether no other process can be at the records."""
    return sqlite_file(storage.url) is not None if storage.sole_process is None else storage.sole_process


def database_url(url: str) -> URL:
    """The URL as SQLAlchemy sees it, with the driver we have. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise ConfigError("storage.url: no database URL, like sqlite:///var/shenyan.db") from error
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("storage.url: records need a file, like sqlite:///var/shenyan.db")
    return parsed.set(drivername="sqlite")


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None for a database server. Raises ConfigError."""
    parsed = database_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def spool_folder(storage: Storage) -> Path:
    """Of these records alone: what is left in it is brought into the records of whoever finds it.

    Raises ConfigError.
    """
    if storage.spool_dir is not None:
        return storage.spool_dir
    file = sqlite_file(storage.url)
    return file.with_name(f"{file.name}-spool") if file is not None else Path("var/spool")
