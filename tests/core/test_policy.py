"""How findings become a disposition."""

from dataclasses import replace

import pytest

from app.core.model import Category, Disposition, Finding, Severity
from app.core.policy import CheckPolicy, Strictness, decide, score
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


@pytest.mark.parametrize(
    ("found", "points"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([("a.x", Severity.INFO)], 5, id="a note"),
        pytest.param([("a.x", Severity.LOW), ("a.y", Severity.LOW)], 50, id="two flags add up"),
        pytest.param([("a.x", Severity.LOW), ("a.x", Severity.LOW)], 25, id="one rule counts once"),
        pytest.param([("a.x", Severity.INFO), ("a.x", Severity.HIGH)], 100, id="by its worst finding"),
        pytest.param([("a.x", Severity.MEDIUM), ("a.y", Severity.INFO)], 65, id="what would hold"),
    ],
)
def test_score(found: list[tuple[str, Severity]], points: int) -> None:
    findings = [replace(FINDING, rule=rule, severity=severity) for rule, severity in found]
    assert score(findings) == points
    assert score([replace(one, shadow=True) for one in findings]) == 0


@pytest.mark.parametrize("hold_at", list(Severity))
def test_a_sure_hold_holds(hold_at: Severity) -> None:
    policy = CheckPolicy(hold_at)
    assert decide([replace(FINDING, severity=policy.sure_hold)], policy) is not Disposition.RELEASE


@pytest.mark.parametrize(
    ("strictness", "subclass", "hold_at", "disposition"),
    [
        pytest.param("strict", "off_register", "medium", Disposition.HOLD, id="as the rule says"),
        pytest.param("lenient", "off_register", "medium", Disposition.RELEASE, id="a note"),
        pytest.param("lenient", "off_register", "low", Disposition.HOLD, id="where notes hold, too"),
        pytest.param("off", "off_register", "info", Disposition.RELEASE, id="nothing at all"),
        pytest.param("off", "cold", "medium", Disposition.HOLD, id="no other tone"),
    ],
)
def test_how_strictly_register_is_judged_is_policy(
    strictness: str, subclass: str, hold_at: str, disposition: Disposition
) -> None:
    finding = Finding("tone.x", Category.TONE, Severity.MEDIUM, "像私下说话", subclass=subclass)
    policy = CheckPolicy(off_register=Strictness(strictness), hold_at=Severity(hold_at))
    assert decide([finding], policy) is disposition


def test_how_strictly_register_is_judged_is_part_of_the_version() -> None:
    assert CheckPolicy(off_register=Strictness.OFF).fingerprint != CheckPolicy().fingerprint
