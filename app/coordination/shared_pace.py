"""How often somebody may try, counted by all processes together; by each for itself while Redis is away."""

from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.coordination.link import Away, Link
from app.coordination.pace import LocalPace, item_of, spend
from app.coordination.servers import Client
from app.core.pace import Limit, Spent


class _Counts(RedisStorage):
    """On the client we have: the library would make another from an address of its own."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        super().__init__("redis://", implementation="redispy", key_prefix=f"{prefix}:pace")

    def configure_bridge(self) -> None:
        self.bridge.storage = self._client  # type: ignore[attr-defined]
        self.bridge.connection_getter = lambda readonly: self._client  # type: ignore[attr-defined]


class SharedPace:
    """Never no limit, never a lock-out of everybody: where Redis is silent, our own count says it."""

    def __init__(self, client: Client, prefix: str, link: Link) -> None:
        self._link = link
        self._own = LocalPace()
        """Counts what was allowed here, so that it knows where it stands when it is alone."""
        self._limiter = MovingWindowRateLimiter(_Counts(client, prefix))

    async def allows(self, limit: Limit, who: str) -> bool:
        if await self._own.exhausted(limit, who):
            return False
        try:
            allowed = await self._link.ask(lambda: self._limiter.hit(item_of(limit), limit.name, who))
        except Away:
            return await self._own.allows(limit, who)
        if allowed:
            await self._own.allows(limit, who)
        return allowed

    async def spend(self, limit: Limit, who: str, cost: int) -> Spent:
        if await self._own.exhausted(limit, who, cost):
            return await self._own.so_far(limit, who, allowed=False)
        try:
            shared = await self._link.ask(lambda: spend(self._limiter, limit, who, cost))
        except Away:
            return await self._own.spend(limit, who, cost)
        if shared.allowed:
            await self._own.spend(limit, who, cost)
        return shared

    async def exhausted(self, limit: Limit, who: str) -> bool:
        if await self._own.exhausted(limit, who):
            return True
        try:
            return not await self._link.ask(lambda: self._limiter.test(item_of(limit), limit.name, who))
        except Away:
            return False
