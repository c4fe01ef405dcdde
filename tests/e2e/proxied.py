"""A guard with its forward proxy, and how a program without a library talks to it, byte by byte."""

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.telemetry.metrics import Metrics
from app.web.forward_proxy.authority import make_authority
from app.web.forward_proxy.server import ForwardProxy
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import APP_ID, Town, listener, town
from tests.e2e.test_conversation import webhook_bot
from tests.e2e.test_second_door import CITIZEN, SECRET, vendor

HOST = "api.weixin.qq.com"
OTHER_SECRET = "the-other-vendors"
TOKEN = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop the guard runs on: what TLS does when it ends badly differs between loops."""
    return "asyncio", {"use_uvloop": True}


@dataclass(frozen=True, slots=True)
class Office:
    """A guard with its forward proxy, and a citizen whose window is open."""

    town: Town
    proxy: ForwardProxy
    port: int
    ca: Path

    def url(self, name: str = "acme", secret: str = SECRET) -> str:
        return f"http://{name}:{secret}@127.0.0.1:{self.port}"

    def refusals(self) -> dict[str, int]:
        metrics = self.proxy.watch
        assert isinstance(metrics, Metrics)
        told = metrics.registry.collect()
        return {
            sample.labels["reason"]: int(sample.value)
            for metric in told
            for sample in metric.samples
            if sample.name == "guard_proxy_refusals_total"
        }


@asynccontextmanager
async def office(
    folder: Path, people: Mapping[str, Any] | None = None, **bounds: int
) -> AsyncIterator[Office]:
    made = make_authority(datetime.now(UTC), timedelta(days=1))
    ca, key = folder / "ca.pem", folder / "ca.key"
    ca.write_bytes(made.certificate)
    key.write_bytes(made.key)
    other = vendor(secret_sha256=[hashlib.sha256(OTHER_SECRET.encode()).hexdigest()])
    tables = {
        "vendors": people or {"acme": vendor(), "other": other},
        "forward_proxy": {"ca_certificate": str(ca), "ca_key": str(key), **bounds},
    }
    with vendors.served(vendors.werobot_vendor("")) as bot:
        async with town(folder, {"hall": webhook_bot(bot)}, tables=tables) as here:
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            at, proxy = listener(), here.guard.forward_proxy
            assert proxy is not None
            port = at.getsockname()[1]
            await proxy.start(at)
            try:
                yield Office(here, proxy, port, ca)
            finally:
                await proxy.drain(5)


def proof(name: str = "acme", secret: str = SECRET) -> str:
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}\r\n"


def connect(target: str = f"{HOST}:443", headers: str | None = None, version: str = "1.1") -> bytes:
    told = proof() if headers is None else headers
    return f"CONNECT {target} HTTP/{version}\r\nHost: {target}\r\n{told}\r\n".encode()


async def dial(here: Office, head: bytes, *, hangs_up: bool = False) -> bytes:
    """All that is answered, to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(head)
    if hangs_up:
        writer.write_eof()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def trusting(here: Office, *alpn: str, believes: bool = False) -> ssl.SSLContext:
    """`believes`: whatever certificate it is shown."""
    context = ssl.create_default_context(cafile=str(here.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if believes:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


async def tunnel(
    here: Office, named: str = HOST, *alpn: str, headers: str | None = None, believes: bool = False
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """After the handshake, in which `named` is the host. Raises OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(connect(headers=headers))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    context = trusting(here, *alpn, believes=believes)
    await writer.start_tls(context, server_hostname=named)
    return reader, writer


def request(method: str, target: str, body: bytes = b"", host: str = HOST) -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    """Head and body of one answer."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + await reader.readexactly(int(length.partition(b":")[2]))


def code_of(answer: bytes) -> int:
    """The platform's errcode; 0 also where a token is given."""
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return int(json.loads(answer.partition(b"\r\n\r\n")[2]).get("errcode", 0))


async def say(here: Office, raw: bytes, headers: str | None = None) -> bytes:
    reader, writer = await tunnel(here, headers=headers)
    writer.write(raw)
    try:
        return await answer_of(reader)
    finally:
        writer.close()


async def a_token(here: Office, name: str = "acme", secret: str = SECRET) -> str:
    query = "&".join(f"{key}={value}" for key, value in {**TOKEN, "secret": secret}.items())
    answer = await say(here, request("GET", f"/cgi-bin/token?{query}"), proof(name, secret))
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["access_token"])
