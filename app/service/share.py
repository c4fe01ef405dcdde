"""A channel's share of what all channels use: a bot or a platform that hangs takes up the places of its own
channel and nobody else's."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.errors import BotError
from app.core.model import Conversation, Message, Reply
from app.ports import Bot

BUSY = "busy"
"""The code of a failure for want of a place."""


@dataclass(slots=True)
class Share:
    """`at_once` places; as many again may stand in line, each for at most `patience_s` seconds."""

    at_once: int
    patience_s: float
    full: Callable[[], None] = lambda: None
    """Hears of each who went away without a place."""
    _taken: int = 0
    _line: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def in_line(self) -> int:
        return len(self._line)

    @property
    def free(self) -> int:
        return self.at_once - self._taken

    def take_now(self) -> bool:
        """A place without waiting, past who stands in line: for those who come again by themselves."""
        if self._taken >= self.at_once:
            return False
        self._taken += 1
        return True

    async def take(self) -> bool:
        """Whether a place was to be had; then `give` it back."""
        if self.take_now() or (len(self._line) < self.at_once and await self._called()):
            return True
        self.full()
        return False

    def give(self) -> None:
        """To the first in line, or back."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._taken -= 1

    async def _called(self) -> bool:
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await asyncio.wait((turn,), timeout=self.patience_s)
            return turn.done()
        except asyncio.CancelledError:
            if turn.done():
                self.give()
            raise
        finally:
            if not turn.done():
                self._line.remove(turn)


@dataclass(slots=True)
class SharedBot:
    """A channel's bot behind the channel's share of questions under way."""

    bot: Bot
    share: Share
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.bot.name

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        if not await self.share.take():
            raise BotError("as many messages as the channel may have wait for its bot", code=BUSY)
        try:
            return await self.bot.ask(message, conversation)
        finally:
            self.share.give()
