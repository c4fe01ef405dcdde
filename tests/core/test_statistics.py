"""Periods in China's time, and figures that point at nobody."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from app.core.statistics import MOST_STEPS, Period, Step, cell, preset, quantile

MONDAY = date(2026, 3, 2)


def test_a_day_begins_at_midnight_in_china() -> None:
    period = Period(MONDAY, MONDAY, Step.DAY)
    assert period.starts.astimezone(UTC) == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert period.ends.astimezone(UTC) == datetime(2026, 3, 2, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "step", "starts"),
    [
        pytest.param(MONDAY, date(2026, 3, 4), Step.DAY, ["03-02", "03-03", "03-04"], id="days"),
        pytest.param(date(2026, 3, 4), date(2026, 3, 17), Step.WEEK, ["03-04", "03-09", "03-16"], id="weeks"),
        pytest.param(
            date(2026, 1, 31), date(2026, 3, 2), Step.MONTH, ["01-31", "02-01", "03-01"], id="months"
        ),
    ],
)
def test_steps_fill_the_period(first: date, last: date, step: Step, starts: list[str]) -> None:
    period = Period(first, last, step)
    steps = period.steps()
    assert [begin.strftime("%m-%d") for begin, _ in steps] == starts
    assert steps[0][0] == period.starts
    assert steps[-1][1] == period.ends
    assert all(end == begin for (_, end), (begin, _) in pairwise(steps))


def test_no_chart_has_more_bars_than_anybody_reads() -> None:
    assert len(Period(date(2020, 1, 1), MONDAY, Step.DAY).steps()) == MOST_STEPS


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", MONDAY, MONDAY),
        ("yesterday", date(2026, 3, 1), date(2026, 3, 1)),
        ("week", MONDAY, MONDAY),
        ("last-week", date(2026, 2, 23), date(2026, 3, 1)),
        ("month", date(2026, 3, 1), MONDAY),
        ("last-month", date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_the_usual_periods(name: str, first: date, last: date) -> None:
    period = preset(name, MONDAY)
    assert period is not None
    assert (period.first, period.last) == (first, last)


def test_a_period_nobody_knows() -> None:
    assert preset("forever", MONDAY) is None


def test_small_cells_are_not_told() -> None:
    assert [cell(count) for count in (0, 1, 4, 5)] == ["0", "<5", "<5", "5"]


def test_the_middle_of_nothing_is_nothing() -> None:
    assert quantile([], 0.5) is None
    assert quantile([1, 2, 9], 0.5) == 2
    assert quantile([1, 2, 9], 0.9) == 9
