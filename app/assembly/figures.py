"""What /metrics tells of this process, the records' sizes among it; what counts the days that are over."""

from contextlib import suppress
from datetime import timedelta

from app.assembly.guarding import Guarding
from app.assembly.parts import Parts, utc_now
from app.core.errors import StoreError
from app.core.records import Pressing
from app.service.counting import Counting
from app.service.switches import Switches
from app.storage.days import SqlDays
from app.telemetry.metrics import BOT, PLATFORM
from app.telemetry.siblings import Render

CLOSING_WITHIN = timedelta(minutes=30)
"""A platform's window that closes so soon presses: a person needs the time to read."""


def figures_of(parts: Parts, switches: Switches, guarding: Guarding) -> Render:
    channels = parts.settings.channels

    async def render() -> tuple[bytes, str]:
        with suppress(StoreError):  # the gauges keep their last values
            parts.metrics.set_counts(await parts.store.counts())
            pressing = await parts.store.pressing_holds(utc_now(), CLOSING_WITHIN)
            parts.metrics.set_pressing({name: pressing.get(name, Pressing()) for name in channels})
        parts.metrics.set_spool(parts.spool.waiting)
        following = parts.following
        parts.metrics.set_following(current=following.is_sure, clock_offset_s=following.clock_off_s)
        for name, means in parts.means.items():
            for way, share in ((BOT, means.bot), (PLATFORM, means.platform)):
                parts.metrics.set_share(
                    name, way, taken=share.taken, in_line=share.in_line, at_once=share.at_once
                )
        parts.metrics.set_stopped({name: switches.is_stopped(name) for name in channels})
        counts = {name: guarding.alarms.counts.get(name, 0) for name in channels}
        due = {name: len(guarding.checklists.due.get(name, ())) for name in channels}
        parts.metrics.set_bypass(counts, due)
        return parts.metrics.render()

    return render


def counting_of(parts: Parts) -> Counting:
    days = SqlDays(parts.store.database)
    return Counting(days.announce, days.to_count, days.count, parts.coordinator, parts.observer)
