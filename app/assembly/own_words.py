"""What the guard says itself, which the rules judge when they are loaded, like everything else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from app.core.canary import Canary
from app.core.errors import ConfigError
from app.core.model import Conversation, Disposition, Reply, Verdict
from app.settings.channels import AnyChannel
from app.settings.whole import Settings

SAMPLED = 20
"""A canary's answers that are checked when it is loaded; each is checked again when it is given."""


Judge = Callable[[str, Reply, Conversation], Verdict]
"""Judges by a channel's policy."""


def require_sound_words(settings: Settings, judge: Judge) -> None:
    """Raises ConfigError where the rules hold any of it."""
    problems = [
        f"{key}: the channel's own rules hold it ({finding.rule}: {finding.why})"
        for key, name, text in _own_words(settings)
        for verdict in (judge(name, Reply.of(text), Conversation(channel=name)),)
        if verdict.disposition is not Disposition.RELEASE
        for finding in verdict.findings
    ]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def canary_of(name: str, channel: AnyChannel) -> Canary | None:
    """None: the channel has no test account."""
    wanted = channel.canary
    if wanted is None:
        return None
    secret = wanted.secret.get_secret_value().encode()
    return Canary(name, frozenset(wanted.users), wanted.keyword, secret)


def _own_words(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Setting, channel and text."""
    for name, channel in settings.channels.items():
        yield f"channels.{name}.holding_text", name, channel.holding_text
        canary = canary_of(name, channel)
        for minute in range(SAMPLED if canary else 0):
            assert canary is not None
            yield f"channels.{name}.canary", name, canary.text_at(datetime.fromtimestamp(60 * minute, UTC))
        if channel.ai_label:  # a label that the rules hold would hold every reply
            yield f"channels.{name}.ai_label", name, f"您好。\n{channel.ai_label}"
