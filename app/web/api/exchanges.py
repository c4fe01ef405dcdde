"""/v1/exchanges: what citizens wrote and what became of it; above all what is still unanswered."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from app.core.records import Exchange, ExchangeState
from app.ports import Store
from app.service.review import Review
from app.web.api.access import CallerWith
from app.web.api.deliveries import Because
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import ExchangeView


class ExchangePage(BaseModel):
    items: list[ExchangeView]
    next: str


def exchanges_router(store: Store, review: Review, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1/exchanges", tags=["exchanges"], responses=RESPONSES)
    Reader = Annotated[Caller, Depends(caller_with("holds:read"))]  # noqa: N806
    Decider = Annotated[Caller, Depends(caller_with("holds:decide"))]  # noqa: N806

    async def visible(exchange_id: str, caller: Caller) -> Exchange:
        exchange = await store.exchange(exchange_id)
        caller.require_channel(exchange.message.channel)
        return exchange

    @router.get("")
    async def list_exchanges(
        caller: Reader,
        state: Annotated[list[ExchangeState] | None, Query()] = None,
        channel: str = "",
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> ExchangePage:
        """Newest first. `state=unanswered` is the list a person must clear."""
        page = await store.exchanges(state or list(ExchangeState), caller.visible(channel), after, limit)
        return ExchangePage(items=[ExchangeView.of(one) for one in page.items], next=page.next)

    @router.get("/{exchange_id}")
    async def get_exchange(exchange_id: str, caller: Reader) -> ExchangeView:
        return ExchangeView.of(await visible(exchange_id, caller))

    @router.post("/{exchange_id}/close")
    async def close(exchange_id: str, body: Because, caller: Decider) -> ExchangeView:
        """An unanswered message has been dealt with in another way; `reason` says how."""
        await visible(exchange_id, caller)
        return ExchangeView.of(await review.close_exchange(exchange_id, caller.name, body.reason))

    return router
