"""What each channel has for itself, so that none waits for another's bot or platform."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext

import httpx
from aiohttp import ClientSession

from app.clients import CONNECT_WITHIN_S, bot_http, platform_http, trusted
from app.service.share import Share
from app.settings.channels import AnyChannel
from app.telemetry.metrics import BOT, PLATFORM, Metrics

BESIDE = 8
"""Connections to the platform beside those of messages: a vendor's look-ups, the watch's."""


@dataclass(frozen=True, slots=True)
class Means:
    """One channel's."""

    bot: Share
    session: ClientSession
    """To the bot."""
    platform: Share
    http: httpx.AsyncClient
    """To the platform."""


async def means_of(
    channels: Mapping[str, AnyChannel], metrics: Metrics, stack: AsyncExitStack
) -> Mapping[str, Means]:
    """By channel; `stack` closes the connections."""
    trust = trusted()
    return {name: await _means(name, channel, metrics, stack, trust) for name, channel in channels.items()}


async def _means(
    name: str, channel: AnyChannel, metrics: Metrics, stack: AsyncExitStack, trust: SSLContext
) -> Means:
    bots, sends = channel.bot_at_once, channel.platform_at_once
    return Means(
        # A place that comes free after the answer window is of little use: the citizen has heard by then.
        Share(bots, channel.answer_within_s, partial(metrics.share_full, name, BOT)),
        await stack.enter_async_context(bot_http(connections=bots)),
        Share(sends, CONNECT_WITHIN_S, partial(metrics.share_full, name, PLATFORM)),
        await stack.enter_async_context(platform_http(connections=sends + BESIDE, trust=trust)),
    )
