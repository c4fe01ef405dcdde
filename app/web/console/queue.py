"""The queue: what waits, what expires first on top."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from app.core.identity import Permission
from app.core.likeness import likeness
from app.core.model import Severity
from app.core.records import Hold, HoldState
from app.core.review import ENDS
from app.ports import MOST_COUNTED, HoldFilter
from app.web.console.access import Visitor, VisitorWith
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages
from app.web.console.words import CATEGORIES

PAGE = 50


class Wanted(BaseModel):
    """What the visitor asks for, as it stands in the address."""

    box: Literal[
        "open",
        "unclaimed",
        "mine",
        "done",
        "approved",
        "edited",
        "rejected",
        "transferred",
        "expired",
    ] = "open"
    """What waits, all that was decided, or what was decided in one way."""
    channel: str = ""
    severity: Literal["", "info", "low", "medium", "high"] = ""
    category: str = ""
    text: str = ""
    after: str = ""

    def url(self, after: str) -> str:
        values = {**self.model_dump(exclude_defaults=True), "after": after}
        return "/console/queue?" + urlencode({name: value for name, value in values.items() if value})

    def filter(self, visitor: Visitor, now: datetime) -> HoldFilter:
        """Raises Forbidden."""
        if self.channel:
            visitor.require_channel(self.channel)
        return HoldFilter(
            states=_STATES[self.box],
            channels=(self.channel,) if self.channel else visitor.user.channels,
            severity=Severity(self.severity) if self.severity else None,
            claimed_by=visitor.name if self.box == "mine" else "",
            claims_as_of=now if self.box in ("mine", "unclaimed") else None,
            category=self.category if self.category in CATEGORIES else "",
            text=self.text[:200],
            after=self.after,
            limit=PAGE,
        )


_STATES: dict[str, tuple[HoldState, ...]] = {
    "open": HoldFilter().states,
    "unclaimed": HoldFilter().states,
    "mine": HoldFilter().states,
    "done": tuple(sorted(ENDS)),
    **{state.value: (state,) for state in sorted(ENDS)},
}


_BOXES: tuple[Literal["open", "unclaimed", "mine"], ...] = ("open", "unclaimed", "mine")


def queue_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    @router.get("/queue")
    async def queue(visitor: Reader, wanted: Annotated[Wanted, Query()], request: Request) -> Response:
        """The page; for its own script the rows alone."""
        now = parts.clock()
        page = await parts.store.holds(wanted.filter(visitor, now))
        counts = {
            name: await parts.store.count_holds(Wanted(box=name).filter(visitor, now)) for name in _BOXES
        }
        return pages.show(
            "rows.html" if request.headers.get("hx-request") else "queue.html",
            visitor,
            here="/console/queue",
            wanted=wanted,
            page=page,
            counts=counts,
            most=MOST_COUNTED,
            groups=groups(page.items),
            left=await messages_left(parts, page.items),
            channels=visitor.user.channels or tuple(parts.channels),
            this_url=wanted.url(wanted.after),
            next_url=wanted.url(page.next),
        )

    return router


def groups(holds: Sequence[Hold]) -> Mapping[str, int]:
    """By hold: how many on this page are near-identical, where more than one is."""
    kinds = {hold.id: (hold.channel, likeness(hold.reply.text)) for hold in holds if hold.reply.text}
    sizes = Counter(kinds.values())
    return {name: sizes[kind] for name, kind in kinds.items() if sizes[kind] > 1}


async def messages_left(parts: ConsoleParts, holds: Sequence[Hold]) -> Mapping[str, int]:
    """By open hold: how many messages the platform still takes for its follower."""
    waiting = [hold for hold in holds if hold.state not in ENDS and hold.reviewable]
    found = await asyncio.gather(*(parts.store.allowance(hold.channel, hold.user, "") for hold in waiting))
    return {hold.id: one.left for hold, one in zip(waiting, found, strict=True) if one.closes_at is not None}
