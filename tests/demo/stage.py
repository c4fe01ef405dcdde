"""Servers on loopback, and a stand-in for the guard whose answers are put down beforehand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.demo.emulator import Accounts
from app.demo.pushing import Pace
from app.demo.wechat_account import WeChatAccount
from app.demo.weibo_account import WeiboAccount

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
WECHAT = WeChatAccount(
    account="gh_account",
    app_id="wx1234567890abcdef",
    app_secret="app-secret",
    token="GuardToken2024",
    mode="safe",
    aes_key=AES_KEY,
)
WEIBO = WeiboAccount(uid=1902538057, app_secret="weibo-secret", access_token="weibo-token")
QUICK = Pace(answer_within_s=0.4, tries=3)

Answer = Callable[[Mapping[str, str], bytes], bytes]
"""Query and body of a push -> body of the answer."""


def accounts(wechat: WeChatAccount = WECHAT, pace: Pace = QUICK, webhook: str = "http://guard") -> Accounts:
    return Accounts(wechat, WEIBO, f"{webhook}/wechat", f"{webhook}/weibo", pace)


@dataclass(slots=True)
class StubGuard:
    """Answers each push with the next of `answers`; the last one stays."""

    answers: list[Answer | int]
    """A number is an HTTP status; 0 hangs."""
    pushes: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = dict(request.query_params)
        if request.method == "GET":
            await Response(query.get("echostr", ""))(scope, receive, send)
            return
        body = await request.body()
        self.pushes.append((query, body))
        answer = self.answers[min(len(self.pushes), len(self.answers)) - 1]
        if answer == 0:
            await asyncio.Event().wait()
        response = Response(status_code=answer) if isinstance(answer, int) else Response(answer(query, body))
        await response(scope, receive, send)


@asynccontextmanager
async def served(app: Callable[..., Awaitable[object]]) -> AsyncIterator[str]:
    """The application on a real loopback port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
