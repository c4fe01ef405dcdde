"""The queue: what waits, what expires first on top."""

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from app.core.identity import Permission
from app.core.model import Severity
from app.core.records import HoldState
from app.core.review import ENDS
from app.ports import HoldFilter, Store
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages

PAGE = 50


class Wanted(BaseModel):
    """What the visitor asks for, as it stands in the address."""

    box: Literal["open", "unclaimed", "mine", "done"] = "open"
    channel: str = ""
    severity: Literal["", "info", "low", "medium", "high"] = ""
    text: str = ""
    after: str = ""

    def url(self, after: str) -> str:
        values = {**self.model_dump(exclude_defaults=True), "after": after}
        return "/console/queue?" + urlencode({name: value for name, value in values.items() if value})

    def filter(self, visitor: Visitor) -> HoldFilter:
        if self.channel:
            visitor.require_channel(self.channel)
        return HoldFilter(
            states=_STATES[self.box],
            channels=(self.channel,) if self.channel else visitor.user.channels,
            severity=Severity(self.severity) if self.severity else None,
            claimed_by=visitor.name if self.box == "mine" else "",
            text=self.text[:200],
            after=self.after,
            limit=PAGE,
        )


_STATES: dict[str, tuple[HoldState, ...]] = {
    "open": HoldFilter().states,
    "unclaimed": (HoldState.PENDING,),
    "mine": (HoldState.CLAIMED,),
    "done": tuple(sorted(ENDS)),
}


def queue_router(pages: Pages, store: Store, channels: Sequence[str], visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    @router.get("/queue")
    async def queue(visitor: Reader, wanted: Annotated[Wanted, Query()], request: Request) -> Response:
        """The page; for its own script the rows alone."""
        page = await store.holds(wanted.filter(visitor))
        return pages.show(
            "rows.html" if request.headers.get("hx-request") else "queue.html",
            visitor,
            here="/console/queue",
            wanted=wanted,
            page=page,
            counts=await store.counts(),
            channels=visitor.user.channels or channels,
            this_url=wanted.url(wanted.after),
            next_url=wanted.url(page.next),
        )

    return router
