"""The bearer token as a FastAPI dependency, so that it stands in the OpenAPI document; its pace with it."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core.errors import Invalid, TooManyRequests
from app.web.security import Caller, Tokens

WINDOW_S = 60
Cost = Callable[[Request], Awaitable[int]]
"""For how many requests one counts."""


class CallerWith(Protocol):
    def __call__(self, scope: str, cost: Cost | None = None) -> Callable[..., Awaitable[Caller]]:
        """The dependency that yields a caller who has `scope`, and whose pace allows `cost` (None: 1)."""
        ...


def callers(tokens: Tokens) -> CallerWith:
    bearer = HTTPBearer(auto_error=False, description="`shenyan token new` makes one")
    pace = MovingWindowRateLimiter(MemoryStorage())

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
        limit = RateLimitItemPerMinute(caller.per_minute)
        within = await pace.hit(limit, caller.name, cost=cost)
        resets_at, left = await pace.get_window_stats(limit, caller.name)
        resets_s = min(max(math.ceil(resets_at - time.time()), 1), WINDOW_S)
        if not within:
            raise TooManyRequests(
                f"this token's {caller.per_minute} requests a minute are used up", retry_after_s=resets_s
            )
        response.headers["RateLimit-Policy"] = f'"token";q={caller.per_minute};w={WINDOW_S}'
        response.headers["RateLimit"] = f'"token";r={left};t={resets_s}'

    return with_scope
