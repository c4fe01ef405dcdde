"""The audit trail: looked through, verified, exported. Nothing here changes anything."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.core.errors import Forbidden
from app.core.identity import Permission
from app.ports import AuditFilter, Store
from app.service.audit_export import MEDIA_TYPES, Form, examined, exported
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages

PAGE = 100


class Wanted(BaseModel):
    actor: str = ""
    action: str = ""
    subject: str = ""
    after: str = ""

    def url(self, after: str) -> str:
        values = {**self.model_dump(), "after": after}
        return "/console/audit?" + urlencode({name: value for name, value in values.items() if value})


def auditing_router(pages: Pages, store: Store, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/audit")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_AUDIT))]  # noqa: N806

    async def show(visitor: Visitor, wanted: Wanted, verified: str = "") -> Response:
        _require_all_channels(visitor)
        page = await store.audit_entries(
            AuditFilter(wanted.actor, wanted.action, wanted.subject, wanted.after, PAGE)
        )
        return pages.show(
            "audit.html",
            visitor,
            here="/console/audit",
            wanted=wanted,
            page=page,
            next_url=wanted.url(page.next),
            verified=verified,
        )

    @router.get("")
    async def look(visitor: Reader, wanted: Annotated[Wanted, Query()]) -> Response:
        return await show(visitor, wanted)

    @router.post("/verify")
    async def verify(visitor: Reader) -> Response:
        """Reads all of it; what was changed, taken out or put in is found."""
        _require_all_channels(visitor)
        trail = await examined(store)
        told = f"审计链在第 {trail.broken} 条断裂" if trail.broken else f"审计链完整，共 {trail.count} 条"
        if trail.after.seq:
            told += f"；第 1 到 {trail.after.seq} 条在归档里，用 shenyan audit verify --archive 验证"
        return await show(visitor, Wanted(), told)

    @router.get("/export")
    async def export(visitor: Reader, form: Literal["csv", "jsonl"] = "csv") -> Response:
        _require_all_channels(visitor)
        kind = Form(form)
        return StreamingResponse(
            exported(store.audit_trail(), kind),
            media_type=MEDIA_TYPES[kind],
            headers={"Content-Disposition": f'attachment; filename="shenyan-audit.{form}"'},
        )

    return router


def _require_all_channels(visitor: Visitor) -> None:
    """An entry does not tell its channel, so who sees some channels only sees none of it."""
    if visitor.user.channels is not None:
        raise Forbidden("审计记录不分频道，只给看全部频道的人看")
