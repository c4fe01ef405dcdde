"""Vendors' bots on loopback ports, and what every test of an adapter starts from."""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from app.bots.json_api import JsonBotAdapter
from app.clients import bot_http
from app.core.model import NO_CONVERSATION, Reply
from app.settings.bots import AnyBot, ChatBot, JsonBot
from app.settings.values import Closed
from tests.platforms.loopback import Behaviour, Loopback, Received, answering, loopback
from tests.values import message

SAMPLES = Path(__file__).parents[2] / "samples" / "bots"
REPLY = "办事大厅九点开门。"


class SampleFile(Closed):
    """A sample stands as it would in the one configuration file."""

    bots: dict[str, AnyBot]


def sample(name: str, **changes: Any) -> Any:
    """The one bot of samples/bots/<name>.toml, with some of its keys changed."""
    document = tomllib.loads((SAMPLES / f"{name}.toml").read_text("utf-8"))
    (bot,) = document["bots"].values()
    return SampleFile(bots={"sample": {**bot, **changes}}).bots["sample"]


def json_bot(url: str, **changes: Any) -> JsonBot:
    wanted = {"kind": "json", "url": url, "request": {"q": "{text}"}, "reply_path": "answer"}
    return JsonBot.model_validate({**wanted, **changes})


def chat_bot(url: str, **changes: Any) -> ChatBot:
    return ChatBot.model_validate({"kind": "chat", "url": url, "model": "m", **changes})


@asynccontextmanager
async def vendor(behaviour: Behaviour) -> AsyncIterator[tuple[Loopback, aiohttp.ClientSession]]:
    """A server and a session to ask it with. What it has not finished by the end is cancelled."""
    under_way = set[asyncio.Task[None]]()

    async def kept(received: Received, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_run(behaviour(received, writer)))
        under_way.add(task)
        with suppress(asyncio.CancelledError):
            await task

    async with loopback(kept) as server, bot_http() as session:
        try:
            yield server, session
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)


async def _run(work: Awaitable[None]) -> None:
    await work


def saying(document: object) -> Behaviour:
    return answering(json.dumps(document, ensure_ascii=False).encode())


def in_pieces(pieces: Sequence[bytes], *, whole: bool = True) -> Behaviour:
    """A chunked answer, each piece written by itself; not `whole`: it breaks off without its last chunk."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        if whole:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    return answer


async def trickling(received: Received, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for ever: no single read takes long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


def asked(received: Received) -> Any:
    """The JSON a vendor was sent."""
    return json.loads(received.body)


async def ask_sample(name: str, behaviour: Behaviour, **changes: Any) -> Reply | None:
    async with vendor(behaviour) as (server, session):
        settings: JsonBot = sample(name, url=server.base, **changes)
        return await JsonBotAdapter(name, settings, session).ask(message(), NO_CONVERSATION)
