"""What looks for ways past the guard, joined."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from app.assembly.own_words import canary_of
from app.assembly.parts import Parts, new_id, utc_now
from app.core.checklist import ITEMS
from app.core.identity import Permission
from app.core.speakers import Speaker, SpeakerKind
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.watching import WeChatWatch
from app.platforms.weibo.client import WeiboClient
from app.platforms.weibo.watching import WeiboWatch
from app.ports import PlatformClient
from app.service.alarms import Alarms
from app.service.canaries import Canaries
from app.service.checklists import Checklists, Wanted
from app.service.overhearing import Comparison, Listing, Switchwatch
from app.service.registering import Registering
from app.service.watching import Round, Watchman
from app.settings.bots import AnyBot, JsonBot
from app.settings.channels import WeChatChannel
from app.settings.whole import Settings
from app.storage.alerts import SqlAlerts
from app.storage.checklists import SqlChecklists
from app.storage.database import Database
from app.storage.people import SqlPeople
from app.storage.registries import SqlRegistries
from app.storage.watching import SqlWatching

SOON = timedelta(seconds=3)
COMPARED_EVERY = timedelta(seconds=30)
SETTLE = timedelta(seconds=5)
"""A guard that crashes again and again does not use up the platform's quotas."""


@dataclass(frozen=True, slots=True)
class Guarding:
    alarms: Alarms
    registering: Registering
    canaries: Canaries
    checklists: Checklists
    watchman: Watchman


def guarding_of(parts: Parts, clients: Mapping[str, PlatformClient]) -> Guarding:
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
    canaries = _canaries(settings, SqlWatching(database), alarms)
    wanted = {
        name: Wanted(ITEMS[channel.platform], timedelta(days=channel.checklist_days))
        for name, channel in settings.channels.items()
    }
    checklists = Checklists(wanted, SqlChecklists(database), utc_now, new_id)
    rounds = [
        Round("alarms", SOON, alarms.look, everywhere=True),
        Round("registry", COMPARED_EVERY, registering.look),
        Round("checklists", SOON, checklists.look, everywhere=True),
        Round("canaries", COMPARED_EVERY, canaries.look),
        *_at_the_platform(parts, clients, alarms),
    ]
    return Guarding(
        alarms, registering, canaries, checklists, Watchman(rounds, parts.coordinator, parts.observer)
    )


def _canaries(settings: Settings, records: SqlWatching, alarms: Alarms) -> Canaries:
    known = {
        name: canary
        for name, channel in settings.channels.items()
        if (canary := canary_of(name, channel)) is not None
    }
    every = {
        name: _minutes(channel.canary.expect_every_minutes)
        for name, channel in settings.channels.items()
        if channel.canary is not None and channel.canary.expect_every_minutes
    }
    return Canaries(known, every, records, alarms, utc_now, utc_now())


def _at_the_platform(parts: Parts, clients: Mapping[str, PlatformClient], alarms: Alarms) -> Iterator[Round]:
    records = SqlWatching(parts.store.database)
    for name, channel in parts.settings.channels.items():
        listing: Listing
        match clients.get(name):
            case WeChatClient(tokens=tokens) if isinstance(channel, WeChatChannel):
                listing = watch = WeChatWatch(parts.means[name].http, channel.api_base, tokens)
                if channel.watch_autoreply_minutes:
                    look = Switchwatch(name, watch, alarms).look
                    yield Round(
                        f"autoreply:{name}", _minutes(channel.watch_autoreply_minutes), look, after=SETTLE
                    )
            case WeiboClient(comment_api_base=base, access_token=token):
                listing = WeiboWatch(parts.means[name].http, base, token)
            case _:
                continue
        if channel.watch_messages_minutes:
            look = Comparison(name, listing, records, alarms, utc_now).look
            yield Round(f"messages:{name}", _minutes(channel.watch_messages_minutes), look, after=SETTLE)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


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
