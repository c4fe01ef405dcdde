"""A policy as it is configured -> the policy the checker decides by."""

from collections.abc import Mapping

from app.core.errors import ConfigError
from app.core.facts import FactList
from app.core.model import Disposition, Severity
from app.core.policy import CheckPolicy, Strictness
from app.core.text import Folder
from app.loading.facts import load_facts
from app.settings.policies import Policy
from app.settings.whole import Settings


def check_policy(policy: Policy, facts: FactList | None = None) -> CheckPolicy:
    return CheckPolicy(
        hold_at=Severity(policy.hold_at),
        block_at=None if policy.block_at == "never" else Severity(policy.block_at),
        unreadable_holds=policy.unreadable == "hold",
        off_register=Strictness(policy.off_register),
        shadow=frozenset(policy.shadow),
        shadow_all=policy.shadow_all,
        decisions={name: Disposition(one) for name, one in policy.decisions.items()},
        facts=facts,
    )


def channel_policies(settings: Settings, folder: Folder) -> Mapping[str, CheckPolicy]:
    """By channel: two of one policy differ where their lists of facts do.

    Raises ConfigError with every problem of every list.
    """
    policies: dict[str, CheckPolicy] = {}
    problems: list[str] = []
    for name, channel in settings.channels.items():
        try:
            facts = load_facts(channel.facts, folder) if channel.facts else None
        except ConfigError as error:
            problems += str(error).splitlines()
        else:
            policies[name] = check_policy(settings.policies[channel.policy], facts)
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return policies
