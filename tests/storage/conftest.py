"""Records that a test may look at, lock, fill up and break: an SQLite file, or a PostgreSQL database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.storage.migrate import upgrade
from app.storage.sql import SqlStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "records.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(url, busy_timeout_s=0.05)
    yield opened
    await opened.aclose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, url: str) -> str:
    """Empty records, on either."""
    if request.param == "sqlite":
        upgrade(url)
        return url
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
async def any_store(any_url: str) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(any_url, busy_timeout_s=1.0)
    yield opened
    await opened.aclose()
