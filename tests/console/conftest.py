from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.desk import Desk, desk


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened
