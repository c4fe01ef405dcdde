"""Vendors whose host name is compiled in come by the forward proxy; whoever is none of them comes by nothing."""

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

import httpx
import pytest
import requests
from wechatpy import WeChatClient
from werobot.client import Client as WeRoBotClient

from app.web.forward_proxy.authority import make_authority
from app.web.forward_proxy.server import ForwardProxy
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import APP_ID, Town, listener, town
from tests.e2e.test_conversation import webhook_bot
from tests.e2e.test_second_door import CITIZEN, POLITE, RUDE, SECRET, SEND, held, message, pushed, vendor

HOST = "api.weixin.qq.com"
OTHER_SECRET = "the-other-vendors"
TOKEN = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}


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
        told = self.town.guard.forward_proxy.watch.registry.collect()  # type: ignore[union-attr,attr-defined]
        return {
            sample.labels["reason"]: int(sample.value)
            for metric in told
            for sample in metric.samples
            if sample.name == "guard_proxy_refusals_total"
        }


@asynccontextmanager
async def office(folder: Path, people: Mapping[str, Any] | None = None, **bounds: int) -> AsyncIterator[Office]:
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


@pytest.fixture
def as_a_vendor(monkeypatch: pytest.MonkeyPatch) -> Any:
    """All that a vendor sets: two variables of its environment."""

    def set_(here: Office) -> None:
        for name in ("NO_PROXY", "no_proxy", "https_proxy", "http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", here.url())
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(here.ca))
        monkeypatch.setenv("SSL_CERT_FILE", str(here.ca))

    return set_


# --- vendors' libraries, unmodified -----------------------------------------------------------


async def test_wechatpy_pushes_and_the_citizen_has_it(tmp_path: Path, as_a_vendor: Any) -> None:
    async with office(tmp_path) as here:
        as_a_vendor(here)
        client = WeChatClient(APP_ID, SECRET)
        answer = await asyncio.to_thread(client.message.send_text, CITIZEN, POLITE)
        assert (answer["errcode"], pushed(here.town)) == (0, [POLITE])
