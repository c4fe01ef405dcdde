"""Retention, joined: what the settings want archived, and where to."""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.assembly.parts import Parts, utc_now
from app.core.retention import Archive, dues
from app.service.retention import Retention
from app.settings.whole import Settings
from app.storage.archiving import Archiver, Told
from app.storage.location import location

WORKER = "system:retention"


def archiver_of(
    settings: Settings,
    actor: str,
    *,
    keep_going: Callable[[], bool] = lambda: True,
    told: Told = lambda what, done, total: None,
    clock: Callable[[], datetime] = utc_now,
) -> Archiver:
    """Raises ConfigError."""
    storage = settings.storage
    return Archiver(
        location(storage),
        settings.retention.archive_dir,
        actor,
        storage.busy_timeout_s,
        clock,
        keep_going,
        told,
    )


def retention_of(parts: Parts) -> Retention | None:
    """None: everything is kept for ever."""
    settings = parts.settings
    if not settings.retention.limited:
        return None

    def archive(keep_going: Callable[[], bool]) -> Sequence[Archive]:
        archiver = archiver_of(settings, WORKER, keep_going=keep_going)
        return archiver.run(dues(settings.retention.days, utc_now()))

    return Retention(archive, parts.coordinator, parts.observer, parts.following.is_on_time)
