"""A platform's API on a loopback port, bad manners included: what it does with a request is a function."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True)
class Received:
    line: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Loopback:
    behaviour: Behaviour
    base: str = ""
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            received = Received(head[0], headers, body)
            self.received.append(received)
            self.arrived.set()
            await self.behaviour(received, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def loopback(behaviour: Behaviour) -> AsyncIterator[Loopback]:
    platform = Loopback(behaviour)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    platform.base = f"http://{host}:{port}"
    try:
        yield platform
    finally:
        server.close()


def answering(body: bytes, status: str = "200 OK", headers: str = "") -> Behaviour:
    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"
        writer.write(head.encode("latin-1") + body)
        await writer.drain()

    return answer


def response(body: bytes, status: int = 200) -> httpx.Response:
    """For a MockTransport: unread, as one from the network is."""
    return httpx.Response(status, stream=httpx.ByteStream(body))


async def silent(received: Received, writer: asyncio.StreamWriter) -> None:
    """Takes the request and never says anything."""
    await asyncio.Event().wait()


async def hanging_up(received: Received, writer: asyncio.StreamWriter) -> None:
    """Takes the request and closes."""


async def endless(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()
