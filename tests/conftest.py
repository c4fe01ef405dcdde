"""What every test shares."""

import itertools
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from psycopg.sql import SQL, Identifier

from app.loading.ruleset import load_checker
from app.storage import schema
from app.storage.migrate import upgrade
from app.storage.schema import metadata
from scripts.postgres import Postgres, running_postgres

# No test is about time: on a busy machine one slow draw says nothing.
settings.register_profile("shenyan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shenyan")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def rules_read_once() -> Iterator[None]:
    """The checker is a frozen value: guards of one process may share it, and reading it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.assembly.judging.load_checker", cache(load_checker))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server, started by the first test that asks."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated(postgres: Postgres) -> str:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE records")
    upgrade(postgres.url("records"))
    return postgres.url("records")


@pytest.fixture
def postgresql_url(postgres: Postgres, _migrated: str) -> str:
    """Empty records on PostgreSQL. The same for every test: emptying them takes a millisecond, a copy 200."""
    with postgres.connect("records") as connection:
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("SET session_replication_role = replica")  # past the guard of the audit trail
        for table in metadata.sorted_tables:
            if table not in (schema.audit_head, schema.audit_anchor, schema.pulse, schema.compatibility):
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
        connection.execute("UPDATE audit_head SET seq = 0, hash = ''")
        connection.execute("UPDATE audit_anchor SET seq = 0, hash = ''")
        connection.execute("UPDATE pulse SET beat = 0")
    return _migrated


_numbers = itertools.count()


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Makes an empty database, for tests that leave nothing whole in it; its name."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{next(_numbers)}"
        with postgres.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return name

    yield make
    with postgres.connect() as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
