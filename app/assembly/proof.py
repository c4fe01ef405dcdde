"""Whether a configuration would start, without opening a port, a database or a connection."""

from app.assembly.channels import codec_of, require_sound_fallbacks
from app.bots.json_api import require_usable
from app.core.checker import Checker
from app.core.errors import ConfigError
from app.loading.policies import check_policy
from app.loading.ruleset import load_checker
from app.ports import Check
from app.settings import Policy, Settings


def prove(settings: Settings) -> None:
    """Raises ConfigError with every problem found."""
    problems: list[str] = []
    for name, channel in settings.channels.items():
        try:
            codec_of(name, channel)
        except ConfigError as error:
            problems.append(f"channels.{name}: {error}")
    for name, bot in settings.bots.items():
        if bot.kind == "json":
            try:
                require_usable(name, bot)
            except ConfigError as error:
                problems.append(str(error))
    rules = settings.rules
    checker = load_checker(rules.rules_dir, rules.lexicons_dir, rules.cache_dir)
    checks = {
        name: _check(checker, settings.policies[channel.policy])
        for name, channel in settings.channels.items()
    }
    try:
        require_sound_fallbacks(settings, checks)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def _check(checker: Checker, policy: Policy) -> Check:
    rules = check_policy(policy)
    return lambda reply, conversation: checker.check(reply, conversation, rules)
