"""What is old enough to leave the records."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.retention import LEAST_DAYS, Class, Due, dues, latest_allowed, month_of, next_month, start_of


def test_any_six_months_fit_into_the_least_days() -> None:
    for month in range(1, 13):
        begin = datetime(2026, month, 1, tzinfo=UTC)
        end = begin.replace(year=2026 + (month > 6), month=(month + 5) % 12 + 1)
        assert (end - begin).days <= LEAST_DAYS
    assert latest_allowed(datetime(2026, 9, 1, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        pytest.param(
            "2026-11-29T12:00+08:00", "2026-05-01T00:00+08:00", id="not before the month is old as a whole"
        ),
        pytest.param("2026-12-02T12:00+08:00", "2026-06-01T00:00+08:00", id="its last day is old enough"),
        pytest.param("2026-12-01T23:00+00:00", "2026-06-01T00:00+08:00", id="days begin in China"),
    ],
)
def test_only_whole_months_leave_by_themselves(now: str, before: str) -> None:
    wanted = dues({Class.EXCHANGES: 184, Class.HOLDS: None}, datetime.fromisoformat(now))
    assert list(wanted) == [Due(Class.EXCHANGES, datetime.fromisoformat(before))]


def test_a_month_is_one_in_china() -> None:
    at = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert month_of(at) == "2026-03"
    assert next_month(at) == start_of(datetime(2026, 4, 1, tzinfo=UTC).date())
    assert next_month(at) - at == timedelta(days=31)
