"""How often somebody may try, counted in this process."""

import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core.pace import Limit, Spent


class LocalPace:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def allows(self, limit: Limit, who: str) -> bool:
        return await self._limiter.hit(item_of(limit), limit.name, who)

    async def spend(self, limit: Limit, who: str, cost: int) -> Spent:
        return await spend(self._limiter, limit, who, cost)

    async def exhausted(self, limit: Limit, who: str, cost: int = 1) -> bool:
        """`cost`: whether so many would be too many."""
        return not await self._limiter.test(item_of(limit), limit.name, who, cost=cost)

    async def so_far(self, limit: Limit, who: str, *, allowed: bool) -> Spent:
        return await so_far(self._limiter, limit, who, allowed=allowed)


async def spend(limiter: MovingWindowRateLimiter, limit: Limit, who: str, cost: int) -> Spent:
    allowed = await limiter.hit(item_of(limit), limit.name, who, cost=cost)
    return await so_far(limiter, limit, who, allowed=allowed)


async def so_far(limiter: MovingWindowRateLimiter, limit: Limit, who: str, *, allowed: bool) -> Spent:
    resets_at, left = await limiter.get_window_stats(item_of(limit), limit.name, who)
    return Spent(allowed, left, max(0.0, resets_at - time.time()))


def item_of(limit: Limit) -> RateLimitItem:
    return RateLimitItemPerSecond(limit.times, int(limit.within.total_seconds()))
