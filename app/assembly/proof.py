"""Whether a configuration would start, without opening a port, a database or a connection."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ParamSpec

from app.assembly.channels import codec_of
from app.assembly.judging import load_terms
from app.assembly.parts import utc_now
from app.bots.json_api import require_usable
from app.core.errors import ConfigError
from app.core.facts import FactKind, FactList
from app.loading.characters import make_folder
from app.loading.facts import KIND_NAMES
from app.loading.policies import channel_policies
from app.loading.prompt import load_prompt
from app.settings.whole import Settings
from app.storage.engines import open_engine
from app.storage.location import location
from app.web.forward_proxy.authority import load_authority

P = ParamSpec("P")
_SOON = timedelta(days=90)
"""A new CA has to reach every vendor's machines before the old one ends."""


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
    if (proxy := settings.forward_proxy) is not None:
        problems += _told(load_authority, proxy.ca_certificate, proxy.ca_key, utc_now())
    problems += _told(channel_policies, settings, make_folder())
    problems += _told(load_terms, settings)  # for rules and lexicons, too
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def remarks(settings: Settings) -> Sequence[str]:
    """What is no problem and should be known, in two languages. Raises ConfigError."""
    policies = channel_policies(settings, make_folder())
    return _remarks_on_authority(settings) + [
        f"channels.{name}: {said}"
        for name, policy in policies.items()
        if (said := _remark_on_facts(policy.facts))
    ]


def _remarks_on_authority(settings: Settings) -> list[str]:
    if (proxy := settings.forward_proxy) is None:
        return []
    now = utc_now()
    left = load_authority(proxy.ca_certificate, proxy.ca_key, now).ends_at - now
    if left > _SOON:
        return []
    return [f"forward_proxy.ca_certificate: 还剩 {left.days} 天 {left.days} days left; make another in time"]


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
