"""The door: webhooks and vendors' calls go straight to bare ASGI applications, the rest through FastAPI.

FastAPI's middleware and routing cost more than the whole check of an ordinary reply, and every citizen's
message comes this way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.console.site import CONSOLE
from app.web.webhooks import HOOKS


@dataclass(frozen=True, slots=True)
class Front:
    webhooks: ASGIApp
    egress: Mapping[str, ASGIApp]
    """By what their paths begin with."""
    console: ASGIApp
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(HOOKS):
            await self.webhooks(scope, receive, send)
        elif scope["type"] == "http" and (door := self._door(scope["path"])):
            await door(scope, receive, send)
        elif scope["type"] == "http" and (scope["path"] + "/").startswith(CONSOLE):
            await self.console(scope, receive, send)
        else:
            await self.rest(scope, receive, send)

    def _door(self, path: str) -> ASGIApp | None:
        return next((door for start, door in self.egress.items() if path.startswith(start)), None)
