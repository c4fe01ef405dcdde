"""What looks for ways past the guard, joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from app.assembly.parts import Parts, new_id, utc_now
from app.core.identity import Permission
from app.core.speakers import Speaker, SpeakerKind
from app.service.alarms import Alarms
from app.service.registering import Registering
from app.service.watching import Round, Watchman
from app.settings.bots import AnyBot, JsonBot
from app.settings.whole import Settings
from app.storage.alerts import SqlAlerts
from app.storage.database import Database
from app.storage.people import SqlPeople
from app.storage.registries import SqlRegistries

SOON = timedelta(seconds=3)
COMPARED_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Guarding:
    alarms: Alarms
    registering: Registering
    watchman: Watchman


def guarding_of(parts: Parts) -> Guarding:
    settings, database = parts.settings, parts.store.database
    alarms = Alarms(SqlAlerts(database), parts.observer, utc_now, new_id)
    parts.bot_watch.suspect = alarms.hear
    registering = Registering(
        tuple(settings.channels),
        _Speakers(settings, database),
        SqlRegistries(database),
        alarms,
        utc_now,
        new_id,
    )
    rounds = [
        Round("alarms", SOON, alarms.look, everywhere=True),
        Round("registry", COMPARED_EVERY, registering.look),
    ]
    return Guarding(alarms, registering, Watchman(rounds, parts.coordinator, parts.observer))


@dataclass(frozen=True, slots=True)
class _Speakers:
    """Who may speak on a channel, by the configuration and the users of the console."""

    settings: Settings
    database: Database

    async def __call__(self, channel: str) -> Sequence[Speaker]:
        people = [
            Speaker(SpeakerKind.PERSON, user.name, user.role.value)
            for user in await SqlPeople(self.database).users()
            if user.may(Permission.DECIDE)
            and not user.disabled
            and (user.channels is None or channel in user.channels)
        ]
        return sorted([*configured_speakers(self.settings, channel), *people])


def configured_speakers(settings: Settings, channel: str) -> Sequence[Speaker]:
    name = settings.channels[channel].bot
    bot = settings.bots[name]
    found = [Speaker(SpeakerKind.BOT, name, _told(bot))]
    found += [
        Speaker(SpeakerKind.VENDOR, name, " ".join((*sorted(vendor.scopes), *map(str, vendor.networks))))
        for name, vendor in settings.vendors.items()
        if vendor.channel == channel
    ]
    found += [
        Speaker(SpeakerKind.PROGRAM, name, " ".join(sorted(token.scopes)))
        for name, token in settings.api_tokens.items()
        if "holds:decide" in token.scopes and (token.channels is None or channel in token.channels)
    ]
    return sorted(found)


def _told(bot: AnyBot) -> str:
    """Kind, hosts and version: where the words come from."""
    urls = [bot.url]
    if isinstance(bot, JsonBot) and bot.poll is not None:
        urls += [bot.poll.url, bot.poll.result_url]
    hosts = dict.fromkeys(_host(url) for url in urls if url)
    return " ".join((bot.kind, *hosts, *([bot.version] if bot.version else [])))


def _host(url: str) -> str:
    """With its port, and without a name or a password that may stand before it."""
    return urlsplit(url).netloc.rpartition("@")[2]
