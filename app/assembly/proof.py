"""Whether a configuration would start, without opening a port, a database or a connection."""

from collections.abc import Callable, Sequence
from typing import ParamSpec

from app.assembly.channels import check_of, codec_of, require_sound_fallbacks
from app.bots.json_api import require_usable
from app.core.errors import ConfigError
from app.core.facts import FactKind, FactList
from app.loading.characters import make_folder
from app.loading.facts import KIND_NAMES
from app.loading.policies import channel_policies
from app.loading.prompt import load_prompt
from app.loading.ruleset import load_checker
from app.settings.whole import Settings
from app.storage.engines import open_engine
from app.storage.location import location

P = ParamSpec("P")


def prove(settings: Settings) -> None:
    """Raises ConfigError with every problem found."""
    problems = _told(_usable_location, settings)
    for name, channel in settings.channels.items():
        problems += [f"channels.{name}: {what}" for what in _told(codec_of, name, channel)]
    for name, bot in settings.bots.items():
        if bot.kind == "json":
            problems += _told(require_usable, name, bot)
    if settings.second_opinion is not None:
        problems += _told(load_prompt, settings.second_opinion.prompt_file)
    problems += _told(channel_policies, settings, make_folder())
    problems += _told(_judge_fallbacks, settings)
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def remarks(settings: Settings) -> Sequence[str]:
    """What is no problem and should be known, in two languages. Raises ConfigError."""
    policies = channel_policies(settings, make_folder())
    return [
        f"channels.{name}: {said}"
        for name, policy in policies.items()
        if (said := _remark_on_facts(policy.facts))
    ]


def _usable_location(settings: Settings) -> None:
    """Raises ConfigError."""
    open_engine(location(settings.storage), settings.storage.busy_timeout_s)


def _remark_on_facts(facts: FactList | None) -> str:
    if facts is None:
        return "没有事实清单（facts），不查编造 no list of facts: fabrication is off"
    missing = [kind for kind, count in facts.kinds.items() if not count and kind is not FactKind.TITLE]
    if not missing:
        return ""
    return (
        f"事实清单里没有{'、'.join(KIND_NAMES[kind] for kind in missing)}，回复里提到的都会标记 "
        f"nothing listed of {', '.join(missing)}: every one in a reply is flagged"
    )


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
    policies = channel_policies(settings, checker.folder)
    require_sound_fallbacks(settings, {name: check_of(checker, policy) for name, policy in policies.items()})
