"""What a person should know before deciding on a hold: what was said before, what is alike, what is left."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.elements.model import Elements
from app.core.likeness import likeness
from app.core.records import Exchange, Hold, WorkOrder
from app.core.review import ENDS
from app.core.submission import addressee
from app.ports import Allowance, HoldFilter
from app.web.console.parts import ConsoleParts

TURNS = 5
DECIDED = 5
MOST_ALIKE = 50


@dataclass(frozen=True, slots=True)
class Surroundings:
    turns: Sequence[Exchange]
    """The citizen's last messages before this one, oldest first."""
    allowance: Allowance
    alike: Sequence[Hold]
    """Other open holds of near-identical replies, MOST_ALIKE at most."""
    decided: Sequence[Hold]
    """What was decided on near-identical replies, latest first."""
    work_order: WorkOrder | None
    taken: bool
    """Whether people answer this citizen instead of the bot."""
    elements: Elements
    """Of the citizen's request."""


async def surroundings(parts: ConsoleParts, hold: Hold) -> Surroundings:
    store, message = parts.store, hold.message
    decided = await _decided(parts, hold)
    return Surroundings(
        await store.history(hold.channel, addressee(message), message.received_at, TURNS),
        await store.allowance(hold.channel, hold.user, ""),
        await alike(parts, hold),
        decided,
        await parts.work_orders.work_order(hold.id),
        parts.takeovers.standing(hold.channel, hold.user) is not None,
        await asyncio.to_thread(parts.extract, message),
    )


async def alike(parts: ConsoleParts, hold: Hold) -> Sequence[Hold]:
    """The other open holds of this reply, what is due first on top."""
    if not hold.reply.text:
        return []
    found = await parts.store.holds(
        HoldFilter(channels=(hold.channel,), likeness=likeness(hold.reply.text), limit=MOST_ALIKE + 1)
    )
    return [one for one in found.items if one.id != hold.id][:MOST_ALIKE]


async def _decided(parts: ConsoleParts, hold: Hold) -> Sequence[Hold]:
    """What became of near-identical replies; a hold without a draft is like no other."""
    if not hold.reply.text:
        return []
    found = await parts.store.holds(
        HoldFilter(
            states=tuple(sorted(ENDS)),
            channels=(hold.channel,),
            likeness=likeness(hold.reply.text),
            limit=DECIDED + 1,
        )
    )
    return [one for one in found.items if one.id != hold.id][:DECIDED]
