"""Another system hands in a text; a person decides; the system is told, whatever fails or dies in between."""

import asyncio
import hashlib
import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.surroundings import API_TOKEN, listener, serving, settings_for, town
from tests.e2e.test_process import guard
from tests.web.test_docs import verifier

TOKEN, SECRET = "sy_press", "callback-secret"
COLD, POLITE = "自己看公告去。", "您好，请您带身份证到一楼窗口办理。"


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def tokens(url: str) -> dict[str, Any]:
    press = {
        "sha256": hashed(TOKEN),
        "scopes": ["replies"],
        "channels": ["hall"],
        "callback_url": url,
        "callback_secret": SECRET,
    }
    duty = {"sha256": hashed(API_TOKEN), "scopes": ["holds:read", "holds:decide"]}
    return {"press": press, "duty": duty}


@dataclass
class Editors:
    """The submitter's own server: it answers with the next of `statuses`, then with 204."""

    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((headers, body))
        status = self.statuses.pop(0) if self.statuses else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        self.heard.set()

    async def next(self, within_s: float = 20) -> dict[str, Any]:
        """The next post, its signature proven with the function that docs/api.md shows."""
        async with asyncio.timeout(within_s):
            await self.heard.wait()
        self.heard.clear()
        headers, body = self.asked[-1]
        proof = headers["x-shenyan-timestamp"], headers["x-shenyan-signature"]
        assert verifier()(SECRET, *proof, body)
        told: dict[str, Any] = json.loads(body)
        assert headers["idempotency-key"] == told["id"]
        return told


@dataclass(frozen=True, slots=True)
class Press:
    """Both sides' hands: what hands in, and what decides."""

    http: httpx.AsyncClient

    async def hand_in(self, text: str, key: str = "k-1") -> httpx.Response:
        body = {"channel": "hall", "text": text, "reference": "稿 8"}
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        return await self.http.post("/v1/replies", json=body, headers=headers)

    async def look(self, name: str) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/replies/{name}", headers={"Authorization": f"Bearer {TOKEN}"})
        told: dict[str, Any] = answer.json()
        return told

    async def edit(self, hold_id: str, text: str) -> None:
        answer = await self.http.post(
            f"/v1/holds/{hold_id}/edit",
            json={"version": 1, "text": text},
            headers={"Authorization": f"Bearer {API_TOKEN}"},
        )
        assert answer.status_code == 200, answer.text

    async def callback_is(self, name: str, state: str, why: str = "") -> dict[str, Any]:
        """What is told of it, once its callback is in this state."""
        async with asyncio.timeout(20):
            while True:
                told = await self.look(name)
                if (told["callback"]["state"], told["callback"]["why"]) == (state, why):
                    return told
                await asyncio.sleep(0.05)


@asynccontextmanager
async def press(url: str) -> AsyncIterator[Press]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
        yield Press(http)


async def test_a_text_is_held_edited_and_told_of_signed(tmp_path: Path) -> None:
    editors = Editors()
    bot = {"kind": "chat", "url": "http://127.0.0.1:9/v1/chat/completions", "model": "m"}
    async with serving(editors, listener()) as url:
        tables = {"api_tokens": tokens(url)}
        async with town(tmp_path, {"hall": bot}, tables=tables) as here, press(here.url) as hands:
            released = await hands.hand_in(POLITE, "k-0")
            assert (released.status_code, released.json()["text"]) == (201, POLITE)
            held = await hands.hand_in(COLD)
            assert (held.status_code, held.json()["text"]) == (202, None)
            assert (await hands.hand_in(COLD)).json() == held.json()
            await hands.edit(held.json()["hold_id"], POLITE)
            told = await editors.next()
            assert (told["status"], told["text"], told["reference"]) == ("edited", POLITE, "稿 8")
            assert told["reply_id"] == held.json()["id"]
            now = await hands.callback_is(held.json()["id"], "sent")
            assert (now["status"], now["text"], now["callback"]["attempts"]) == ("edited", POLITE, 1)
        assert len(editors.asked) == 1


@pytest.mark.timeout(120)
async def test_killed_before_the_callback_arrived_a_new_process_sends_it(tmp_path: Path) -> None:
    editors = Editors(statuses=[503])
    async with serving(editors, listener()) as url:
        tables = "".join(
            f"[api_tokens.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.items())
            for name, one in tokens(url).items()
        )
        async with guard(tmp_path, "http://127.0.0.1:9", tables) as first, press(first.url) as hands:
            held = (await hands.hand_in(COLD)).json()
            await hands.edit(held["hold_id"], POLITE)
            refused = await editors.next()
            await hands.callback_is(held["id"], "queued", "http: status 503")
            first.process.send_signal(signal.SIGKILL)
            await first.process.wait()
        async with guard(tmp_path, "http://127.0.0.1:9", tables) as second, press(second.url) as hands:
            assert (await hands.look(held["id"]))["status"] == "edited"
            taken = await editors.next()
            assert taken == refused  # the same id: a receiver drops what it has seen
            now = await hands.callback_is(held["id"], "sent")
            assert now["callback"]["attempts"] == 2
            replayed = await hands.hand_in(COLD)
            assert replayed.json()["text"] == POLITE
    assert len(editors.asked) == 2


def test_an_address_without_a_secret_is_no_configuration(tmp_path: Path) -> None:
    lone = {"sha256": hashed(TOKEN), "scopes": ["replies"], "callback_url": "http://cms/"}
    bot = {"kind": "chat", "url": "http://bot/", "model": "m"}
    with pytest.raises(ValueError, match="a callback_url needs a callback_secret"):
        settings_for(tmp_path, "safe", "http://api", {"hall": bot}, {"api_tokens": {"press": lone}})
