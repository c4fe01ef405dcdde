"""A second opinion holds what the rules release, and can do nothing else."""

from dataclasses import replace
from itertools import product

import pytest

from app.core.model import Category, Disposition, Finding, Severity, Verdict
from app.core.opinion import RULE, Opinion, is_close, judged_also_by, with_opinion, without_opinion
from app.core.policy import CheckPolicy
from tests.values import BLOCKED, MOCKED, RELEASED

DOUBTFUL = Opinion(doubtful=True, reason="话里有话")
SHADOWED = CheckPolicy(shadow=frozenset({RULE}))
POLICIES = [CheckPolicy(hold_at, block_at) for hold_at, block_at in product(Severity, [None, *Severity])]


def hinted(*severities: Severity, shadow: bool = False) -> Verdict:
    findings = tuple(
        Finding(f"tone.x{number}", Category.TONE, severity, "生硬", shadow=shadow)
        for number, severity in enumerate(severities)
    )
    return replace(RELEASED, findings=findings)


@pytest.mark.parametrize(
    ("verdict", "at_least", "close"),
    [
        pytest.param(RELEASED, 1, False, id="nothing found"),
        pytest.param(hinted(Severity.INFO), 5, True, id="a note"),
        pytest.param(hinted(Severity.INFO), 25, False, id="a note, but flags are asked for"),
        pytest.param(hinted(*[Severity.INFO] * 5), 25, True, id="five notes make a flag"),
        pytest.param(hinted(Severity.HIGH, shadow=True), 5, False, id="what is only measured"),
        pytest.param(MOCKED, 5, False, id="held already"),
        pytest.param(BLOCKED, 5, False, id="blocked already"),
    ],
)
def test_what_is_close(verdict: Verdict, at_least: int, close: bool) -> None:
    assert is_close(verdict, at_least) is close


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy.hold_at}/{policy.block_at}")
def test_a_doubt_holds_a_release_under_every_policy_and_blocks_under_none(policy: CheckPolicy) -> None:
    verdict = with_opinion(RELEASED, DOUBTFUL, policy)
    assert verdict.disposition is Disposition.HOLD
    assert verdict.severity >= policy.hold_at


@pytest.mark.parametrize("verdict", [MOCKED, BLOCKED])
@pytest.mark.parametrize("opinion", [DOUBTFUL, Opinion(doubtful=False)])
def test_nothing_is_ever_released_by_it(verdict: Verdict, opinion: Opinion) -> None:
    after = with_opinion(verdict, opinion, CheckPolicy())
    assert after.disposition is verdict.disposition
    assert after.findings[: len(verdict.findings)] == verdict.findings


def test_the_reason_stands_in_the_verdict() -> None:
    (finding,) = with_opinion(RELEASED, DOUBTFUL, CheckPolicy()).findings
    assert (finding.rule, finding.category, finding.why) == (
        "system.second-opinion",
        Category.SYSTEM,
        "第二意见认为不宜直接发出：话里有话",
    )


def test_a_fine_one_changes_nothing() -> None:
    verdict = hinted(Severity.LOW)
    assert with_opinion(verdict, Opinion(doubtful=False), CheckPolicy()) == verdict


def test_in_shadow_mode_a_doubt_is_seen_and_holds_nothing() -> None:
    verdict = with_opinion(RELEASED, DOUBTFUL, SHADOWED)
    assert (verdict.disposition, verdict.findings[0].shadow) == (Disposition.RELEASE, True)


@pytest.mark.parametrize(
    ("hold", "code", "disposition", "told"),
    [
        pytest.param(True, "timeout", Disposition.HOLD, "没有得到第二意见（超时），按配置拦下等人看"),
        pytest.param(
            False,
            "http-500",
            Disposition.RELEASE,
            "没有得到第二意见（出错：http-500），按配置照规则的判断放行",
        ),
    ],
)
def test_without_one_the_configuration_decides(
    hold: bool, code: str, disposition: Disposition, told: str
) -> None:
    verdict = without_opinion(hinted(Severity.LOW), code, CheckPolicy(), hold=hold)
    assert (verdict.disposition, verdict.findings[-1].why) == (disposition, told)


def test_a_hold_stays_one_when_no_opinion_comes() -> None:
    assert without_opinion(MOCKED, "timeout", CheckPolicy(), hold=False).disposition is Disposition.HOLD


def test_the_version_names_who_was_asked() -> None:
    assert judged_also_by(RELEASED, "1a2b3c4d").ruleset == "ruleset-1+1a2b3c4d"
