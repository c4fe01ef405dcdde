"""Whether a configuration would start, without opening a port, a database or a connection."""

from collections.abc import Callable
from typing import ParamSpec

from app.assembly.channels import codec_of, require_sound_fallbacks
from app.bots.json_api import require_usable
from app.core.checker import Checker
from app.core.errors import ConfigError
from app.loading.policies import check_policy
from app.loading.prompt import load_prompt
from app.loading.ruleset import load_checker
from app.ports import Check
from app.settings import Policy, Settings
from app.storage.database import open_engine

P = ParamSpec("P")


def prove(settings: Settings) -> None:
    """Raises ConfigError with every problem found."""
    problems = _told(open_engine, settings.storage.url, settings.storage.busy_timeout_s)
    for name, channel in settings.channels.items():
        problems += [f"channels.{name}: {what}" for what in _told(codec_of, name, channel)]
    for name, bot in settings.bots.items():
        if bot.kind == "json":
            problems += _told(require_usable, name, bot)
    if settings.second_opinion is not None:
        problems += _told(load_prompt, settings.second_opinion.prompt_file)
    problems += _told(_judge_fallbacks, settings)
    if problems:
        raise ConfigError("\n".join(problems))


def _told(step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> list[str]:
    """The problems that `step` raises, a line each."""
    try:
        step(*args, **kwargs)
    except ConfigError as error:
        return str(error).splitlines()
    return []


def _judge_fallbacks(settings: Settings) -> None:
    """Raises ConfigError: for rules and lexicons too, which it loads."""
    rules = settings.rules
    checker = load_checker(rules.rules_dir, rules.lexicons_dir, rules.cache_dir)
    checks = {
        name: _check(checker, settings.policies[channel.policy])
        for name, channel in settings.channels.items()
    }
    require_sound_fallbacks(settings, checks)


def _check(checker: Checker, policy: Policy) -> Check:
    rules = check_policy(policy)
    return lambda reply, conversation: checker.check(reply, conversation, rules)
