"""The demonstration's processes: started on free ports, watched until ready, ended by pid."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx

import app
from app.demo.sample import Sample
from app.demo.serving import LOOPBACK

STOP_WITHIN_S = 5.0
LOG_TAIL_BYTES = 2_000


class DidNotStart(RuntimeError):
    """A process ended, or was not ready in time; the message holds the end of its log."""


def free_ports(wanted: Sequence[int]) -> list[int]:
    """Each port as wanted if it is free, else any other; 0 wants any."""
    with_sockets = [_bound(port) for port in wanted]
    try:
        return [int(bound.getsockname()[1]) for bound in with_sockets]
    finally:
        for bound in with_sockets:
            bound.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
    try:
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.bind((LOOPBACK, 0))
    return bound


@dataclass(slots=True)
class Child:
    """One Python module as a process of its own, out of reach of the terminal's Ctrl-C."""

    name: str
    arguments: Sequence[str]
    """`-m module --option ...`"""
    log: Path
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        source = str(Path(app.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, *self.arguments],
                stdin=subprocess.PIPE,  # stays open while we live
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path, "NO_PROXY": "*"},
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is closed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(by)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    async def ready(self, http: httpx.AsyncClient, url: str, within_s: float) -> None:
        """Return when `url` answers 200. Raises DidNotStart."""
        end = monotonic() + within_s
        while monotonic() < end and self._process is not None and self._process.poll() is None:
            try:
                if (await http.get(url, timeout=2)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
        raise DidNotStart(f"{self.name} was not ready at {url}:\n{self._log_tail()}")

    def _log_tail(self) -> str:
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")


@dataclass(slots=True)
class Surroundings:
    """The emulator and the vendor's bot of one sample."""

    sample: Sample
    folder: Path
    accounts_file: Path
    children: list[Child] = field(default_factory=list)

    def start(self) -> None:
        sample = self.sample
        self.children = [
            Child(
                "emulator",
                _module("app.demo.emulator", port=sample.ports.emulator, accounts=str(self.accounts_file)),
                self.folder / "emulator.log",
            ),
            Child(
                "vendor bot",
                _module(
                    "app.demo.vendor_bot",
                    port=sample.ports.vendor,
                    wechat_token=sample.vendor_wechat_token,
                    weibo_secret=sample.vendor_weibo_secret,
                ),
                self.folder / "vendor.log",
            ),
        ]
        for child in self.children:
            child.start()

    def stop(self) -> None:
        for child in self.children:
            child.stop()

    async def ready(self, http: httpx.AsyncClient, within_s: float) -> None:
        emulator, vendor = self.children
        await emulator.ready(http, f"{self.sample.emulator_url}/", within_s)
        await vendor.ready(http, f"{self.sample.vendor_url}/asked", within_s)


def _module(name: str, **options: object) -> list[str]:
    """Options with = : a secret may begin with a dash."""
    named = [f"--{option.replace('_', '-')}={value}" for option, value in options.items()]
    return ["-m", name, *named, "--until-stdin-closes"]
