"""What a moderator does in the demonstration, by the guard's REST API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

from app.core.model import Disposition


@dataclass(frozen=True, slots=True)
class Judged:
    """What the guard made of one citizen's message."""

    wanted: str
    """What the bot wanted to say; empty: nothing usable."""
    disposition: str
    """release, hold, block; empty: there was nothing to judge."""
    quotes: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PendingHold:
    id: str
    version: int
    blocked: bool


class Missing(LookupError):
    """The guard does not show what must be there."""


@dataclass(slots=True)
class GuardApi:
    http: httpx.AsyncClient
    url: str
    token: str

    async def judged(self, user: str, within_s: float) -> Judged:
        """The finished exchange of `user`. Raises Missing."""
        end = monotonic() + within_s
        while monotonic() < end:
            for one in await self._items("/v1/exchanges"):
                if one["message"]["user"] == user and one["state"] != "claimed":
                    return _judged(one)
            await asyncio.sleep(0.2)
        raise Missing(f"no finished exchange of {user}")

    async def pending_hold(self, user: str) -> PendingHold:
        """The open hold of `user`. Raises Missing."""
        for one in await self._items("/v1/holds"):
            if one["message"]["user"] == user:
                blocked = one["verdict"]["disposition"] == Disposition.BLOCK
                return PendingHold(one["id"], one["version"], blocked)
        raise Missing(f"no open hold of {user}")

    async def approve(self, hold: PendingHold, reason: str) -> None:
        """A blocked draft goes out as it stands only if the moderator confirms it."""
        await self._decide(hold, "approve", {"reason": reason, "confirm": hold.blocked})

    async def edit(self, hold: PendingHold, text: str, reason: str) -> None:
        await self._decide(hold, "edit", {"text": text, "reason": reason, "confirm": False})

    async def _items(self, path: str) -> list[dict[str, Any]]:
        response = await self.http.get(self.url + path, params={"limit": "200"}, headers=self._headers())
        items: list[dict[str, Any]] = response.raise_for_status().json()["items"]
        return items

    async def _decide(self, hold: PendingHold, decision: str, how: Mapping[str, object]) -> None:
        response = await self.http.post(
            f"{self.url}/v1/holds/{hold.id}/{decision}",
            json={"version": hold.version, **how},
            headers=self._headers(),
        )
        response.raise_for_status()

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def _judged(exchange: Mapping[str, Any]) -> Judged:
    reply, verdict = exchange["reply"], exchange["verdict"]
    findings = [] if verdict is None else [one for one in verdict["findings"] if not one["shadow"]]
    return Judged(
        wanted="" if reply is None else reply["text"],
        disposition="" if verdict is None else verdict["disposition"],
        quotes=tuple(dict.fromkeys(one["quote"] for one in findings if one["quote"])),
        reasons=tuple(dict.fromkeys(one["why"] for one in findings)),
    )
