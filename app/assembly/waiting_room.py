"""What a guard is while its records cannot be opened at the start: a door that keeps messages, no more."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.assembly.channels import codec_of
from app.assembly.conduct import conduct_of
from app.assembly.parts import utc_now
from app.core.errors import StoreError
from app.ports import Observer
from app.service.porter import Porter
from app.settings.whole import Settings
from app.storage import migrate
from app.storage.location import location, spool_folder
from app.storage.spool import Spool
from app.web.bounded_http import BoundedHttp
from app.web.health import health_router
from app.web.webhooks import HOOKS, Hook, Webhooks

LOOK_EVERY_S = 1.0
CLOSE_WITHIN_S = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """The application: webhooks, /healthz, /readyz; 503 for all else."""

    webhooks: ASGIApp
    health: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(HOOKS):
            await self.webhooks(scope, receive, send)
        elif scope["path"] in ("/healthz", "/readyz"):
            await self.health(scope, receive, send)
        else:
            away = PlainTextResponse("the records cannot be reached\n", 503)
            await away(scope, receive, send)


async def reach_records(settings: Settings, observer: Observer) -> str:
    """Why the records cannot be opened; empty: they can. Raises ConfigError."""
    try:
        await asyncio.to_thread(migrate.prepare, location(settings.storage), settings.storage.busy_timeout_s)
    except StoreError as error:
        observer.failed("store", error)
        return str(error) or type(error).__name__
    return ""


async def until_reached(settings: Settings, observer: Observer) -> None:
    """Raises ConfigError."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if not await reach_records(settings, observer):
            return


@asynccontextmanager
async def waiting_room(
    settings: Settings, listening: socket.socket, observer: Observer, why: str
) -> AsyncIterator[None]:
    """Answers at `listening`, which stays open. What it has kept is found by the guard that comes after.

    That one may answer there already: what came here is finished meanwhile.
    """
    spool = Spool(spool_folder(settings.storage), settings.storage.spool_max_bytes, observer)
    server = _Unsignalled(
        uvicorn.Config(
            _application(settings, spool, observer, why),
            http=BoundedHttp,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
        )
    )
    serving = asyncio.create_task(server.serve([listening.dup()]))
    try:
        with _ended_by_signals(server, serving):
            yield
    finally:
        server.should_exit = True
        await serving
        await spool.aclose()


class _Unsignalled(uvicorn.Server):
    """Leaves the signals alone. The one after it is there before this one ends, and would lose its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _ended_by_signals(server: uvicorn.Server, serving: asyncio.Task[None]) -> Iterator[None]:
    """SIGTERM and SIGINT end the process once what is under way here is answered."""

    def end(number: int, _: object) -> None:
        server.should_exit = True
        serving.add_done_callback(lambda _: _die_of(number))

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is end:  # else somebody else listens already
                signal.signal(number, handler)


def _die_of(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _application(settings: Settings, spool: Spool, observer: Observer, why: str) -> ASGIApp:
    hooks = {
        name: Hook(
            codec_of(name, channel),
            Porter(spool, observer, conduct_of(channel).fallbacks, channel.answer_within_s),
        )
        for name, channel in settings.channels.items()
    }
    server = settings.server
    webhooks = Webhooks(hooks, observer, utc_now, server.max_body_bytes, server.read_body_within_s)

    async def records() -> str:
        return why

    health = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    health.include_router(health_router({"records": records}, {"spool": lambda: spool.trouble}))
    return Waiting(webhooks, health)
