"""The administrator's page: who may sign in."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response

from app.core.errors import Conflict, Invalid
from app.core.identity import Permission, Role
from app.service.signing_in import SigningIn
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages
from app.web.console.told import REFUSALS
from app.web.errors import status_of

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def users_router(
    pages: Pages, signing_in: SigningIn, channels: Sequence[str], visitor_with: VisitorWith
) -> APIRouter:
    router = APIRouter(prefix="/console/users")
    Manager = Annotated[Visitor, Depends(visitor_with(Permission.MANAGE_USERS))]  # noqa: N806

    async def show(visitor: Visitor, status: int = 200, problem: str = "", told: str = "") -> Response:
        return pages.show(
            "users.html",
            visitor,
            status,
            here="/console/users",
            users=await signing_in.users(),
            roles=[role.value for role in Role],
            channels=channels,
            problem=problem,
            told=told,
        )

    @router.get("")
    async def look(visitor: Manager) -> Response:
        return await show(visitor)

    @router.post("")
    async def add(
        visitor: Manager,
        role: Annotated[Role, Form()],
        name: Annotated[str, Form(max_length=40)] = "",
        channel: Annotated[list[str] | None, Form(max_length=40)] = None,
    ) -> Response:
        """The first password is shown once, on the page that answers."""
        try:
            if not _NAME.fullmatch(name.strip()):
                raise Invalid("用户名是小写字母、数字和连字符，至多 40 个")
            if unknown := sorted(set(channel or ()) - set(channels)):
                raise Invalid(f"没有这个频道：{'、'.join(unknown)}")
            where = tuple(channel) if channel else None
            _, password = await signing_in.add(name.strip(), role, visitor.name, where)
        except Conflict:
            return await show(visitor, 409, "这个用户名已经有人用了")
        except Invalid as error:
            return await show(visitor, 422, str(error))
        return await show(visitor, told=f"{name.strip()} 的初始密码（只显示这一次）：{password}")

    @router.post("/{name}/{act}")
    async def change(
        name: str, act: Literal["reset", "disable", "enable", "totp-off", "sign-out"], visitor: Manager
    ) -> Response:
        if name == visitor.name and act != "reset":
            return await show(visitor, 409, "不能这样改自己的账号，请让另一位管理员来做")
        told = "改好了。"
        try:
            match act:
                case "reset":
                    password = await signing_in.reset(name, visitor.name)
                    told = f"{name} 的新密码（只显示这一次）：{password}"
                case "disable":
                    await signing_in.disable(name, visitor.name)
                case "enable":
                    await signing_in.enable(name, visitor.name)
                case "totp-off":
                    await signing_in.drop_totp(name, visitor.name)
                case "sign-out":
                    await signing_in.sign_out_everywhere(name, visitor.name)
        except REFUSALS as error:
            return await show(
                visitor, status_of(error), "没有这位用户" if status_of(error) == 404 else str(error)
            )
        return await show(visitor, told=told)

    return router
