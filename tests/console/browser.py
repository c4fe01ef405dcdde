"""A real Chromium at the real pages, over a real socket."""

import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import uvicorn
from playwright.async_api import Browser, async_playwright

from tests.console.desk import Desk

CHROMIUM = (
    os.environ.get("SHENYAN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def served(here: Desk, port: int = 0) -> AsyncIterator[str]:
    """The console's address while it is served; on a free port unless one is named."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        async with _serving(here, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def _serving(here: Desk, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        here.app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        yield  # the socket listens already: who comes early waits
        server.should_exit = True


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    assert CHROMIUM, "no Chromium: `apt-get install chromium fonts-noto-cjk`, or set SHENYAN_CHROMIUM"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()
