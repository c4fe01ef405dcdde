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


@pytest.mark.parametrize(
    ("decisions", "disposition"),
    [
        pytest.param({}, Disposition.BLOCK, id="by severity"),
        pytest.param({"mockery": Disposition.HOLD}, Disposition.HOLD, id="the category"),
        pytest.param({"mockery.gag": Disposition.RELEASE}, Disposition.RELEASE, id="the subclass"),
        pytest.param({"tone": Disposition.RELEASE}, Disposition.BLOCK, id="another category"),
        pytest.param(
            {"mockery": Disposition.RELEASE, "mockery.gag": Disposition.HOLD},
            Disposition.HOLD,
            id="the closer",
        ),
        pytest.param(
            {"mockery.gag": Disposition.RELEASE, "mockery.shut-up": Disposition.HOLD},
            Disposition.HOLD,
            id="the rule itself before its subclass",
        ),
    ],
)
def test_a_policy_decides_by_name_before_severity(
    decisions: dict[str, Disposition], disposition: Disposition
) -> None:
    finding = replace(FINDING, rule="mockery.shut-up", subclass="gag", severity=Severity.HIGH)
    assert decide([finding], CheckPolicy(decisions=decisions)) is disposition


def test_a_shadowed_finding_is_seen_and_does_not_count() -> None:
    assert (
        decide([replace(FINDING, severity=Severity.HIGH, shadow=True)], CheckPolicy()) is Disposition.RELEASE
    )


def test_policies_that_decide_differently_have_different_names() -> None:
    assert CheckPolicy().fingerprint == CheckPolicy().fingerprint
    assert CheckPolicy().fingerprint != CheckPolicy(hold_at=Severity.LOW).fingerprint
