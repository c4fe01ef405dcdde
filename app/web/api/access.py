"""The bearer token as a FastAPI dependency, so that it stands in the OpenAPI document; its pace with it."""

import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer

from app.core.errors import Invalid, TooManyRequests
from app.core.pace import Limit, Pace
from app.web.security import Caller, Tokens

WINDOW_S = 60
PACE = "api"
"""Under which name the tries of a token are counted."""
Cost = Callable[[Request], Awaitable[int]]
"""For how many requests one counts."""


class CallerWith(Protocol):
    def __call__(self, scope: str, cost: Cost | None = None) -> Callable[..., Awaitable[Caller]]:
        """The dependency that yields a caller who has `scope`, and whose pace allows `cost` (None: 1)."""
        ...


def callers(tokens: Tokens, pace: Pace) -> CallerWith:
    bearer = HTTPBearer(auto_error=False, description="`shenyan token new` makes one")

    def with_scope(scope: str, cost: Cost | None = None) -> Callable[..., Awaitable[Caller]]:
        async def caller(request: Request, response: Response, _: object = Depends(bearer)) -> Caller:
            found = tokens.caller(request.headers.get("authorization", ""))
            found.require(scope)
            await charge(found, await cost(request) if cost else 1, response)
            return found

        return caller

    async def charge(caller: Caller, cost: int, response: Response) -> None:
        """Raises TooManyRequests; Invalid for what would never fit into a minute."""
        if cost > caller.per_minute:
            raise Invalid(f"{cost} texts at once are more than this token's {caller.per_minute} a minute")
        limit = Limit(PACE, caller.per_minute, timedelta(seconds=WINDOW_S))
        spent = await pace.spend(limit, caller.name, cost)
        resets_s = min(max(math.ceil(spent.resets_s), 1), WINDOW_S)
        if not spent.allowed:
            raise TooManyRequests(
                f"this token's {caller.per_minute} requests a minute are used up", retry_after_s=resets_s
            )
        response.headers["RateLimit-Policy"] = f'"token";q={caller.per_minute};w={WINDOW_S}'
        response.headers["RateLimit"] = f'"token";r={spent.left};t={resets_s}'

    return with_scope
