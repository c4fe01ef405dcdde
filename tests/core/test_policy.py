"""How findings become a disposition."""

from dataclasses import replace

import pytest

from app.core.model import Disposition, Severity
from app.core.policy import CheckPolicy, decide
from tests.values import MOCKED

FINDING = MOCKED.findings[0]


@pytest.mark.parametrize(
    ("severities", "policy", "disposition"),
    [
        pytest.param([], CheckPolicy(), Disposition.RELEASE, id="nothing found"),
        pytest.param([Severity.LOW], CheckPolicy(), Disposition.RELEASE, id="below the limit"),
        pytest.param([Severity.MEDIUM], CheckPolicy(), Disposition.HOLD, id="at the limit"),
        pytest.param([Severity.LOW, Severity.HIGH], CheckPolicy(), Disposition.BLOCK, id="the worst decides"),
        pytest.param([Severity.HIGH], CheckPolicy(block_at=None), Disposition.HOLD, id="nothing is blocked"),
        pytest.param(
            [Severity.LOW], CheckPolicy(hold_at=Severity.LOW), Disposition.HOLD, id="a strict channel"
        ),
    ],
)
def test_decide(severities: list[Severity], policy: CheckPolicy, disposition: Disposition) -> None:
    assert decide([replace(FINDING, severity=one) for one in severities], policy) is disposition


def test_a_shadowed_finding_is_seen_and_does_not_count() -> None:
    assert (
        decide([replace(FINDING, severity=Severity.HIGH, shadow=True)], CheckPolicy()) is Disposition.RELEASE
    )


def test_policies_that_decide_differently_have_different_names() -> None:
    assert CheckPolicy().fingerprint == CheckPolicy().fingerprint
    assert CheckPolicy().fingerprint != CheckPolicy(hold_at=Severity.LOW).fingerprint
