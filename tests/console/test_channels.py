"""一键停机: from one click on, no bot of the channel is heard."""

import asyncio

import pytest

from app.core.identity import Role
from app.core.records import ExchangeState, HoldState
from app.service.switches import Switches
from app.storage.switches import SqlSwitches
from tests.console.desk import Desk
from tests.service.stage import HOLDING, POLITE
from tests.values import message


async def test_a_stopped_channel_says_the_holding_text_and_asks_no_bot(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open("/console/channels")
    page = await li.submit("/console/channels/hall/stop", reason="机器人失控")
    assert "已停机：hall" in page.text
    here.stage.bot.reply = POLITE
    answer = await here.stage.relay.respond(message())
    assert answer.reply == HOLDING
    assert here.stage.bot.asked == []
    (listed,) = (await here.stage.store.exchanges((ExchangeState.UNANSWERED,), None, "", 10)).items
    assert listed.why == "stopped"
    page = await li.open("/console/unanswered")
    assert "频道已停机" in page.text


async def test_a_bot_that_was_asked_before_is_not_heard_either(here: Desk) -> None:
    here.stage.bot.reply = POLITE
    here.stage.bot.may_answer.clear()
    answering = asyncio.create_task(here.stage.relay.respond(message()))
    await here.stage.bot.was_asked.wait()
    await here.switches.stop("hall", "li", "失控")
    here.stage.bot.may_answer.set()
    assert (await answering).reply == HOLDING


async def test_a_resumed_channel_answers_again(here: Desk) -> None:
    await here.switches.stop("hall", "li", "失控")
    await here.switches.resume("hall", "li", "修好了")
    here.stage.bot.reply = POLITE
    assert (await here.stage.relay.respond(message())).reply == POLITE
    actions = [entry.action async for entry in here.stage.store.audit_trail()]
    assert actions == ["channel.stop", "channel.resume"]


async def test_another_process_hears_of_it(here: Desk) -> None:
    other = Switches(
        SqlSwitches(here.database), here.stage.review.coordinator, here.stage.heard, here.stage.clock
    )
    await here.switches.stop("hall", "li", "失控")
    await other.look()
    assert other.is_stopped("hall")
    assert other.stopped["hall"].reason == "失控"


@pytest.mark.parametrize("reason", ["", "  "])
async def test_nothing_is_stopped_without_a_reason(here: Desk, reason: str) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open("/console/channels")
    page = await li.submit("/console/channels/hall/stop", reason=reason)
    assert page.status_code == 422
    assert not here.switches.is_stopped("hall")


async def test_a_channel_nobody_has_is_not_stopped(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open("/console/channels")
    assert (await li.submit("/console/channels/none/stop", reason="试")).status_code == 404


async def test_holds_can_still_be_decided_while_a_channel_is_stopped(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    held = await here.held()
    await here.switches.stop("hall", "li", "失控")
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/approve")
    assert (await here.hold(held.id)).state is HoldState.APPROVED
