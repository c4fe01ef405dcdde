"""What replies are judged by: this machine's own files, or what was published for every guard."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from app.assembly.conduct import conduct_of
from app.assembly.own_words import require_sound_words
from app.core.errors import ConfigError
from app.core.model import Severity
from app.core.terms import OWN_FILES, ChannelTerms, Terms
from app.loading.phrases import load_phrases
from app.loading.policies import channel_policies, check_policy
from app.loading.published import overruled, unpack
from app.loading.ruleset import load_checker, shipped_dirs
from app.settings.policies import Policy
from app.settings.whole import Settings


def load_terms(settings: Settings, number: int = OWN_FILES) -> Terms:
    """Raises ConfigError with every problem, also where the rules hold what the guard says itself."""
    rules = settings.rules
    checker = load_checker(rules.rules_dir, rules.lexicons_dir, rules.cache_dir)
    policies = channel_policies(settings, checker.folder)
    terms = Terms(
        number,
        checker,
        {
            name: ChannelTerms(
                policies[name],
                _decide_within(settings.policies[channel.policy]),
                _second_person_at(settings.policies[channel.policy]),
                settings.policies[channel.policy].second_opinion,
                conduct_of(channel),
            )
            for name, channel in settings.channels.items()
        },
        check_policy(settings.policies.get("default", Policy())),
        load_phrases(rules.rules_dir or shipped_dirs()[0]),
    )
    require_sound_words(settings, terms.check)
    return terms


def loader_of(settings: Settings) -> Callable[[int, bytes | None], Terms]:
    """Loads a publication's document; without one, this machine's own files."""

    def load(number: int, document: bytes | None) -> Terms:
        if document is None:
            return load_terms(settings)
        with TemporaryDirectory(prefix="shenyan-rules-") as name:
            try:
                published = unpack(document, Path(name), settings)
                terms = load_terms(published, number)
                return replace(terms, overruled=overruled(settings, published))
            except ConfigError as error:
                raise ConfigError(str(error).replace(f"{name}{os.sep}", "")) from error

    return load


def _decide_within(policy: Policy) -> Mapping[Severity, timedelta]:
    limits = policy.decide_within_minutes.model_dump()
    return {Severity(name): timedelta(minutes=limit) for name, limit in limits.items() if limit is not None}


def _second_person_at(policy: Policy) -> Severity | None:
    return None if policy.second_person_at == "never" else Severity(policy.second_person_at)
