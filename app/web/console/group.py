"""Near-identical replies: one decision for the group, each member shown, none of high severity."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response

from app.core.errors import Forbidden, HoldNotFound
from app.core.identity import Permission
from app.core.model import Severity
from app.core.records import Decision, Hold
from app.core.review import Ruling
from app.web.console.access import Visitor, VisitorWith
from app.web.console.parts import ConsoleParts
from app.web.console.surroundings import alike
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS, told


def group_router(pages: Pages, parts: ConsoleParts, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/groups")
    Decider = Annotated[Visitor, Depends(visitor_with(Permission.DECIDE))]  # noqa: N806

    async def members(hold_id: str, visitor: Visitor) -> list[Hold]:
        first = await parts.store.hold(hold_id)
        visitor.require_channel(first.channel)
        return [first, *await alike(parts, first)]

    def show(
        visitor: Visitor, holds: list[Hold], status: int = 200, results: dict[str, str] | None = None
    ) -> Response:
        high = any(hold.verdict.severity is Severity.HIGH for hold in holds)
        return pages.show(
            "group.html", visitor, status, here="", holds=holds, high=high, results=results or {}
        )

    @router.get("/{hold_id}")
    async def look(hold_id: str, visitor: Decider) -> Response:
        return show(visitor, await members(hold_id, visitor))

    @router.post("/{hold_id}/{step}")
    async def decide(
        hold_id: str,
        step: Literal["approve", "reject"],
        visitor: Decider,
        member: Annotated[list[str] | None, Form(max_length=60)] = None,
        reason: Annotated[str, Form(max_length=2_000)] = "",
    ) -> Response:
        """`member`: "id:version" of each that was shown and ticked; what has changed since is left alone."""
        holds = {hold.id: hold for hold in await members(hold_id, visitor)}
        if any(hold.verdict.severity is Severity.HIGH for hold in holds.values()):
            return show(visitor, list(holds.values()), 403)
        results: dict[str, str] = {}
        for one in member or ():
            name, _, version = one.partition(":")
            if name not in holds or not version.isdecimal():
                results[name] = "已经不在这一组里，没有改动。"
                continue
            ruling = Ruling(Decision(step), visitor.name, int(version), reason.strip())
            try:
                await parts.review.decide(name, ruling)
            except REFUSALS as error:
                results[name] = told(error)
            else:
                results[name] = "办好了。"
        after = [await parts.store.hold(one) for one in {**holds, **results} if await known(one, visitor)]
        return show(visitor, after, results=results)

    async def known(hold_id: str, visitor: Visitor) -> bool:
        """Whether there is such a hold for this visitor: the form may name anything."""
        try:
            visitor.require_channel((await parts.store.hold(hold_id)).channel)
        except (HoldNotFound, Forbidden):
            return False
        return True

    return router
