"""What every test shares."""

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from app.loading.ruleset import load_checker

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
        patch.setattr("app.assembly.parts.load_checker", cache(load_checker))
        yield
