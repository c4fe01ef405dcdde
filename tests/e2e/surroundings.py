"""The real guard on a loopback port, before it a platform whose crypto is not ours."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from defusedxml.ElementTree import fromstring
from starlette.types import ASGIApp
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from app.demo.emulator import Accounts, Emulator, make_emulator
from app.demo.pushing import Pace
from app.demo.wechat_account import WeChatAccount
from app.demo.wechat_wire import WeChatWire
from app.demo.weibo_account import WeiboAccount
from app.main import Guard, running_guard
from app.ports import SignedRequest
from app.settings.whole import Settings

TOKEN = "PlatformToken26"
APP_ID = "wx0123456789abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_SECRET = "platform-app-secret"
API_TOKEN = "sy_moderator"
WEIBO_SECRET = "weibo-app-secret"
WEIBO_TOKEN = "weibo-access-token"


@dataclass(frozen=True, slots=True)
class Town:
    """Everything a test may play with."""

    guard: Guard
    url: str
    emulator: Emulator
    http: httpx.AsyncClient
    """Signed in as a moderator."""


def peer_wire(mode: str) -> WeChatWire:
    """The platform's side on wechatpy's crypto: nothing of ours signs, seals or opens."""
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID)

    def signature(timestamp: str, nonce: str) -> str:
        signer = WeChatSigner()
        signer.add_data(TOKEN, timestamp, nonce)
        return str(signer.signature)

    def seal(plain: bytes) -> SignedRequest:
        timestamp, nonce = str(int(datetime.now(UTC).timestamp())), "1847263950"
        query = {"signature": signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        if mode == "plaintext":
            return SignedRequest(query, plain, "text/xml")
        sealed = fromstring(crypto.encrypt_message(plain.decode(), nonce, timestamp))
        encrypted = sealed.findtext("Encrypt")
        query |= {"encrypt_type": "aes", "msg_signature": str(sealed.findtext("MsgSignature"))}
        element = f"<Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        body = (
            f"<xml><ToUserName><![CDATA[gh_hall]]></ToUserName>{element}</xml>"
            if mode == "safe"
            else plain.decode().removesuffix("</xml>") + f"{element}</xml>"
        )
        return SignedRequest(query, body.encode(), "text/xml")

    def open_answer(body: bytes) -> bytes:
        if mode == "plaintext":
            return body
        answer = fromstring(body)
        wanted = ("MsgSignature", "TimeStamp", "Nonce")
        opened = crypto.decrypt_message(body, *(answer.findtext(name) for name in wanted))
        return opened.encode() if isinstance(opened, str) else opened

    return WeChatWire(seal, open_answer)


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket) -> AsyncIterator[str]:
    """uvicorn in this loop, until the block ends."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", http="httptools")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    host, port = listening.getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def settings_for(
    folder: Path,
    mode: str,
    api: str,
    bots: Mapping[str, Any],
    tables: Mapping[str, Any] | None = None,
    weibo: Mapping[str, Any] | None = None,
    **channel: Any,
) -> Settings:
    """One WeChat channel `hall` and one Weibo channel `weibo`, each with the bot of that name.

    `tables`: further ones of the configuration; `weibo`, `channel`: what is different at the two.
    """
    facts: dict[str, Any] = {
        "storage": {"url": f"sqlite:///{folder}/records.db"},
        "courier": {"poll_every_s": 0.05},
        "bots": bots,
        "channels": {
            "hall": {
                "platform": "wechat",
                "bot": "hall",
                "app_id": APP_ID,
                "token": TOKEN,
                "mode": mode,
                "app_secret": APP_SECRET,
                "api_base": api,
                **({} if mode == "plaintext" else {"aes_key": AES_KEY}),
                **channel,
            },
            "weibo": {
                "platform": "weibo",
                "bot": "weibo" if "weibo" in bots else "hall",
                "app_secret": WEIBO_SECRET,
                "access_token": WEIBO_TOKEN,
                "api_base": api,
                "comment_api_base": api,
                **(weibo or {}),
            },
        },
        "api_tokens": {
            "duty": {
                "sha256": hashlib.sha256(API_TOKEN.encode()).hexdigest(),
                "scopes": ["holds:read", "holds:decide", "deliveries:read", "deliveries:decide", "check"],
            }
        },
        **(tables or {}),
    }
    return Settings.model_validate(facts)


@asynccontextmanager
async def town(
    folder: Path,
    bots: Mapping[str, Any],
    mode: str = "safe",
    tables: Mapping[str, Any] | None = None,
    weibo: Mapping[str, Any] | None = None,
    **channel: Any,
) -> AsyncIterator[Town]:
    """Platform, guard and its workers; the bots are the test's."""
    api_socket, guard_socket = listener(), listener()
    api = f"http://127.0.0.1:{api_socket.getsockname()[1]}"
    settings = settings_for(folder, mode, api, bots, tables, weibo, **channel)
    async with running_guard(settings) as guard, serving(guard.app, guard_socket) as url:
        accounts = Accounts(
            WeChatAccount("gh_hall", APP_ID, APP_SECRET, TOKEN, mode, AES_KEY),  # type: ignore[arg-type]
            WeiboAccount(1902538057, WEIBO_SECRET, WEIBO_TOKEN),
            f"{url}/hooks/hall",
            f"{url}/hooks/weibo",
            Pace(),
        )
        client = httpx.AsyncClient(trust_env=False)
        emulator = make_emulator(accounts, client, peer_wire(mode))
        moderator = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {API_TOKEN}"}, trust_env=False
        )
        async with client, moderator, serving(emulator.app, api_socket):  # type: ignore[arg-type]
            yield Town(guard, url, emulator, moderator)
