"""How often somebody may try, counted in this process."""

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core.pace import Limit


class LocalPace:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def allows(self, limit: Limit, who: str) -> bool:
        return await self._limiter.hit(item_of(limit), limit.name, who)

    async def exhausted(self, limit: Limit, who: str) -> bool:
        return not await self._limiter.test(item_of(limit), limit.name, who)


def item_of(limit: Limit) -> RateLimitItem:
    return RateLimitItemPerSecond(limit.times, int(limit.within.total_seconds()))
