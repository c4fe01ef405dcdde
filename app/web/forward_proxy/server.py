"""The forward proxy's door: who may open a tunnel, and to what. Nothing is ever forwarded to the internet.

A tunnel ends in the guard itself, which speaks TLS as the host that was asked for and hands the calls to the
stand-in of the vendor's own channel.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.core import egress
from app.core.errors import StoreError
from app.core.vendors import VendorRefused
from app.ports import Observer
from app.service.vendors import Vendors
from app.web.bodies import Refused
from app.web.forward_proxy.connect import Connect, ConnectHead
from app.web.forward_proxy.inner import IDLE_S, Behind, InnerHttp, Route
from app.web.forward_proxy.leaves import Leaves
from app.web.forward_proxy.wire import Wire

HEAD_WITHIN_S = 5.0
ADMITTED_WITHIN_S = 5.0
_TOLD = {
    egress.BAD_ADDRESS: (403, "address", "这个地址不在外包方的 networks 里 not the vendor's network"),
    egress.TOO_OFTEN: (429, "too-often", "密钥错得太多 too many wrong secrets; wait a minute"),
}
_UNKNOWN = (407, "unauthorized", "名字或密钥不对，或已停用 wrong name or secret, or revoked")


class Watch(Protocol):
    """Counts for whoever looks after the door. Never raises."""

    def connect_refused(self, reason: str) -> None: ...

    def tunnels_open(self, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections at once, tunnels and those that are not yet: in all, and from one address."""

    connections: int
    per_address: int


@dataclass(slots=True)
class ForwardProxy:
    routes: Mapping[str, Route]
    """By vendor."""
    vendors: Vendors
    leaves: Leaves
    observer: Observer
    watch: Watch
    bounds: Bounds
    _config: Config = field(default_factory=lambda: _config())
    _state: ServerState = field(default_factory=ServerState)
    """Of the tunnels, as uvicorn keeps it: connections, and requests under way."""
    _from: Counter[str] = field(default_factory=Counter)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    """One for each connection."""
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    """Those of them that are no tunnel yet."""
    _server: asyncio.Server | None = None
    _closing: bool = False

    async def start(self, listening: socket.socket) -> None:
        self.leaves.make_all()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(Wire, self._arrived), sock=listening)

    async def drain(self, within_s: float) -> None:
        """Take no more; requests under way are finished for at most so long. A second time does nothing."""
        server, self._server = self._server, None
        if server is None:
            return
        self._closing = True
        server.close()
        for task in self._opening:
            task.cancel()
        for tunnel in tuple(self._state.connections):
            tunnel.shutdown()
        if under_way := self._serving | self._state.tasks:
            _, late = await asyncio.wait(under_way, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # --- one connection ---------------------------------------------------------------------------

    def _arrived(self, wire: Wire) -> None:
        address = wire.address
        if self._closing:  # accepted by the system before the door was shut
            wire.transport.abort()
            return
        if len(self._serving) >= self.bounds.connections or self._from[address] >= self.bounds.per_address:
            self._refuse(wire, Refused(503, "too-many", "连接太多 too many connections"), address)
            return
        self._from[address] += 1
        task = asyncio.get_running_loop().create_task(self._serve(wire, address))
        self._serving.add(task)
        self._opening.add(task)
        task.add_done_callback(partial(self._ended, wire, address))

    async def _serve(self, wire: Wire, address: str) -> None:
        try:
            inner = await self._opened(wire, address)
        except Refused as refusal:
            self._refuse(wire, refusal, address)
            return
        if inner is not None:
            if task := asyncio.current_task():
                self._opening.discard(task)
            self.watch.tunnels_open(len(self._state.connections))
            await inner.gone.wait()

    async def _opened(self, wire: Wire, address: str) -> InnerHttp | None:
        """The tunnel, after its handshake; None: it was looked in at and left. Raises Refused."""
        connect = await _head(wire)
        if connect is None:
            wire.transport.close()
            return None
        wire.pause()
        route = await self._admitted(connect, address)
        transport = await wire.secure(self.leaves.context(connect.host))
        inner = InnerHttp(self._config, self._state, Behind(connect.host, route))
        transport.set_protocol(inner)
        inner.connection_made(transport)
        if early := wire.taken():  # it may have come with the end of the handshake
            inner.data_received(early)
        return inner

    async def _admitted(self, connect: Connect, address: str) -> Route:
        """Raises Refused."""
        if not connect.vendor:
            raise Refused(
                407, "no-credentials", "要有外包方的名字和密钥 the vendor's name and secret are needed"
            )
        try:
            async with asyncio.timeout(ADMITTED_WITHIN_S):
                vendor = await self.vendors.admitted(connect.vendor, connect.secret, address)
        except VendorRefused as refusal:
            raise Refused(*_TOLD.get(refusal.code, _UNKNOWN)) from refusal
        except (StoreError, TimeoutError) as error:
            raise Refused(503, "records", "暂时不可用 not available now") from error
        route = self.routes.get(vendor.name)
        if connect.platform is None or route is None:
            raise Refused(403, "host", "不通往这个主机或端口 no way leads to this host and port")
        if route.platform != connect.platform:
            raise Refused(403, "platform", "主机不是这个外包方的平台的 not a host of the vendor's platform")
        return route

    def _refuse(self, wire: Wire, refusal: Refused, address: str) -> None:
        self.watch.connect_refused(refusal.code)
        self.observer.failed("forward_proxy", refusal, address=address)
        if refusal.status:
            wire.refuse(refusal)
        else:  # its bytes are TLS by now: none of ours would be understood
            wire.transport.abort()

    def _ended(self, wire: Wire, address: str, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._opening.discard(task)
        self._from[address] -= 1
        if not self._from[address]:
            del self._from[address]
        if task.cancelled():
            wire.transport.abort()
        elif (error := task.exception()) is not None:
            self.observer.failed("forward_proxy", error)
            wire.transport.abort()
        self.watch.tunnels_open(len(self._state.connections))


async def _head(wire: Wire) -> Connect | None:
    """None: closed without a word, as a check of the port does. Raises Refused."""
    head, begun = ConnectHead(), False
    try:
        async with asyncio.timeout(HEAD_WITHIN_S):
            while data := await wire.read():
                begun = True
                if connect := head.feed(data):
                    return connect
    except TimeoutError:
        raise Refused(408, "too-slow", "CONNECT 来得太慢 the CONNECT came too slowly") from None
    if begun:
        raise Refused(400, "hung-up", "CONNECT 没有写完 the CONNECT was not finished")
    return None


def _config() -> Config:
    config = Config(
        _nowhere,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the peer is the vendor itself, whatever it says of others
        server_header=False,
        date_header=False,
        timeout_keep_alive=int(IDLE_S),
    )
    config.load()
    return config


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Each tunnel has an application of its own."""
    raise AssertionError
