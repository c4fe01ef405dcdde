"""Records in an SQLite file that a test may look at, lock, fill up and break."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
