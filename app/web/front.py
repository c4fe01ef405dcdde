"""The door: webhooks and vendors' calls go straight to bare ASGI applications, the rest through FastAPI.

FastAPI's middleware and routing cost more than the whole check of an ordinary reply, and every citizen's
message comes this way.
"""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.console.site import CONSOLE
from app.web.egress.wechat import EGRESS
from app.web.webhooks import HOOKS


@dataclass(frozen=True, slots=True)
class Front:
    webhooks: ASGIApp
    egress: ASGIApp
    console: ASGIApp
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(HOOKS):
            await self.webhooks(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(EGRESS):
            await self.egress(scope, receive, send)
        elif scope["type"] == "http" and (scope["path"] + "/").startswith(CONSOLE):
            await self.console(scope, receive, send)
        else:
            await self.rest(scope, receive, send)
