"""For how long the same thing is one alert."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.bypass import QUIET, Alert, AlertKind, is_old_news
from tests.values import NOON

TOKEN = Alert("alert-1", "hall", AlertKind.RETIRED_TOKEN, "acme", "", NOON, NOON)
SWITCH = replace(TOKEN, kind=AlertKind.AUTOREPLY, key="message")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_has_its_quiet_time(kind: AlertKind) -> None:
    assert QUIET[kind] >= timedelta(hours=1)


@pytest.mark.parametrize(
    ("alert", "after", "old"),
    [
        pytest.param(TOKEN, 59 * MINUTE, True, id="the same token within the hour"),
        pytest.param(TOKEN, 60 * MINUTE, False, id="and after it"),
        pytest.param(
            replace(TOKEN, acknowledged_at=NOON), MINUTE, False, id="used again after a person dealt with it"
        ),
        pytest.param(SWITCH, DAY - MINUTE, True, id="a switch that is still on"),
        pytest.param(
            replace(SWITCH, acknowledged_at=NOON), MINUTE, True, id="still on although a person knows"
        ),
        pytest.param(
            replace(SWITCH, acknowledged_at=NOON), DAY, False, id="still on a day after a person knew"
        ),
        pytest.param(
            replace(SWITCH, acknowledged_at=NOON, over_at=NOON), MINUTE, False, id="off, and on again"
        ),
        pytest.param(replace(SWITCH, over_at=NOON), MINUTE, True, id="off and on before anybody looked"),
    ],
)
def test_the_same_thing_again_is_only_counted(alert: Alert, after: timedelta, old: bool) -> None:
    assert is_old_news(alert, NOON + after) is old
