"""One's own account: the second factor, and where one is signed in."""

from typing import Annotated

import pyotp
import segno
from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from app.core.errors import Invalid
from app.service.signing_in import SigningIn
from app.web.console.access import Visitor, VisitorWith
from app.web.console.templating import Pages

ISSUER = "慎言"


def account_router(pages: Pages, signing_in: SigningIn, visitor_with: VisitorWith) -> APIRouter:
    router = APIRouter(prefix="/console/account")
    Anybody = Annotated[Visitor, Depends(visitor_with(None))]  # noqa: N806

    async def show(visitor: Visitor, status: int = 200, problem: str = "", secret: str = "") -> Response:
        secret = secret or pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=visitor.name, issuer_name=ISSUER)
        return pages.show(
            "account.html",
            visitor,
            status,
            here="/console/account",
            sessions=await signing_in.sessions(visitor.name),
            problem=problem,
            secret=secret,
            picture=segno.make(address).svg_data_uri(scale=5, border=2),
        )

    @router.get("")
    async def look(visitor: Anybody) -> Response:
        return await show(visitor)

    @router.post("/totp")
    async def enrol(
        visitor: Anybody,
        secret: Annotated[str, Form(max_length=64)] = "",
        code: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:
        """The secret takes effect once a code proves that the phone has it."""
        try:
            await signing_in.enrol(visitor.user, secret, code)
        except Invalid as error:
            return await show(visitor, 422, str(error), secret)
        return RedirectResponse("/console/account", 303)

    @router.post("/sessions/{id_hash}/end")
    async def end(id_hash: str, visitor: Anybody) -> Response:
        await signing_in.end_session(visitor.name, id_hash)
        return RedirectResponse("/console/account", 303)

    return router
