"""Faults on demand: what a platform's API does on a bad day, set by path, used up by count."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

GARBAGE = b"\x00\xff<html>{{{\xe6\x94"


class FaultKind(StrEnum):
    REFUSE = "refuse"
    """A well-formed refusal with `errcode`; the request has no effect."""
    HANG = "hang"
    """The request is read and never answered; it has no effect."""
    DROP = "drop after reading"
    """The request is read, the connection closed without a byte; it has no effect."""
    DROP_AFTER_DOING = "drop after doing"
    """The request takes effect, the connection is closed without a byte."""
    SERVER_ERROR = "500"
    GARBAGE = "garbage"
    """HTTP 200 with bytes that are neither JSON nor text; the request has no effect."""


@dataclass(frozen=True, slots=True)
class Fault:
    path: str
    kind: FaultKind
    errcode: int | str = ""
    """As it is to stand in the JSON: Weibo sends numbers and strings."""
    times: int = 1

    @classmethod
    def of(cls, wanted: Mapping[str, object]) -> Self:
        """Read `{"path": ..., "errcode": ... | "kind": ..., "times": ...}`. Raises ValueError."""
        path, errcode, times = wanted.get("path"), wanted.get("errcode", ""), wanted.get("times", 1)
        if not isinstance(path, str) or not path.startswith("/"):
            raise ValueError("path: a string that starts with / is needed")
        if not isinstance(errcode, int | str) or not isinstance(times, int) or times < 1:
            raise ValueError("errcode: a number or a string; times: a whole number from 1")
        kind = FaultKind(str(wanted.get("kind", FaultKind.REFUSE)))
        if kind is FaultKind.REFUSE and errcode == "":
            raise ValueError("errcode is needed, or kind: " + ", ".join(FaultKind))
        return cls(path, kind, errcode, times)


def refusal(path: str, code: int | str, text: str = "emulated fault") -> dict[str, object]:
    """The error object of the platform whose path this is. Weibo's paths start with /2/."""
    if path.startswith("/2/"):
        return {"request": path, "error_code": code, "error": text}
    return {"errcode": code, "errmsg": f"{text} rid: emulator-0"}


def refusal_status(path: str) -> int:
    """WeChat refuses with HTTP 200, Weibo with HTTP 400."""
    return 400 if path.startswith("/2/") else 200


@dataclass(slots=True)
class Faults:
    """Stands before an ASGI application; the oldest fault of a path is used up first."""

    app: ASGIApp
    _waiting: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        self._waiting.setdefault(fault.path, []).append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> object:
        fault = self._take(scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            return await self.app(scope, receive, send)  # type: ignore[func-returns-value]
        if fault.kind is FaultKind.DROP_AFTER_DOING:
            await self.app(scope, receive, _nowhere)
            return fault.kind
        await _read(receive)
        match fault.kind:
            case FaultKind.HANG:
                await _until_disconnected(receive)
            case FaultKind.DROP:
                # uvicorn closes the connection at once when an application returns anything.
                return fault.kind
            case FaultKind.SERVER_ERROR:
                await _respond(send, 500, b"Internal Server Error")
            case FaultKind.GARBAGE:
                await _respond(send, 200, GARBAGE)
            case FaultKind.REFUSE:
                body = json.dumps(refusal(fault.path, fault.errcode)).encode()
                await _respond(send, refusal_status(fault.path), body)
        return None

    def _take(self, path: str) -> Fault | None:
        waiting = self._waiting.get(path)
        if not waiting:
            return None
        fault = waiting.pop(0)
        if fault.times > 1:
            waiting.insert(0, replace(fault, times=fault.times - 1))
        return fault


async def _nowhere(_event: Message) -> None:
    """Swallows an answer."""


async def _read(receive: Receive) -> None:
    while (event := await receive()).get("more_body", False) and event["type"] == "http.request":
        pass


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
