"""What went out and what did not, and what nobody has answered: for a person to set right."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from app.core.errors import Conflict, Invalid, Undeliverable
from app.core.identity import Permission
from app.core.records import DeliveryState, ExchangeState
from app.ports import Store
from app.service.review import Review
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages

PAGE = 50
_BOXES: dict[str, tuple[DeliveryState, ...]] = {
    "stuck": (DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.EXPIRED),
    "going": (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.RETRYING),
    "done": (DeliveryState.DELIVERED,),
}


_PROBLEMS = {
    "conflict": "别人刚刚处理过这一条。",
    "invalid": "请写明理由。",
    "undeliverable": "平台不再允许给这位市民发消息（窗口已关）。",
}


def lists_router(pages: Pages, store: Store, review: Review, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806

    @router.get("/deliveries")
    async def deliveries(
        visitor: Reader, box: Literal["stuck", "going", "done"] = "stuck", after: str = "", problem: str = ""
    ) -> Response:
        page = await store.deliveries(_BOXES[box], visitor.user.channels, after, PAGE)
        return pages.show(
            "deliveries.html",
            visitor,
            here="/console/deliveries",
            box=box,
            page=page,
            may_decide=visitor.may(Permission.DECIDE),
            problem=_PROBLEMS.get(problem, ""),
        )

    @router.post("/deliveries/{delivery_id}/{step}")
    async def set_right(
        delivery_id: str,
        step: Literal["retry", "confirm"],
        visitor: Decider,
        reason: Annotated[str, Form(max_length=2_000)] = "",
    ) -> Response:
        visitor.require_channel((await store.delivery(delivery_id)).channel)
        act = review.retry_delivery if step == "retry" else review.confirm_delivery
        return await _done(lambda: act(delivery_id, visitor.name, reason), "/console/deliveries")

    @router.get("/unanswered")
    async def unanswered(visitor: Reader, after: str = "", problem: str = "") -> Response:
        page = await store.exchanges((ExchangeState.UNANSWERED,), visitor.user.channels, after, PAGE)
        return pages.show(
            "unanswered.html",
            visitor,
            here="/console/unanswered",
            page=page,
            may_decide=visitor.may(Permission.DECIDE),
            problem=_PROBLEMS.get(problem, ""),
        )

    @router.post("/unanswered/{exchange_id}/close")
    async def close(
        exchange_id: str, visitor: Decider, reason: Annotated[str, Form(max_length=2_000)] = ""
    ) -> Response:
        visitor.require_channel((await store.exchange(exchange_id)).message.channel)
        return await _done(
            lambda: review.close_exchange(exchange_id, visitor.name, reason), "/console/unanswered"
        )

    return router


async def _done(act: Callable[[], Awaitable[object]], where: str) -> Response:
    """Back to the list, with what went wrong if anything did."""
    problem = ""
    try:
        await act()
    except Conflict:
        problem = "conflict"
    except Invalid:
        problem = "invalid"
    except Undeliverable:
        problem = "undeliverable"
    return RedirectResponse(f"{where}?problem={problem}" if problem else where, 303)
