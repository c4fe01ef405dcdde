"""交接班: a sheet counted by the guard, signed by who leaves and who comes."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from app.core.identity import Permission
from app.service.handing_over import HandingOver
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS
from app.web.errors import status_of

SHOWN = 20


def handing_router(pages: Pages, handing: HandingOver, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/handover")
    Drafter = Annotated[Visitor, Depends(visitor_with(Permission.DRAFT))]  # noqa: N806

    async def show(
        visitor: Visitor, status: int = 200, problem: str = "", to: str = "", notes: str = ""
    ) -> Response:
        sheets = await handing.sheets.handovers(SHOWN)
        return pages.show(
            "handover.html",
            visitor,
            status,
            here="/console/handover",
            facts=await handing.facts(visitor.user.channels),
            since=await handing.since(),
            sheets=[(sheet, json.loads(sheet.facts)) for sheet in sheets],
            problem=problem,
            to=to,
            notes=notes,
        )

    @router.get("")
    async def look(visitor: Drafter) -> Response:
        return await show(visitor)

    @router.post("")
    async def write(
        visitor: Drafter,
        to: Annotated[str, Form(max_length=40)] = "",
        notes: Annotated[str, Form(max_length=4_000)] = "",
    ) -> Response:
        try:
            await handing.write(visitor.name, to, notes, visitor.user.channels)
        except REFUSALS as error:
            return await show(visitor, status_of(error), str(error), to, notes)
        return RedirectResponse("/console/handover", 303)

    @router.post("/{handover_id}/take")
    async def take(handover_id: str, visitor: Drafter) -> Response:
        try:
            await handing.take(handover_id, visitor.name)
        except REFUSALS as error:
            return await show(visitor, status_of(error), "这张交接单不是等您确认的，或已经确认过。")
        return RedirectResponse("/console/handover", 303)

    return router
