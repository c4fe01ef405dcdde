"""The platform's time runs from its first byte, wherever that lay."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from app.core.model import Message
from app.service.relay import Answer
from app.web.bounded_http import BEGAN
from app.web.lateness import EVERY_S, Lateness
from app.web.webhooks import Hook, Webhooks
from tests.service.stage import Heard, ToyClock, ToyCodec
from tests.values import message

HALT_S = 0.3


@dataclass
class Noting:
    """Answers nothing; knows how long each message had waited."""

    waited_s: list[float] = field(default_factory=list)

    async def respond(self, message: Message, waited_s: float) -> Answer:
        self.waited_s.append(waited_s)
        return Answer(None, "none")


class Reading(ToyCodec):
    def decode(self, query: object, body: bytes, now: object) -> Message:
        return message()


async def waited(lateness: Lateness, began: float | None) -> float:
    """Of a push whose first byte was read then."""
    relay, sent = Noting(), list[object]()
    webhooks = Webhooks({"hall": Hook(Reading(), relay)}, Heard(), ToyClock(), 1_000, 1.0, lateness)
    scope = {"type": "http", "method": "POST", "path": "/hooks/hall", "query_string": b"", "headers": []}
    state = {} if began is None else {"state": {BEGAN: began}}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"<xml/>", "more_body": False}

    async def send(event: object) -> None:
        sent.append(event)

    await webhooks({**scope, **state}, receive, send)
    return relay.waited_s[0]


@pytest.fixture
async def halted() -> Lateness:
    """Its loop has just been busy with something else."""
    lateness = Lateness()
    running = asyncio.create_task(lateness.run())
    await asyncio.sleep(3 * EVERY_S)
    time.sleep(HALT_S)  # noqa: ASYNC251  # which is what must not happen, and does
    await asyncio.sleep(EVERY_S / 2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return lateness


async def test_what_was_read_after_a_halt_may_have_waited_for_as_long(halted: Lateness) -> None:
    now = asyncio.get_running_loop().time()
    assert halted.before(now) >= HALT_S - EVERY_S
    assert await waited(halted, now) >= HALT_S - EVERY_S
    assert halted.before(now + 1) == 0


async def test_a_body_that_took_its_time_took_it_from_the_answers() -> None:
    now = asyncio.get_running_loop().time()
    assert await waited(Lateness(), now - 2.5) >= 2.5


async def test_without_a_note_of_its_beginning_a_push_began_when_it_was_handed_on() -> None:
    assert 0 <= await waited(Lateness(), None) < 1
