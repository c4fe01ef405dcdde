"""Takes messages in at a guard that has not been able to open its records since it was started."""

import asyncio
from dataclasses import dataclass

from app.core.disposition import Fallbacks
from app.core.errors import StoreError
from app.core.model import Message
from app.ports import Observer
from app.service.relay import Answer
from app.service.spooling import Spool
from app.service.window import remaining_s


@dataclass(frozen=True, slots=True)
class Porter:
    """One channel's. It asks no bot: a person finds listed what it took in, once there are records."""

    spool: Spool
    observer: Observer
    fallbacks: Fallbacks
    within_s: float

    async def respond(self, message: Message, waited_s: float = 0.0) -> Answer:
        """Raises StoreError where the message could not be made durable in that time."""
        try:
            async with asyncio.timeout(remaining_s(self.within_s, waited_s)):
                await self.spool.keep(message)
        except TimeoutError:
            raise StoreError("the message could not be made durable in time") from None
        self.observer.message_spooled(message)
        reply = self.fallbacks.late if message.passive else None
        return Answer(reply, "holding" if reply else "none")
