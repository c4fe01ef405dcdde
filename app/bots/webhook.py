"""A vendor's webhook that speaks the platform's own format: its code runs as if the platform called it."""

import asyncio
from dataclasses import dataclass

import aiohttp

from app.bots.posting import Post, post
from app.core.errors import BotError, BotTimeout, DecodeError
from app.core.model import Conversation, Message, Reply
from app.ports import Clock, Codec
from app.settings.bots import WebhookBot

RESEND_AFTER_S = 5.0
"""The platform hangs up, and shows the push again, after this."""


@dataclass(slots=True)
class WebhookBotAdapter:
    name: str
    settings: WebhookBot
    codec: Codec
    """The platform's format with the vendor's own credentials."""
    session: aiohttp.ClientSession
    clock: Clock
    resend_after_s: float = RESEND_AFTER_S

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        """What the vendor answers; with `emulate_resends`, to one of that many showings of the push.

        Some frameworks answer nothing to the first showings on purpose, to win time, and give the text to a
        later one: to them an early "nothing" means "not yet".
        """
        push = self._push(message)
        try:
            async with asyncio.timeout(self.settings.give_up_after_s):
                for _ in range(self.settings.emulate_resends - 1):
                    reply = await self._early(message, push)
                    if reply is not None:
                        return reply
                return await self._show(message, push, 0)
        except TimeoutError as error:
            raise BotTimeout("the bot did not answer in time") from error

    def _push(self, message: Message) -> Post:
        """Written once: every showing is the same push, its signature and encryption too."""
        try:
            push = self.codec.encode_push(message, self.clock())
        except DecodeError as error:
            raise BotError("the push cannot be spelled as this bot wants it", code="push") from error
        return Post(self.settings.url, push.body, push.media_type, query=push.query)

    async def _early(self, message: Message, push: Post) -> Reply | None:
        """One showing that is not the last: silence, or no answer in time, is no answer yet."""
        started = asyncio.get_running_loop().time()
        try:
            reply = await self._show(message, push, self.resend_after_s)
        except BotTimeout:
            return None
        if reply is None:  # the platform would not resend after a "success", but after its 5 s
            await asyncio.sleep(max(0.0, started + self.resend_after_s - asyncio.get_running_loop().time()))
        return reply

    async def _show(self, message: Message, push: Post, within_s: float) -> Reply | None:
        return self.codec.decode_answer(message, await post(self.session, push, self.settings, within_s))
