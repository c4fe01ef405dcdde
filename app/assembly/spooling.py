"""Where messages wait while the records are away, joined."""

from datetime import timedelta

from app.assembly.parts import Parts, new_id, utc_now
from app.service.following import Current
from app.service.spooling import Spooling


def spooling_of(parts: Parts) -> Spooling:
    settings = parts.settings
    return Spooling(
        parts.spool,
        parts.store,
        parts.observer,
        utc_now,
        new_id,
        Current(lambda: {name: parts.conduct(name).fallbacks for name in settings.channels}),
        settings.sweeper.every_s,
        timedelta(seconds=settings.sweeper.abandoned_after_s),
    )
