"""What replies are judged by, as one value: rules, lexicons, policies, facts, phrases of one version.

With it what a channel says itself, so that both change at one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.checker import Checker
from app.core.conduct import Conduct
from app.core.model import Category, Conversation, Finding, Reply, Severity, Verdict
from app.core.phrases import Phrase
from app.core.policy import CheckPolicy, decide

OUTDATED = "system.ruleset"
"""The rule that holds every reply of a guard which is not sure to judge by the current rules."""
OWN_FILES = 0
"""The number of the rules and policies that lie on the machine: what counts until some are published."""


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """One channel's share of them."""

    policy: CheckPolicy
    decide_within: Mapping[Severity, timedelta]
    """How long people may take, by severity."""
    second_person_at: Severity | None
    """From this severity on two people release a text; None: one is enough."""
    consulted: bool
    """Whether a second opinion is asked."""
    conduct: Conduct


@dataclass(frozen=True, slots=True)
class Terms:
    number: int
    """Of the publication; OWN_FILES: there was none."""
    checker: Checker
    channels: Mapping[str, ChannelTerms]
    default: CheckPolicy
    """For texts that belong to no channel."""
    phrases: Mapping[str, Phrase]
    """规范用语, by id."""
    overruled: Sequence[str] = ()
    """What this machine's own file says and the publication has otherwise."""

    @property
    def version(self) -> str:
        return self.checker.version

    def policy(self, channel: str | None) -> CheckPolicy:
        return self.default if channel is None else self.channels[channel].policy

    def check(self, channel: str | None, reply: Reply, conversation: Conversation) -> Verdict:
        """By the channel's policy; None: by the default one."""
        return self.checker.check(reply, conversation, self.policy(channel))


def doubted(verdict: Verdict, policy: CheckPolicy, why: str) -> Verdict:
    """The verdict of rules that may not be the current ones: a hold, whatever they say."""
    findings = (*verdict.findings, Finding(OUTDATED, Category.SYSTEM, policy.sure_hold, why))
    return replace(verdict, findings=findings, disposition=decide(findings, policy))
