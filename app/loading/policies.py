"""A policy as it is configured -> the policy the checker decides by."""

from app.core.model import Disposition, Severity
from app.core.policy import CheckPolicy
from app.settings import Policy


def check_policy(policy: Policy) -> CheckPolicy:
    return CheckPolicy(
        hold_at=Severity(policy.hold_at),
        block_at=None if policy.block_at == "never" else Severity(policy.block_at),
        unreadable_holds=policy.unreadable == "hold",
        shadow=frozenset(policy.shadow),
        shadow_all=policy.shadow_all,
        decisions={name: Disposition(one) for name, one in policy.decisions.items()},
    )
