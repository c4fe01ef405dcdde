"""One process that serves: on the event loop until a signal, then drained.

By itself it reads nothing anew: SIGHUP is answered with a warning that says what does.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
import uvicorn
import uvloop

from app.assembly.forward_proxy import TwoDoors
from app.assembly.people import first_administrator
from app.assembly.proof import prove
from app.assembly.waiting_room import reach_records, until_reached, waiting_room
from app.core.errors import StoreError
from app.main import Guard, running_guard
from app.serving.doors import Doors, address, open_doors
from app.settings.whole import Settings
from app.telemetry.logs import LogObserver, Observers, configure
from app.telemetry.siblings import Siblings
from app.web.bounded_http import BoundedHttp

Announce = Callable[[str, str, str], None]
"""Hears the address once it answers, the forward proxy's where there is one, and the first administrator's
password where one was made."""


def run(settings: Settings, doors: Doors, announce: Announce, siblings: Siblings | None = None) -> None:
    """Until SIGTERM or SIGINT. Raises ConfigError, StoreError."""
    configure(settings.monitoring.log_format, settings.monitoring.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, doors, announce, siblings))


def serve(settings: Settings, announce: Announce) -> None:
    """Open the doors and run. Raises ConfigError, StoreError."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a loop that can say something
    run(settings, open_doors(settings), announce)


@dataclass(frozen=True, slots=True)
class Opened:
    guard: Guard
    first_password: str
    """Of the first administrator, where one was made."""
    close_waiting_room: Callable[[], Coroutine[None, None, None]]
    """To be called when the guard answers: between the two nobody would."""


@asynccontextmanager
async def opened_guard(
    settings: Settings, listening: socket.socket, siblings: Siblings | None = None
) -> AsyncIterator[Opened]:
    """A running guard, however long its records are away: till then a waiting room answers at `listening`.

    Raises ConfigError.
    """
    observer = Observers((LogObserver(),))
    while True:
        async with AsyncExitStack() as waiting, AsyncExitStack() as running:
            if why := await reach_records(settings, observer):
                await asyncio.to_thread(prove, settings)  # what it says itself has to be sound, too
                await waiting.enter_async_context(waiting_room(settings, listening, observer, why))
                await until_reached(settings, observer)
            try:
                guard = await running.enter_async_context(running_guard(settings, siblings=siblings))
                password = await first_administrator(guard.store.database, settings.console)
            except StoreError as error:  # away again
                observer.failed("store", error)
                continue
            yield Opened(guard, password, waiting.aclose)
            return


async def _serve(settings: Settings, doors: Doors, announce: Announce, siblings: Siblings | None) -> None:
    if siblings is None:  # else it is for the process that started us
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _refuse_to_reload)
    async with opened_guard(settings, doors.front, siblings) as opened:
        guard = opened.guard
        config = uvicorn.Config(
            guard.app,
            http=BoundedHttp,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=int(settings.server.drain_within_s),
        )
        # uvicorn raises the signal it was stopped by once more when it has stopped: that one must not
        # cut the drain short.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        _spare_the_collector()
        if guard.forward_proxy is not None and doors.proxy is not None:
            await guard.forward_proxy.start(doors.proxy)
        announce(address(doors.front), address(doors.proxy), opened.first_password)
        closing = asyncio.create_task(opened.close_waiting_room())
        await TwoDoors(config, guard.forward_proxy, settings.server.drain_within_s).serve([doors.front])
        await closing


def _refuse_to_reload() -> None:
    structlog.get_logger("serving").warning(
        "reload.needs-restart",
        detail="this guard is one process; restart it to read the configuration and the rules anew, "
        "or run several (--workers), which replace each other",
    )


def _spare_the_collector() -> None:
    """What is loaded stays for good; walked through again and again, it took a tenth of all time under load.

    What a message allocates is freed by its reference counts: cycles are rare and may wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
