"""The robots of the configuration, and the lookout that makes them speak."""

from collections.abc import Callable
from datetime import timedelta

from pydantic import SecretStr

from app.assembly.guarding import Guarding
from app.assembly.parts import Parts, utc_now
from app.core.elements.model import Elements, Urgency
from app.core.model import Message
from app.notifying.robots import DingTalkRobot, FeishuRobot, PlainRobot, WeComRobot
from app.service.noticing import Lookout, Manners, Mouth, Robot, Thresholds
from app.service.switches import Switches
from app.settings.notifications import AnyRobot


def lookout_of(
    parts: Parts, switches: Switches, extract: Callable[[Message], Elements], guarding: Guarding
) -> Lookout | None:
    """None: there is nobody to tell."""
    wanted = parts.settings.notifications
    if not wanted.robots:
        return None
    mouths = [
        Mouth(name, _robot(parts, robot), _manners(robot), parts.observer, utc_now, wanted.console_url)
        for name, robot in wanted.robots.items()
    ]
    digest = wanted.digest_every_minutes
    lookout = Lookout(
        parts.store,
        switches,
        parts.coordinator,
        parts.observer,
        utc_now,
        Thresholds(
            wanted.queue_longer_than,
            timedelta(minutes=wanted.window_closes_within_minutes),
            timedelta(minutes=digest) if digest else None,
        ),
        mouths,
        lambda hold: extract(hold.message).urgency is Urgency.EXTREME,
        alarms=guarding.alarms,
        checklists=guarding.checklists,
    )
    parts.bot_watch.tell = lookout.tell
    return lookout


def _robot(parts: Parts, wanted: AnyRobot) -> Robot:
    url = wanted.url.get_secret_value()
    match wanted.kind:
        case "wecom":
            return WeComRobot(parts.http, url)
        case "dingtalk":
            return DingTalkRobot(parts.http, url, _secret(wanted.secret), utc_now)
        case "feishu":
            return FeishuRobot(parts.http, url, _secret(wanted.secret), utc_now)
        case "webhook":
            return PlainRobot(parts.http, url, wanted.secret.get_secret_value(), utc_now)


def _secret(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _manners(wanted: AnyRobot) -> Manners:
    return Manners(
        frozenset(wanted.kinds) if wanted.kinds is not None else None,
        frozenset(wanted.channels) if wanted.channels is not None else None,
        wanted.quiet_from,
        wanted.quiet_to,
        60 / wanted.per_minute,
    )
