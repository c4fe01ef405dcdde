"""A bot that hangs on every call takes up its own channel's places; the other channel keeps its latency."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

from starlette.types import Receive, Scope, Send

from app.settings.channels import HOLDING_TEXT
from tests.e2e.surroundings import Town, listener, serving, town
from tests.e2e.test_conversation import Scripted

PLACES, PUSHES = 3, 30
BEFORE_AND_AFTER = 25
"""How many times the other channel is asked."""


@dataclass
class Hung:
    """A bot that takes every message and never answers."""

    asked: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        self.asked += 1
        if self.asked == PLACES:
            self.full.set()
        while (await receive())["type"] != "http.disconnect":
            pass


async def median_of_the_other(here: Town, first: int) -> float:
    took = []
    for user in range(first, first + BEFORE_AND_AFTER):
        began = perf_counter()
        await here.emulator.weibo.push(user, "text", "末班车几点？")
        took.append(perf_counter() - began)
        (heard,) = here.emulator.inbox.of(str(user))
        assert heard.text == "末班车晚上十点。"
    return median(took)


async def test_a_bot_that_hangs_for_ever_slows_no_other_channel(tmp_path: Path) -> None:
    hung, quick = Hung(), Scripted("末班车晚上十点。")
    async with serving(hung, listener()) as stuck, serving(quick, listener()) as url:
        bots = {
            "hall": {"kind": "chat", "url": stuck, "model": "m", "give_up_after_s": 5},
            "weibo": {"kind": "chat", "url": url, "model": "m"},
        }
        async with town(tmp_path, bots, bot_at_once=PLACES, answer_within_s=1.0) as here:
            alone = await median_of_the_other(here, 1_000)
            pushes = [
                asyncio.create_task(here.emulator.wechat.push(f"o-{n}", fields={"Content": "几点开门？"}))
                for n in range(PUSHES)
            ]
            async with asyncio.timeout(10):
                await hung.full.wait()
            beside = await median_of_the_other(here, 2_000)
            assert hung.asked == PLACES
            await asyncio.gather(*pushes)
            assert beside < 5 * alone
            heard = [[one.text for one in here.emulator.inbox.of(f"o-{n}")] for n in range(PUSHES)]
            assert heard == [[HOLDING_TEXT]] * PUSHES
            listed = await _listed(here, PUSHES - PLACES)
            assert {one["why"] for one in listed} == {"bot-busy"}
            metrics = (await here.http.get("/metrics")).text
            assert f'guard_share_full_total{{channel="hall",way="bot"}} {PUSHES - PLACES}.0' in metrics
            assert f'guard_share_taken{{channel="hall",way="bot"}} {PLACES}.0' in metrics


async def _listed(here: Town, many: int) -> list[dict[str, str]]:
    """Those of the stuck channel that a person will see, once there are so many."""
    async with asyncio.timeout(10):
        while True:
            answer = await here.http.get("/v1/exchanges", params={"state": "unanswered", "limit": 100})
            items: list[dict[str, str]] = answer.json()["items"]
            if len(items) >= many:
                return items
            await asyncio.sleep(0.05)
