"""Statistics: a period chosen, its figures as bars and tables, and the same as files."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from app.core.errors import Invalid
from app.core.identity import Permission
from app.core.statistics import CHINA, Bucket, Period, Step, preset
from app.web.console.access import Visitor, VisitorWith
from app.web.console.exports import as_csv, as_xlsx, tables
from app.web.console.parts import ConsoleParts
from app.web.console.templating import Pages

LONGEST_DAYS = 1_100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PRESETS = {
    "today": "今日",
    "yesterday": "昨日",
    "week": "本周",
    "last-week": "上周",
    "month": "本月",
    "last-month": "上月",
}


class Wanted(BaseModel):
    period: str = "week"
    """One of PRESETS, or empty where the dates count."""
    first: date | None = None
    last: date | None = None
    step: Step = Step.DAY
    channel: str = ""

    def resolved(self, now: datetime) -> Period:
        """Raises Invalid."""
        if self.first is None or self.last is None:
            found = preset(self.period, now.astimezone(CHINA).date())
            if found is None:
                raise Invalid("请选一个时段，或填起止日期")
            return Period(found.first, found.last, self.step)
        if not 0 <= (self.last - self.first).days <= LONGEST_DAYS or self.first.year < 2000:
            raise Invalid("起止日期颠倒了，或者时段超过三年")
        return Period(self.first, self.last, self.step)

    def channels(self, visitor: Visitor) -> tuple[str, ...] | None:
        """Raises Forbidden."""
        if not self.channel:
            return visitor.user.channels
        visitor.require_channel(self.channel)
        return (self.channel,)


def figures_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/statistics")
    Reader = Annotated[Visitor, Depends(visitor_with(Permission.READ_MESSAGES))]  # noqa: N806

    @router.get("")
    async def look(visitor: Reader, wanted: Annotated[Wanted, Query()]) -> Response:
        period = wanted.resolved(parts.clock())
        figures = await parts.statistics.figures(period, wanted.channels(visitor))
        chosen = {
            "first": period.first,
            "last": period.last,
            "step": period.step.value,
            "channel": wanted.channel,
        }
        return pages.show(
            "statistics.html",
            visitor,
            here="/console/statistics",
            wanted=wanted,
            period=period,
            figures=figures,
            tables=list(tables(period, figures)),
            bars=bars(figures.buckets),
            presets=PRESETS,
            channels=visitor.user.channels or tuple(parts.channels),
            query=urlencode(chosen),
        )

    @router.get("/export")
    async def export(
        visitor: Reader, wanted: Annotated[Wanted, Query()], form: Literal["csv", "xlsx"] = "csv"
    ) -> Response:
        period = wanted.resolved(parts.clock())
        found = tables(period, await parts.statistics.figures(period, wanted.channels(visitor)))
        name = f"shenyan-{period.first}-{period.last}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        if form == "csv":
            return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
        return Response(as_xlsx(found), media_type=XLSX, headers=headers)

    return router


def bars(buckets: Sequence[Bucket]) -> list[dict[str, float | str]]:
    """Where each bar of the chart stands, in a field of 1000 by 200."""
    most = max((one.received for one in buckets), default=0) or 1
    wide = 1000 / max(1, len(buckets))
    return [
        {
            "x": round(number * wide, 2),
            "width": round(wide * 0.8, 2),
            "received": round(200 * one.received / most, 2),
            "held": round(200 * one.held / most, 2),
            "label": f"{one.starts.date().isoformat()}: {one.received} / {one.held}",
        }
        for number, one in enumerate(buckets)
    ]
