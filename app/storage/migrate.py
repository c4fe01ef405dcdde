"""The schema's version: raised by `shenyan db upgrade`, checked at every start."""

import os

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from app.core.errors import ConfigError, StoreError
from app.storage.database import open_engine, sqlite_file, store_errors

UPGRADE_WAITS_S = 30.0
"""How long an upgrade by hand waits for a locked database."""


def upgrade(url: str, busy_timeout_s: float = UPGRADE_WAITS_S) -> None:
    """Bring the tables to this version, all of it or nothing. Raises ConfigError, StoreError."""
    _make_file(url)
    engine = open_engine(url, busy_timeout_s)
    try:
        with store_errors(), engine.begin() as connection:
            _upgrade(connection)
    finally:
        engine.dispose()


def prepare(url: str, busy_timeout_s: float) -> None:
    """Make sure that the tables are there: a new, empty SQLite file gets them.

    Raises ConfigError for tables of another version, StoreError.
    """
    _make_file(url)
    engine = open_engine(url, busy_timeout_s)
    try:
        if sqlite_file(url) is not None and _is_empty(engine):
            with store_errors(), engine.begin() as connection:
                _upgrade(connection)
        check_schema(engine)
    finally:
        engine.dispose()


def check_schema(engine: Engine) -> None:
    """Raises ConfigError, with the command that helps, unless the tables are of this version."""
    with store_errors(), engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    wanted = scripts.get_current_head()
    if found == wanted:
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise ConfigError(
            f"the records have schema {found}, made by a newer Shenyan; "
            f"this one knows {wanted}: run the newer one"
        )
    raise ConfigError(
        f"the records have schema {found or 'none'}, this version needs {wanted}: run `shenyan db upgrade`"
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "app.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_empty(engine: Engine) -> bool:
    with store_errors(), engine.connect() as connection:
        return not inspect(connection).get_table_names()


def _make_file(url: str) -> None:
    """A new SQLite file is for its owner alone: it holds what citizens wrote."""
    path = sqlite_file(url)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"the records' file cannot be made: {os.strerror(error.errno or 0)}") from error
