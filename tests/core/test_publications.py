"""Whether a proposal may take effect: every living replica has loaded it, or it takes effect nowhere."""

from datetime import timedelta

import pytest

from app.core.publications import (
    BLIND_AFTER,
    BLIND_AFTER_PROPOSAL,
    LEAD,
    REPORT_EVERY,
    SILENT_AFTER,
    Publication,
    Readiness,
    Replica,
    answer,
)
from tests.values import NOON

PROPOSAL = Publication(7, "abc", NOON, "cli:root", "试")
READY = Replica("r1", "h", 1, "0.1", 6, "old", ready_for=7, seen_at=NOON)
LOADING = Replica("r2", "h", 2, "0.1", 6, "old", ready_for=6, seen_at=NOON)
REFUSING = Replica("r3", "h", 3, "0.1", 6, "old", ready_for=6, failed=7, trouble="no", seen_at=NOON)
OLD_TROUBLE = Replica("r4", "h", 4, "0.1", 6, "old", ready_for=7, failed=5, trouble="no", seen_at=NOON)
SOON, LATER = NOON + timedelta(seconds=1), NOON + SILENT_AFTER


@pytest.mark.parametrize(
    ("replicas", "now", "readiness", "about"),
    [
        pytest.param([], SOON, Readiness.READY, (), id="nobody is there to follow"),
        pytest.param([READY, OLD_TROUBLE], SOON, Readiness.READY, (), id="all have loaded it"),
        pytest.param([READY, LOADING], SOON, Readiness.WAITING, (LOADING,), id="one is at it"),
        pytest.param([READY, LOADING], LATER, Readiness.READY, (), id="silent: it ended, or holds all"),
        pytest.param([READY, REFUSING], SOON, Readiness.REFUSED, (REFUSING,), id="one cannot"),
        pytest.param([REFUSING], LATER, Readiness.REFUSED, (REFUSING,), id="it could not, and is silent"),
    ],
)
def test_a_proposal_waits_for_every_living_replica(
    replicas: list[Replica], now: object, readiness: Readiness, about: tuple[Replica, ...]
) -> None:
    said = answer(PROPOSAL, replicas, now)  # type: ignore[arg-type]
    assert (said.readiness, said.about) == (readiness, about)


def test_no_replica_can_miss_a_change_and_still_release() -> None:
    # One that has loaded the proposal is blind before its effect, if it did not hear of it.
    assert BLIND_AFTER_PROPOSAL < LEAD
    # One that is not waited for said its last word so long ago that it is blind by now.
    assert SILENT_AFTER > REPORT_EVERY + BLIND_AFTER
