"""What a second opinion does to a verdict: it may hold what the rules release, and nothing else."""

from dataclasses import dataclass, replace

from app.core.model import Category, Disposition, Finding, Severity, Verdict
from app.core.policy import CheckPolicy, score

RULE = "system.second-opinion"


@dataclass(frozen=True, slots=True)
class Opinion:
    doubtful: bool
    reason: str = ""
    """In Chinese, for the moderator; empty where it is not doubtful."""


def is_close(verdict: Verdict, score_at_least: int) -> bool:
    """Whether the rules release the reply, but only just."""
    return verdict.disposition is Disposition.RELEASE and score(verdict.findings) >= score_at_least


def with_opinion(verdict: Verdict, opinion: Opinion, policy: CheckPolicy) -> Verdict:
    if not opinion.doubtful:
        return verdict
    return _with_finding(verdict, policy.sure_hold, f"第二意见认为不宜直接发出：{opinion.reason}", policy)


def without_opinion(verdict: Verdict, code: str, policy: CheckPolicy, *, hold: bool) -> Verdict:
    """No opinion came. The finding says so also where the reply goes out all the same."""
    severity = policy.sure_hold if hold else Severity.INFO
    trouble = "超时" if code == "timeout" else f"出错：{code}"
    what_next = "拦下等人看" if hold else "照规则的判断放行"
    return _with_finding(verdict, severity, f"没有得到第二意见（{trouble}），按配置{what_next}", policy)


def judged_also_by(verdict: Verdict, version: str) -> Verdict:
    """The verdict's version names who was asked, too."""
    return replace(verdict, ruleset=f"{verdict.ruleset}+{version}")


def _with_finding(verdict: Verdict, severity: Severity, why: str, policy: CheckPolicy) -> Verdict:
    finding = Finding(RULE, Category.SYSTEM, severity, why, shadow=policy.shadows(RULE))
    holds = not finding.shadow and severity >= policy.hold_at
    release = verdict.disposition is Disposition.RELEASE
    return replace(
        verdict,
        disposition=Disposition.HOLD if holds and release else verdict.disposition,
        findings=(*verdict.findings, finding),
    )
