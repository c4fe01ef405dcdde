"""How a platform pushes: five seconds for an answer, then the same message again, a few times."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, time_ns

import httpx

from app.demo.answers import PassiveAnswer
from app.ports import SignedRequest


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an answer is waited for, and how often a push is sent in all.

    A push that failed at once is sent again only when its time would have been over: the platforms'
    documents give no pause of their own, and a guard that restarts needs those seconds.
    """

    answer_within_s: float = 5.0
    tries: int = 3


@dataclass(frozen=True, slots=True)
class Try:
    started_s: float
    """Seconds after the first try began."""
    took_s: float
    problem: str
    """Empty: answered with HTTP 200 in time. Else "timeout", "no-connection", "http-503", "lost"."""


@dataclass(frozen=True, slots=True)
class Pushed:
    tries: tuple[Try, ...]
    body: bytes | None
    """The answer; None: no try got one."""


@dataclass(frozen=True, slots=True)
class PushResult:
    """One message, from the platform's side."""

    user: str
    message_id: str
    asked_at: datetime
    tries: tuple[Try, ...]
    answer: PassiveAnswer | None
    """None: the account said nothing, or nothing usable."""
    problem: str
    """Empty: answered, be it with nothing. Else why the follower saw the fault notice."""

    def as_json(self) -> dict[str, object]:
        return {
            "user": self.user,
            "message_id": self.message_id,
            "asked_at": self.asked_at.isoformat(timespec="milliseconds"),
            "tries": [
                {"started_s": round(one.started_s, 3), "took_s": round(one.took_s, 3), "problem": one.problem}
                for one in self.tries
            ],
            "answer": None if self.answer is None else {"kind": self.answer.kind, "text": self.answer.text},
            "problem": self.problem,
        }


def flowing() -> asyncio.Event:
    """Set: resends go out when it is their time. Cleared: they wait, as at a platform that has much to do."""
    event = asyncio.Event()
    event.set()
    return event


def message_ids() -> Iterator[int]:
    """64-bit ids that never come again, also not after a restart."""
    return itertools.count(time_ns() // 1000)


async def push(
    http: httpx.AsyncClient,
    url: str,
    sign: Callable[[], SignedRequest],
    pace: Pace,
    lose_answers: int = 0,
    resends: asyncio.Event | None = None,
) -> Pushed:
    """POST one message until it is answered; each try is signed anew.

    The first `lose_answers` answers get lost on the way back, as when a network breaks. `resends`: see
    `flowing`; None: nothing holds them back.
    """
    tries: list[Try] = []
    begin = monotonic()
    for number in range(pace.tries):
        started = monotonic()
        body, problem = await _try(http, url, sign(), pace.answer_within_s)
        if not problem and number < lose_answers:
            problem = "lost"
        tries.append(Try(started - begin, monotonic() - started, problem))
        if not problem:
            return Pushed(tuple(tries), body)
        if number + 1 < pace.tries:
            await asyncio.sleep(max(0.0, pace.answer_within_s - (monotonic() - started)))
            if resends is not None:
                await resends.wait()
    return Pushed(tuple(tries), None)


async def _try(
    http: httpx.AsyncClient, url: str, signed: SignedRequest, within_s: float
) -> tuple[bytes, str]:
    """The body of the answer and an empty string, or what went wrong. Redirects are not followed."""
    try:
        async with asyncio.timeout(within_s):
            response = await http.post(
                url,
                params=dict(signed.query),
                content=signed.body,
                headers={"content-type": signed.media_type},
                timeout=None,
                follow_redirects=False,
            )
    except TimeoutError:
        return b"", "timeout"
    except httpx.RequestError:
        return b"", "no-connection"
    if response.status_code != 200:
        return b"", f"http-{response.status_code}"
    return response.content, ""
