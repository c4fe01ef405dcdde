"""One channel's parts: its codec, its bot, its check, its way out."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import httpx

from app.assembly.own_words import canary_of
from app.assembly.parts import Parts, new_id, utc_now
from app.bots.chat import ChatBotAdapter
from app.bots.json_api import JsonBotAdapter
from app.bots.webhook import WebhookBotAdapter
from app.core.model import BodyFormat
from app.core.policy import CheckPolicy
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.platforms.wechat.tokens import AccessTokens
from app.platforms.weibo.client import WeiboClient
from app.platforms.weibo.codec import WeiboCodec
from app.ports import Bot, Codec, Coordinator, PlatformClient
from app.service.consultation import Consultation
from app.service.relay import Relay
from app.service.share import SharedBot
from app.service.spooling import Spooling
from app.service.takeovers import Reception
from app.settings.bots import WebhookBot
from app.settings.channels import AnyChannel, WeChatChannel, WeiboChannel
from app.settings.whole import Settings


def codec_of(name: str, channel: AnyChannel) -> Codec:
    max_age = timedelta(seconds=channel.signature_max_age_s)
    if isinstance(channel, WeiboChannel):
        return WeiboCodec(name, channel.app_secret.get_secret_value(), max_age, uid=channel.uid)
    keys = (channel.aes_key, channel.previous_aes_key)
    credentials = WeChatCredentials(
        channel.token.get_secret_value(),
        channel.app_id,
        channel.mode,
        tuple(key.get_secret_value() for key in keys if key is not None),
    )
    return WeChatCodec(name, credentials, max_age)


def relay_of(
    parts: Parts,
    name: str,
    codec: Codec,
    stopped: Callable[[], bool],
    reception: Reception,
    spooling: Spooling,
) -> Relay:
    channel = parts.settings.channels[name]
    return Relay(
        codec,
        SharedBot(_bot_of(parts, name, channel), parts.means[name].bot),
        parts.following.check_of(name),
        parts.store,
        parts.coordinator,
        parts.observer,
        utc_now,
        new_id,
        partial(parts.conduct, name),
        timedelta(seconds=channel.answer_within_s),
        consultation_of(parts, name),
        stopped,
        reception=reception,
        canary=canary_of(name, channel),
        spooling=spooling,
        decide_within=parts.decide_within(name),
    )


def consultation_of(parts: Parts, name: str) -> Consultation | None:
    """None: nobody is there to ask. Whether anybody is asked, the channel's policy says."""
    wanted = parts.settings.second_opinion
    if wanted is None or parts.judge is None:
        return None

    def policy() -> CheckPolicy | None:
        terms = parts.following.terms.channels[name]
        return terms.policy if terms.consulted else None

    return Consultation(
        parts.judge,
        policy,
        wanted.score_at_least,
        wanted.timeout_s,
        wanted.on_error == "hold",
        parts.observer,
    )


def _bot_of(parts: Parts, of: str, channel: AnyChannel) -> Bot:
    bot, name = parts.settings.bots[channel.bot], bot_name(parts.settings, channel)
    session = parts.means[of].session
    match bot.kind:
        case "chat":
            return ChatBotAdapter(name, bot, session)
        case "json":
            return JsonBotAdapter(name, bot, session)
        case "webhook":
            return WebhookBotAdapter(name, bot, _vendor_codec(channel, bot), session, utc_now)


def bot_name(settings: Settings, channel: AnyChannel) -> str:
    """As the records know it: with its version, where that is written down."""
    version = settings.bots[channel.bot].version
    return f"{channel.bot}/{version}" if version else channel.bot


def _vendor_codec(channel: AnyChannel, bot: WebhookBot) -> Codec:
    """The platform's format with the vendor's own credentials: the platform's never leave us."""
    name, max_age = f"{channel.bot}", timedelta(seconds=channel.signature_max_age_s)
    token = bot.token.get_secret_value()
    if isinstance(channel, WeiboChannel):
        return WeiboCodec(name, token, max_age)
    key = bot.aes_key.get_secret_value() if bot.aes_key else None
    credentials = WeChatCredentials(
        token, bot.app_id or channel.app_id, "safe" if key else "plaintext", (key,) if key else ()
    )
    push_format = None if bot.push_format == "same" else BodyFormat(bot.push_format)
    return WeChatCodec(name, credentials, max_age, push_format=push_format)


def clients_of(parts: Parts) -> Mapping[str, PlatformClient]:
    made = {
        name: _client(parts.means[name].http, parts.coordinator, channel)
        for name, channel in parts.settings.channels.items()
    }
    return {name: client for name, client in made.items() if client is not None}


def _client(http: httpx.AsyncClient, coordinator: Coordinator, channel: AnyChannel) -> PlatformClient | None:
    """None where the channel has no credentials to send with."""
    if isinstance(channel, WeChatChannel):
        if channel.app_secret is None:
            return None
        tokens = AccessTokens(
            http,
            channel.api_base,
            channel.app_id,
            channel.app_secret.get_secret_value(),
            coordinator,
            utc_now,
        )
        return WeChatClient(http, channel.api_base, tokens)
    if channel.access_token is None:
        return None
    return WeiboClient(
        http,
        channel.api_base,
        channel.comment_api_base,
        channel.access_token.get_secret_value(),
        channel.real_ip,
    )
