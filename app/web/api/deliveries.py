"""/v1/deliveries: what leaves after the answer window, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from app.core.records import DeliveryState
from app.ports import Store
from app.service.review import Review
from app.web.api.access import CallerWith
from app.web.errors import RESPONSES
from app.web.security import Caller
from app.web.views import DeliveryView


class DeliveryPage(BaseModel):
    items: list[DeliveryView]
    next: str


class Because(BaseModel, extra="forbid"):
    reason: str = Field(min_length=1, max_length=2_000)


def deliveries_router(store: Store, review: Review, caller_with: CallerWith) -> APIRouter:
    router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"], responses=RESPONSES)
    Reader = Annotated[Caller, Depends(caller_with("deliveries:read"))]  # noqa: N806
    Decider = Annotated[Caller, Depends(caller_with("deliveries:decide"))]  # noqa: N806

    async def require_visible(delivery_id: str, caller: Caller) -> DeliveryView:
        delivery = await store.delivery(delivery_id)
        caller.require_channel(delivery.channel)
        return DeliveryView.of(delivery)

    @router.get("")
    async def list_deliveries(
        caller: Reader,
        state: Annotated[list[DeliveryState] | None, Query()] = None,
        channel: str = "",
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryPage:
        """Newest first."""
        page = await store.deliveries(state or list(DeliveryState), caller.visible(channel), after, limit)
        return DeliveryPage(items=[DeliveryView.of(one) for one in page.items], next=page.next)

    @router.get("/{delivery_id}")
    async def get_delivery(delivery_id: str, caller: Reader) -> DeliveryView:
        return await require_visible(delivery_id, caller)

    @router.post("/{delivery_id}/retry")
    async def retry(delivery_id: str, body: Because, caller: Decider) -> DeliveryView:
        """Send a failed or uncertain delivery (again): only a person may risk a double."""
        await require_visible(delivery_id, caller)
        return DeliveryView.of(await review.retry_delivery(delivery_id, caller.name, body.reason))

    @router.post("/{delivery_id}/confirm")
    async def confirm(delivery_id: str, body: Because, caller: Decider) -> DeliveryView:
        """标记已送达: a person has seen that an uncertain delivery did arrive."""
        await require_visible(delivery_id, caller)
        return DeliveryView.of(await review.confirm_delivery(delivery_id, caller.name, body.reason))

    return router
