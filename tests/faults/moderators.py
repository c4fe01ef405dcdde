"""Three people at one queue. They take from its top, so they meet; what they decide is in the ledger."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.faults.guards import Fleet
from tests.faults.ledger import Attempt, Ledger, Reception
from tests.faults.script import BOT_SAYS, EDITED, SUBSTITUTE, Act, markers_in

WAIT_FOR_S = 8.0
LOOK_AT = 6
"""Of the queue's first so many they take one: often the same."""


def token_of(name: str) -> str:
    return f"sy_{name}"


def _words(reply: Mapping[str, Any], marker: str) -> str:
    """What a citizen sees of a reply; a picture shows itself."""
    return str(reply["text"]) or BOT_SAYS[Act.PICTURE].format(marker)


@dataclass(slots=True)
class Moderator:
    name: str
    fleet: Fleet
    ledger: Ledger
    chance: random.Random
    http: aiohttp.ClientSession
    known: dict[str, str]
    """Markers by the ids of exchanges, shared by all three: a picture bears none in words."""
    pause_s: tuple[float, float] = (0.05, 0.4)

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.chance.uniform(*self.pause_s))
            match self.chance.random():
                case share if share < 0.8:
                    await self._decide_a_hold()
                case share if share < 0.95:
                    await self._look_after_a_delivery()
                case _:
                    await self._close_an_unanswered()

    async def _decide_a_hold(self) -> None:
        holds = await self._list("/v1/holds", {"limit": "20"})
        if not holds:
            return
        hold = self.chance.choice(holds[:LOOK_AT])
        marker = (markers_in(hold["message"]["text"]) or [""])[0]
        self.known[hold["exchange_id"]] = marker
        action, body = self._ruling(hold, marker)
        drafted = _words(hold["reply"], marker) if action == "approve" else ""
        await self._act(
            f"hold.{action}",
            f"hold:{hold['id']}",
            f"/v1/holds/{hold['id']}/{'notes' if action == 'note' else action}",
            {"version": hold["version"], **body},
            version=hold["version"],
            marker=marker,
            text=body.get("text") or body.get("substitute") or drafted,
        )

    def _ruling(self, hold: Mapping[str, Any], marker: str) -> tuple[str, dict[str, Any]]:
        """An act of theirs and what the API wants for it. Each text of a person's names its author."""
        sign = f" {self.name}"
        match self.chance.choices(
            ["edit", "approve", "reject", "substitute", "claim", "release", "note", "transfer"],
            [30, 30, 8, 8, 8, 4, 6, 6],
        )[0]:
            case "edit":
                return "edit", {"text": EDITED.format(marker) + sign, "reason": "改"}
            case "approve":
                return "approve", {"confirm": True, "reason": "看过，可以"}
            case "substitute":
                return "reject", {"substitute": SUBSTITUTE.format(marker) + sign, "reason": "换"}
            case "transfer":
                return "transfer", {"to": "市信访局", "reason": "转"}
            case action:
                return action, {"reason": "记"}

    async def _look_after_a_delivery(self) -> None:
        """Send again what failed; of what nobody knows the fate they ask the citizen first."""
        stopped = await self._list(
            "/v1/deliveries", [("state", "uncertain"), ("state", "failed"), ("limit", "20")]
        )
        if not stopped:
            return
        one = self.chance.choice(stopped[:LOOK_AT])
        conversation = self.ledger.conversations.get(self.known.get(one["exchange_id"], ""))
        conversation = conversation or self.ledger.of_text(one["reply"]["text"])
        if conversation is None:
            return
        text = _words(one["reply"], conversation.line.marker)
        has_it = any(receipt.text == text for receipt in conversation.receipts)
        action = "confirm" if has_it else "retry"
        await self._act(
            f"delivery.{action}",
            f"delivery:{one['id']}",
            f"/v1/deliveries/{one['id']}/{action}",
            {"reason": "问过市民"},
            version=0,
            marker=conversation.line.marker,
            text="" if has_it else text,
        )

    async def _close_an_unanswered(self) -> None:
        listed = await self._list("/v1/exchanges", {"state": "unanswered", "limit": "20"})
        if not listed:
            return
        one = self.chance.choice(listed)
        marker = (markers_in(one["message"]["text"]) or [""])[0]
        path = f"/v1/exchanges/{one['id']}/close"
        await self._act(
            "exchange.close",
            f"exchange:{one['id']}",
            path,
            {"reason": "电话答复"},
            version=0,
            marker=marker,
            text="",
        )

    # --- asking the guards --------------------------------------------------------------------

    async def _list(self, path: str, query: Any) -> list[dict[str, Any]]:
        guard = self.fleet.by_turns()[0]
        try:
            async with (
                asyncio.timeout(WAIT_FOR_S),
                self._asking("GET", guard.url + path, params=query) as response,
            ):
                found = await response.json() if response.status == 200 else {}
                return list(found.get("items", ()))
        except (aiohttp.ClientError, TimeoutError):
            return []

    async def _act(
        self,
        action: str,
        subject: str,
        path: str,
        body: Mapping[str, Any],
        *,
        version: int,
        marker: str,
        text: str,
    ) -> None:
        guard = self.fleet.by_turns()[0]
        status = 0
        try:
            async with (
                asyncio.timeout(WAIT_FOR_S),
                self._asking("POST", guard.url + path, json=body) as response,
            ):
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        finally:  # also when the day ends in the middle of it: it may have been heard
            heard = Reception.UNKNOWN if status in (0, 500, 503) else Reception.REFUSED
            heard = Reception.ACCEPTED if status == 200 else heard
            self.ledger.attempts.append(
                Attempt(time.monotonic(), self.name, action, subject, version, marker, text, heard, status)
            )

    def _asking(self, method: str, url: str, **more: Any) -> Any:
        return self.http.request(
            method, url, headers={"Authorization": f"Bearer {token_of(self.name)}"}, **more
        )
