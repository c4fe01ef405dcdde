"""What the column types do to values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from app.storage.columns import Moment, storable

DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call]
SHANGHAI = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_an_instant_is_stored_in_utc_and_comes_back_aware(dialect: Dialect) -> None:
    stored = Moment().bind_processor(dialect)(SHANGHAI)
    assert str(stored).startswith("2026-03-02 04:00:00.123456")
    back = Moment().result_processor(dialect, None)(stored)
    assert back is not None
    assert (back, back.utcoffset()) == (SHANGHAI, timedelta(0))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_a_time_without_its_zone_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="zone"):
        Moment().bind_processor(dialect)(SHANGHAI.replace(tzinfo=None))


def test_a_full_second_is_as_long_as_any_other_so_that_texts_sort_like_times() -> None:
    stored = Moment().bind_processor(DIALECTS[0])(datetime(2026, 3, 2, 4, tzinfo=UTC))
    assert stored == "2026-03-02 04:00:00.000000"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("您好😀\n", "您好😀\n", id="what is Unicode stays"),
        pytest.param("a\0b", "a\ufffdb", id="NUL, which PostgreSQL refuses"),
        pytest.param("a\ud83db", "a?b", id="half a surrogate pair"),
    ],
)
def test_text_is_made_storable_at_the_same_length(text: str, stored: str) -> None:
    assert storable(text) == stored
