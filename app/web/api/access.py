"""The bearer token as a FastAPI dependency, so that it stands in the OpenAPI document."""

from collections.abc import Awaitable, Callable

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.web.security import Caller, Tokens

CallerWith = Callable[[str], Callable[[Request], Awaitable[Caller]]]
"""Given a scope, the dependency that yields a caller who has it."""


def callers(tokens: Tokens) -> CallerWith:
    bearer = HTTPBearer(auto_error=False, description="`shenyan token new` makes one")

    def with_scope(scope: str) -> Callable[[Request], Awaitable[Caller]]:
        async def caller(request: Request, _: object = Depends(bearer)) -> Caller:
            found = tokens.caller(request.headers.get("authorization", ""))
            found.require(scope)
            return found

        return caller

    return with_scope
