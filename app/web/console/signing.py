"""Signing in and out, and changing one's password."""

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.errors import Invalid, Unauthenticated
from app.core.pace import Limit, Pace
from app.service.signing_in import SigningIn
from app.web.console.access import COOKIE, SECURE_COOKIE, Visitor, VisitorWith
from app.web.console.language import COOKIE as LANGUAGE_COOKIE
from app.web.console.templating import Pages

HOME = "/console/"
PER_ADDRESS = Limit("sign-in", 30, timedelta(minutes=5))
"""Beside the lock-out of each account: one place may try many names, and a whole office may be one place."""


def sign_in_url(next_url: str) -> str:
    return f"/console/sign-in?next={quote(next_url)}"


def signing_router(pages: Pages, signing_in: SigningIn, pace: Pace, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console")
    Anybody = Annotated[Visitor, Depends(visitor_with(None))]  # noqa: N806

    @router.get("/sign-in")
    async def form(next: str = HOME) -> Response:
        return pages.show("sign_in.html", None, problem="", name="", next=own(next))

    @router.get("/language")
    async def language(to: Literal["zh-CN", "en"] = "zh-CN", next: str = HOME) -> Response:
        response = RedirectResponse(own(next), 303)
        response.set_cookie(LANGUAGE_COOKIE, to, max_age=31_536_000, path="/console/", samesite="strict")
        return response

    @router.post("/sign-in")
    async def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=40)] = "",
        password: Annotated[str, Form()] = "",
        code: Annotated[str, Form(max_length=20)] = "",
        next: Annotated[str, Form(max_length=2_000)] = HOME,
    ) -> Response:
        def again(status: int, problem: str) -> Response:
            return pages.show("sign_in.html", None, status, problem=problem, name=name, next=own(next))

        address = request.client.host if request.client else ""
        if not await pace.allows(PER_ADDRESS, address):
            return again(429, "从这里登录的次数太多，请过几分钟再试。")
        try:
            session_id, _ = await signing_in.sign_in(name.strip(), password, code)
        except Unauthenticated as error:
            return again(401, str(error))
        response = RedirectResponse(own(next), 303)
        secure = request.url.scheme == "https"
        response.set_cookie(
            SECURE_COOKIE if secure else COOKIE,
            session_id,
            path="/",
            secure=secure,
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post("/sign-out")
    async def sign_out(visitor: Anybody) -> Response:
        await signing_in.sign_out(visitor.session)
        return _signed_out()

    @router.get("/password")
    async def password_form(visitor: Anybody) -> Response:
        return pages.show("password.html", visitor, problem="", here="")

    @router.post("/password")
    async def change_password(
        visitor: Anybody,
        old: Annotated[str, Form()] = "",
        new: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
    ) -> Response:
        """Ends every session, this one too."""
        try:
            if new != again:
                raise Invalid("两次输入的新密码不一样")
            await signing_in.change_password(visitor.user, old, new)
        except Unauthenticated:
            return pages.show("password.html", visitor, 422, problem="原密码不对", here="")
        except Invalid as error:
            return pages.show("password.html", visitor, 422, problem=str(error), here="")
        return _signed_out()

    return router


def own(url: str) -> str:
    """A place on this console; anything else would let a link send people elsewhere after they sign in."""
    return url if url.startswith("/console/") and "\\" not in url and "//" not in url else HOME


def _signed_out() -> Response:
    response = RedirectResponse("/console/sign-in", 303)
    for cookie in (COOKIE, SECURE_COOKIE):
        response.delete_cookie(cookie, path="/", secure=cookie == SECURE_COOKIE, httponly=True)
    return response
