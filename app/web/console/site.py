"""The console as one ASGI application: its pages, its assets, its errors in words."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from app.core.errors import Forbidden, GuardError, NotFound, StoreError
from app.core.identity import Permission
from app.service.handing_over import HandingOver
from app.web.console.access import MustChangePassword, NotSignedIn, Visitor, visitors
from app.web.console.account import account_router
from app.web.console.auditing import auditing_router
from app.web.console.channels import channels_router
from app.web.console.figures import figures_router
from app.web.console.group import group_router
from app.web.console.guarding import guarding_router
from app.web.console.handing import handing_router
from app.web.console.hold import hold_router
from app.web.console.language import CHINESE, ENGLISH, LANGUAGE
from app.web.console.language import COOKIE as LANGUAGE_COOKIE
from app.web.console.lists import lists_router
from app.web.console.live import live_router
from app.web.console.parts import ConsoleParts
from app.web.console.phrasing import phrasing_router
from app.web.console.queue import queue_router
from app.web.console.signing import HOME, sign_in_url, signing_router
from app.web.console.templating import Pages, Watched
from app.web.console.trying import trying_router
from app.web.console.users import users_router
from app.web.errors import status_of

CONSOLE = "/console/"
STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_OWN_SITE = frozenset({"same-origin", "none", ""})


def console_site(parts: ConsoleParts) -> FastAPI:
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    shadows = [name for name, one in parts.channels.items() if one.shadow_all or one.shadow]
    watch = parts.watch
    pages = Pages(
        parts.clock,
        lambda: parts.switches.stopped,
        shadows,
        lambda: Watched(watch.alarms.counts, watch.checklists.due),
    )
    visitor_with = visitors(parts.signing_in)
    handing = HandingOver(parts.store, parts.handovers, parts.switches, parts.clock, parts.new_id)
    for router in (
        signing_router(pages, parts.signing_in, parts.pace, visitor_with),
        account_router(pages, parts.signing_in, visitor_with),
        queue_router(pages, parts, visitor_with),
        hold_router(pages, parts, visitor_with),
        group_router(pages, parts, visitor_with),
        phrasing_router(pages, parts, visitor_with),
        lists_router(pages, parts.store, parts.review, visitor_with),
        channels_router(pages, parts, visitor_with),
        guarding_router(pages, parts, visitor_with),
        trying_router(pages, parts, visitor_with),
        figures_router(pages, parts, visitor_with),
        handing_router(pages, handing, visitor_with),
        users_router(pages, parts.signing_in, tuple(parts.channels), visitor_with),
        auditing_router(pages, parts.store, visitor_with),
        live_router(parts.coordinator, visitor_with),
    ):
        site.include_router(router)

    Anybody = Annotated[Visitor, Depends(visitor_with(None))]  # noqa: N806

    @site.get("/console")
    @site.get(HOME)
    async def home(visitor: Anybody) -> Response:
        """To the page where this visitor's work lies."""
        return RedirectResponse(first_page(visitor), 303)

    site.mount("/console/static", StaticFiles(directory=STATIC), name="static")
    _tell_errors(site, pages)
    site.add_middleware(GZipMiddleware, minimum_size=1_000)
    site.middleware("http")(_guarded)
    return site


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """No page is framed, runs what is not ours, or is changed by another site's form."""
    foreign = request.headers.get("sec-fetch-site", "") not in _OWN_SITE
    if foreign and request.method not in ("GET", "HEAD"):
        return Response("来自别的网站的提交，不予处理", 403)
    language = LANGUAGE.set(ENGLISH if request.cookies.get(LANGUAGE_COOKIE) == ENGLISH else CHINESE)
    try:
        response = await call_next(request)
    finally:
        LANGUAGE.reset(language)
    response.headers.update(HEADERS)
    return response


def _tell_errors(site: FastAPI, pages: Pages) -> None:
    def told(status: int, heading: str, text: str) -> Response:
        return pages.show("message.html", None, status, heading=heading, text=text)

    @site.exception_handler(NotSignedIn)
    async def not_signed_in(request: Request, error: NotSignedIn) -> Response:
        where = sign_in_url(_page_of(request))
        if request.headers.get("hx-request"):  # a part of a page: let the whole page go there
            return Response(status_code=401, headers={"HX-Redirect": where})
        return RedirectResponse(where, 303)

    @site.exception_handler(MustChangePassword)
    async def must_change(request: Request, error: MustChangePassword) -> Response:
        return RedirectResponse("/console/password", 303)

    @site.exception_handler(GuardError)
    async def guard_error(request: Request, error: GuardError) -> Response:
        if isinstance(error, NotFound):
            return told(404, "没有找到", "没有这条记录，可能地址不完整。")
        if isinstance(error, Forbidden):
            return told(403, "不能这样做", str(error))
        if isinstance(error, StoreError):
            return told(503, "记录库暂时不可用", "没有任何改动。请稍后再试。")
        return told(status_of(error), "没有成功", str(error))

    @site.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        fields = "、".join(sorted({str(one["loc"][-1]) for one in error.errors()}))
        return told(
            422, "填写的内容不对", f"请检查：{fields}（可能太长，或者地址不完整）。没有发出任何内容。"
        )

    @site.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return told(
            error.status_code, "没有找到" if error.status_code == 404 else "不能这样做", "请从待办重新进入。"
        )


def first_page(visitor: Visitor) -> str:
    if visitor.may(Permission.READ_MESSAGES):
        return "/console/queue"
    return "/console/users" if visitor.may(Permission.MANAGE_USERS) else "/console/account"


def _page_of(request: Request) -> str:
    """Where to go on after signing in. A hold's form goes back to its hold, where the browser still has what
    was typed."""
    path = request.url.path
    if request.method == "GET" and path != "/console/events":
        return path + (f"?{request.url.query}" if request.url.query else "")
    return path.rpartition("/")[0] if path.startswith("/console/holds/") else HOME
