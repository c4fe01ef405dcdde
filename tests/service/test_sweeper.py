"""What time or a crash has left behind is found and put where a person sees it."""

import asyncio
from datetime import timedelta
from pathlib import Path

from app.core.model import SendWindow
from app.core.records import DeliveryState, ExchangeState, HoldState
from app.ports import HoldFilter
from tests.service.stage import MOCKING, Stage, stage
from tests.values import NOON, message


async def holds(here: Stage, state: HoldState) -> int:
    return len((await here.store.holds(HoldFilter(states=(state,)))).items)


async def test_a_hold_expires_with_its_window_and_stays_listed(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = MOCKING
        here.bot.may_answer.set()
        await here.relay.respond(message(window=SendWindow(NOON + timedelta(minutes=1), 3, reviewable=False)))
        await here.sweeper.run_once()
        assert await holds(here, HoldState.EXPIRED) == 0
        here.clock.forward(minutes=2)
        await here.sweeper.run_once()
        assert await holds(here, HoldState.EXPIRED) == 1
        entries = [entry async for entry in here.store.audit_trail()]
        assert [(entry.actor, entry.action) for entry in entries] == [("system", "hold.expire")]


async def test_a_delivery_whose_courier_vanished_is_uncertain(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        await here.relay.respond(message(passive=False))
        await here.store.due(here.clock(), 10, timedelta(seconds=60))  # a courier leases it and dies
        await here.sweeper.run_once()
        here.clock.forward(seconds=61)
        await here.sweeper.run_once()
        (delivery,) = (await here.store.deliveries([DeliveryState.UNCERTAIN], None, "", 10)).items
        assert delivery.why == "courier-lost"
        assert await here.courier.run_once() == 0


async def test_a_message_nobody_finished_is_listed_after_the_platform_has_stopped_resending(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        push = asyncio.create_task(here.relay.respond(message()))
        await here.bot.was_asked.wait()
        here.clock.forward(seconds=91)
        await here.sweeper.run_once()
        assert (await here.store.find_exchange("hall", "MsgId:1")).state is ExchangeState.CLAIMED
        here.clock.forward(seconds=61)
        await here.sweeper.run_once()
        listed = await here.store.find_exchange("hall", "MsgId:1")
        assert (listed.state, listed.why) == (ExchangeState.UNANSWERED, "crash")
        here.bot.may_answer.set()
        assert (await push).kind == "replay"  # too late to count: it hears what was recorded
