"""One channel's parts: its codec, its bot, its check, its fallbacks, its way out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx

from app.assembly.parts import Parts, new_id, utc_now
from app.bots.chat import ChatBotAdapter
from app.bots.json_api import JsonBotAdapter
from app.bots.webhook import WebhookBotAdapter
from app.core.canary import Canary
from app.core.checker import Checker
from app.core.disposition import Fallbacks
from app.core.errors import ConfigError
from app.core.label import Label
from app.core.model import BodyFormat, Conversation, Disposition, Reply, Severity
from app.core.policy import CheckPolicy
from app.loading.policies import check_policy
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.platforms.wechat.tokens import AccessTokens
from app.platforms.weibo.client import WeiboClient
from app.platforms.weibo.codec import WeiboCodec
from app.ports import Bot, Check, Codec, Coordinator, PlatformClient
from app.service.consultation import Consultation
from app.service.relay import Relay
from app.service.share import SharedBot
from app.service.spooling import Spooling
from app.service.takeovers import Reception
from app.settings.bots import WebhookBot
from app.settings.channels import AnyChannel, WeChatChannel, WeiboChannel
from app.settings.policies import Policy
from app.settings.whole import Settings

SAMPLED = 20
"""A canary's answers that are checked when it is loaded; each is checked again when it is given."""


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
    check: Check,
    stopped: Callable[[], bool],
    reception: Reception | None,
    label: Label | None,
    spooling: Spooling,
) -> Relay:
    channel = parts.settings.channels[name]
    return Relay(
        codec,
        SharedBot(_bot_of(parts, name, channel), parts.means[name].bot),
        check,
        parts.store,
        parts.coordinator,
        parts.observer,
        utc_now,
        new_id,
        fallbacks_of(channel),
        timedelta(seconds=channel.answer_within_s),
        consultation_of(parts, parts.settings.policies[channel.policy]),
        stopped,
        reception=reception,
        canary=canary_of(name, channel),
        label=label,
        spooling=spooling,
        decide_within=decide_within(parts.settings.policies[channel.policy]),
    )


def consultation_of(parts: Parts, policy: Policy) -> Consultation | None:
    wanted = parts.settings.second_opinion
    if wanted is None or parts.judge is None or not policy.second_opinion:
        return None
    return Consultation(
        parts.judge,
        check_policy(policy),
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


def fallbacks_of(channel: AnyChannel) -> Fallbacks:
    text = Reply.of(channel.holding_text)
    return Fallbacks(
        held=text if channel.when_held == "holding_text" else None,
        late=text if channel.when_late == "holding_text" else None,
    )


def canary_of(name: str, channel: AnyChannel) -> Canary | None:
    """None: the channel has no test account."""
    wanted = channel.canary
    if wanted is None:
        return None
    secret = wanted.secret.get_secret_value().encode()
    return Canary(name, frozenset(wanted.users), wanted.keyword, secret)


def check_of(checker: Checker, policy: CheckPolicy) -> Check:
    return lambda reply, conversation: checker.check(reply, conversation, policy)


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


def decide_within(policy: Policy) -> Mapping[Severity, timedelta]:
    limits = policy.decide_within_minutes.model_dump()
    return {Severity(name): timedelta(minutes=limit) for name, limit in limits.items() if limit is not None}


def second_person_at(policy: Policy) -> Severity | None:
    return None if policy.second_person_at == "never" else Severity(policy.second_person_at)


def require_sound_fallbacks(settings: Settings, checks: Mapping[str, Check]) -> None:
    """What we say ourselves is checked like everything else, once, when it is loaded."""
    ours = [
        (f"channels.{name}.holding_text", name, channel.holding_text)
        for name, channel in settings.channels.items()
    ]
    ours += [
        (f"channels.{name}.canary", name, canary.text_at(datetime.fromtimestamp(60 * minute, UTC)))
        for name, channel in settings.channels.items()
        if (canary := canary_of(name, channel)) is not None
        for minute in range(SAMPLED)
    ]
    problems = [
        f"{key}: the channel's own rules hold it ({finding.rule}: {finding.why})"
        for key, name, text in ours
        for verdict in (checks[name](Reply.of(text), Conversation(channel=name)),)
        if verdict.disposition is not Disposition.RELEASE
        for finding in verdict.findings
    ]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
