"""The schema's version: raised by `shenyan db upgrade`, checked at every start."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from app.core.errors import ConfigError, StoreError
from app.storage import postgres
from app.storage.engines import open_engine
from app.storage.failures import store_errors
from app.storage.folders import make_folder
from app.storage.location import database_url, sqlite_file
from app.storage.schema import compatibility

UPGRADE_WAITS_S = 30.0
"""How long an upgrade by hand waits for a locked database."""
_UPGRADE_TAKES_S = 3_600.0
"""The longest step of one: an index over years of records."""
_UPGRADING = 0x5348454E  # "SHEN"
"""The number of PostgreSQL's advisory lock: two upgrades at once run one after the other."""


def upgrade(url: str, busy_timeout_s: float = UPGRADE_WAITS_S) -> None:
    """Bring the tables to this version, all of it or nothing. Raises ConfigError, StoreError."""
    _make_file(url)
    with _changing(url, busy_timeout_s) as connection:
        upgrade_on(connection)


def upgrade_on(connection: Connection) -> None:
    """Bring the tables to this version, in the connection's transaction.

    Raises ConfigError for those of a newer version.
    """
    _require_known(_revision(connection))
    command.upgrade(_config(connection), "head")
    _note_compatibility(connection)


def require_records(connection: Connection) -> None:
    """Raises ConfigError where there are none of ours, of whatever version."""
    if _revision(connection) is None:
        raise ConfigError(
            "this is no backup of Shenyan's: no records are in it; name a file that `shenyan db backup` made"
        )


def downgrade(url: str, busy_timeout_s: float = UPGRADE_WAITS_S) -> str:
    """Take the newest step back, with what only it knew; the revision that is left.

    Raises ConfigError where there is no step to take, StoreError.
    """
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise ConfigError(f"storage.url: there are no records at {file}")
    with _changing(url, busy_timeout_s) as connection:
        found = _revision(connection)
        step = next((one for one in _scripts().walk_revisions() if one.revision == found), None)
        if step is None:
            raise ConfigError(
                f"the records have schema {found or 'none'}: this version knows no step back from it"
            )
        if step.down_revision is None:
            raise ConfigError(
                f"schema {found} is the first one: to go back, restore the backup made before the upgrade"
            )
        command.downgrade(_config(connection), "-1")
        _note_compatibility(connection)
        return str(step.down_revision)


@contextmanager
def _changing(url: str, busy_timeout_s: float) -> Iterator[Connection]:
    """A transaction in which nobody else changes the tables. Raises ConfigError, StoreError."""
    engine = open_engine(url, busy_timeout_s, statement_timeout_s=_UPGRADE_TAKES_S)
    try:
        with _connected(engine, url) as connection, store_errors(), connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_UPGRADING,))
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _connected(engine: Engine, url: str) -> Iterator[Connection]:
    """Raises ConfigError and StoreError that say what to do, where the server refuses us."""
    parsed = database_url(url)
    try:
        connection = engine.connect()
    except DBAPIError as error:
        if engine.dialect.name != "postgresql":
            with store_errors():
                raise
        raise postgres.refused(error, parsed) from error
    with connection:
        if engine.dialect.name == "postgresql":
            with store_errors():
                postgres.require_usable(connection)
                connection.rollback()
        yield connection


def prepare(url: str, busy_timeout_s: float) -> None:
    """Make sure that the tables are there: a new, empty SQLite file gets them.

    Raises ConfigError for tables of another version or a database we cannot use, StoreError.
    """
    _make_file(url)
    engine = open_engine(url, busy_timeout_s)
    try:
        with store_errors():  # what a server that goes away in between breaks, is its own, too
            _prepare(engine, url)
    finally:
        engine.dispose()


def _prepare(engine: Engine, url: str) -> None:
    if sqlite_file(url) is not None and _is_empty(engine):
        with engine.begin() as connection:
            upgrade_on(connection)
    with _connected(engine, url) as connection:
        check_schema(connection)


def check_schema(connection: Connection) -> None:
    """Raises ConfigError, with the command that helps, unless this version can work on the tables.

    Those of a newer version will do where it says so: guards that are replaced one by one go on meanwhile.
    """
    with store_errors():
        found = _revision(connection)
        fit_from = _fit_from(connection, found)
    scripts = _scripts()
    wanted = scripts.get_current_head()
    known = {script.revision for script in scripts.walk_revisions()}
    if found == wanted or (found not in known and fit_from in known):
        return
    _require_known(found)
    raise ConfigError(
        f"the records have schema {found or 'none'}, this version needs {wanted}: run `shenyan db upgrade`"
    )


def _require_known(found: str | None) -> None:
    scripts = _scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise ConfigError(
            f"the records have schema {found}, made by a newer Shenyan; "
            f"this one knows {scripts.get_current_head()}: run the newer one"
        )


def _note_compatibility(connection: Connection) -> None:
    """Beside the tables: the oldest schema whose guards can work on them.

    A migration that only adds what older guards need not know declares `compatible_back_to`: a revision, or
    one for each kind of database where it is true of some alone.
    """
    if not connection.dialect.has_table(connection, compatibility.name):
        return
    revision = _revision(connection)
    connection.execute(delete(compatibility))
    if revision is not None:
        script = _scripts().get_revision(revision)
        back_to = getattr(script.module, "compatible_back_to", revision)
        if isinstance(back_to, Mapping):
            back_to = back_to.get(connection.dialect.name, revision)
        connection.execute(insert(compatibility).values(revision=revision, back_to=back_to))


def _fit_from(connection: Connection, revision: str | None) -> str | None:
    """None: guards of that very schema only."""
    if revision is None or not connection.dialect.has_table(connection, compatibility.name):
        return None
    query = select(compatibility.c.back_to).where(compatibility.c.revision == revision)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.attributes["connection"] = connection
    config.set_main_option("script_location", "app.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _is_empty(engine: Engine) -> bool:
    with store_errors(), engine.connect() as connection:
        return not inspect(connection).get_table_names()


def _make_file(url: str) -> None:
    """A new SQLite file is for its owner alone: it holds what citizens wrote."""
    path = sqlite_file(url)
    if path is None:
        return
    try:
        make_folder(path.parent, 0o777)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"the records' file cannot be made: {os.strerror(error.errno or 0)}") from error
