"""How a channel decides on findings."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.core.model import Disposition, Finding, Severity


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    hold_at: Severity = Severity.MEDIUM
    block_at: Severity | None = Severity.HIGH
    """None: nothing is blocked, only held."""
    unreadable_holds: bool = True
    shadow: frozenset[str] = frozenset()
    """Rule ids that are measured and do not count."""
    shadow_all: bool = False
    fingerprint: str = field(init=False)
    """Names this policy in a verdict's version."""

    def __post_init__(self) -> None:
        facts = (
            self.hold_at.value,
            self.block_at.value if self.block_at else "never",
            self.unreadable_holds,
            sorted(self.shadow),
            self.shadow_all,
        )
        object.__setattr__(self, "fingerprint", hashlib.sha256(repr(facts).encode()).hexdigest())

    def shadows(self, rule_id: str) -> bool:
        return self.shadow_all or rule_id in self.shadow


def decide(findings: Iterable[Finding], policy: CheckPolicy) -> Disposition:
    """The worst finding that counts decides; none means release."""
    worst = max((finding.severity for finding in findings if not finding.shadow), default=None)
    if worst is None or worst < policy.hold_at:
        return Disposition.RELEASE
    if policy.block_at is not None and worst >= policy.block_at:
        return Disposition.BLOCK
    return Disposition.HOLD
