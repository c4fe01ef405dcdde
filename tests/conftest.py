"""What every test shares."""

import pytest
from hypothesis import HealthCheck, settings

# No test is about time: on a busy machine one slow draw says nothing.
settings.register_profile("shenyan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shenyan")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
