"""Live updates: the browser hears that the queue has changed, and asks for it anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.core.identity import Permission
from app.ports import Coordinator
from app.service import topics
from app.web.console.access import Visitor, VisitorWith

WAIT_S = 25.0
AT_MOST_S = 300.0
"""After this the browser connects again, and shows anew who it is."""


def live_router(coordinator: Coordinator, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    async def events() -> AsyncIterator[ServerSentEvent]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + AT_MOST_S
        waiting = asyncio.create_task(coordinator.wait(topics.QUEUE, WAIT_S))
        try:
            yield ServerSentEvent(event="queue", data="", retry=2_000)  # for what happened before
            while loop.time() < ends_at:
                await waiting  # or that time is up: another process may have changed it unheard
                # Listens again before anything is sent: what happens meanwhile is not missed.
                waiting = asyncio.create_task(coordinator.wait(topics.QUEUE, WAIT_S))
                yield ServerSentEvent(event="queue", data="")
        finally:
            waiting.cancel()

    @router.get("/events")
    async def listen(visitor: Reader) -> EventSourceResponse:
        return EventSourceResponse(events(), ping=15)

    return router
