from datetime import timedelta

import pytest

from app.core.errors import PlatformError, RateLimited
from app.platforms.weibo.refusals import error_of


@pytest.mark.parametrize("code", [10022, 10023, 10024])
def test_hourly_limits_are_waited_out(code: int) -> None:
    error = error_of(code)
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(hours=1)


@pytest.mark.parametrize("code", [0, -1, 10014, 20012, 20021, 20111, 10**9])
def test_whatever_is_not_listed_is_for_good(code: int) -> None:
    error = error_of(code)
    assert (type(error), error.code) == (PlatformError, str(code))
