"""The records under test, on SQLite and on a real PostgreSQL. A test may not care which."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.ports import Store
from app.storage import migrate
from app.storage.database import Database
from app.storage.migrate import upgrade
from app.storage.sql import SqlStore

OpenStore = Callable[[], Awaitable[Store]]


@pytest.fixture(scope="session")
def empty_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: a copy is faster than a migration."""
    path = tmp_path_factory.mktemp("records") / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def sqlite_url(empty_records: Path, tmp_path: Path) -> str:
    path = tmp_path / "records.db"
    shutil.copyfile(empty_records, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def open_store(records_url: str) -> AsyncIterator[OpenStore]:
    """Opens the same records once more, like a second start or a second process."""
    opened: list[Store] = []

    async def open_it() -> Store:
        opened.append(await SqlStore.open(records_url, busy_timeout_s=2.0))
        return opened[-1]

    yield open_it
    for store in opened:
        await store.aclose()


@pytest.fixture
async def databases(records_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """The same records twice, for what is no Store: two processes."""
    migrate.prepare(records_url, 2.0)
    both = Database(records_url, 2.0), Database(records_url, 2.0)
    yield both
    for database in both:
        await database.aclose()


@pytest.fixture
def database(databases: tuple[Database, Database]) -> Database:
    return databases[0]


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()
