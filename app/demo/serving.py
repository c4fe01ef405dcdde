"""Runs one of the demonstration's servers as a process of its own."""

import os
import threading
from collections.abc import Awaitable, Callable

import uvicorn

LOOPBACK = "127.0.0.1"


def serve(app: Callable[..., Awaitable[object]], port: int, *, until_stdin_closes: bool) -> None:
    """Serve on loopback until SIGTERM; with `until_stdin_closes` also until whoever started us is gone.

    Nothing is logged: a fault that was asked for is no error.
    """
    config = uvicorn.Config(
        app, host=LOOPBACK, port=port, log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    if until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run()


def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    while os.read(0, 1024):
        pass
    server.should_exit = True
