"""How a channel decides on findings."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.evidence import Evidence
from app.core.facts import FactList
from app.core.model import Disposition, Finding, Severity

_STRICTNESS = (Disposition.RELEASE, Disposition.HOLD, Disposition.BLOCK)
POINTS: Mapping[Severity, int] = {
    Severity.INFO: 5,
    Severity.LOW: 25,
    Severity.MEDIUM: 60,
    Severity.HIGH: 100,
}
"""What a finding adds to a reply's score."""


OFF_REGISTER = "off_register"


class Strictness(StrEnum):
    """How much it counts that a reply, without one bad word, is not how an office writes."""

    STRICT = "strict"
    """As much as the rule says."""
    LENIENT = "lenient"
    """At most a note, S2."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    hold_at: Severity = Severity.MEDIUM
    block_at: Severity | None = Severity.HIGH
    """None: nothing is blocked, only held."""
    unreadable_holds: bool = True
    off_register: Strictness = Strictness.STRICT
    shadow: frozenset[str] = frozenset()
    """Rule ids that are measured and do not count."""
    shadow_all: bool = False
    decisions: Mapping[str, Disposition] = field(default_factory=dict, hash=False)
    """By rule id, `category.subclass` or category, whatever the severity: the most particular one decides."""
    facts: FactList | None = None
    """None: nothing is taken for made up."""
    fingerprint: str = field(init=False)
    """Names this policy in a verdict's version."""

    def __post_init__(self) -> None:
        named = (
            self.hold_at.value,
            self.block_at.value if self.block_at else "never",
            self.unreadable_holds,
            self.off_register.value,
            sorted(self.shadow),
            self.shadow_all,
            sorted(self.decisions.items()),
            *((self.facts.fingerprint,) if self.facts else ()),
        )
        object.__setattr__(self, "fingerprint", hashlib.sha256(repr(named).encode()).hexdigest())

    def shadows(self, rule_id: str) -> bool:
        return self.shadow_all or rule_id in self.shadow

    @property
    def sure_hold(self) -> Severity:
        """A finding of this severity holds, whatever the policy."""
        return max(self.hold_at, Severity.MEDIUM)

    def of(self, finding: Finding) -> Disposition:
        """What this finding alone would lead to."""
        if finding.shadow:
            return Disposition.RELEASE
        named = (finding.rule, f"{finding.category.value}.{finding.subclass}", finding.category.value)
        decided = next((self.decisions[name] for name in named if name in self.decisions), None)
        if decided is not None:
            return decided
        severity = self._weight(finding)
        if severity is None or severity < self.hold_at:
            return Disposition.RELEASE
        blocked = self.block_at is not None and severity >= self.block_at
        return Disposition.BLOCK if blocked else Disposition.HOLD

    def _weight(self, finding: Finding) -> Severity | None:
        """None: it does not count."""
        if finding.subclass != OFF_REGISTER or self.off_register is Strictness.STRICT:
            return finding.severity
        return None if self.off_register is Strictness.OFF else min(finding.severity, Severity.LOW)

    def made_up(self, evidence: Evidence) -> Iterable[Finding]:
        """What a reply tells that the channel's list of facts does not know."""
        return self.facts.unknown(evidence) if self.facts else ()


def decide(findings: Iterable[Finding], policy: CheckPolicy) -> Disposition:
    """The worst finding decides; none means release."""
    return max(map(policy.of, findings), key=_STRICTNESS.index, default=Disposition.RELEASE)


def score(findings: Iterable[Finding]) -> int:
    """How near a reply came to being held, in points: each rule that counts adds its worst finding."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        if not finding.shadow:
            worst[finding.rule] = max(finding.severity, worst.get(finding.rule, finding.severity))
    return sum(POINTS[severity] for severity in worst.values())
