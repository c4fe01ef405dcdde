"""What people do with holds, deliveries and unanswered messages."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import (
    BotTimeout,
    Conflict,
    FateUnknown,
    Invalid,
    NeedsConfirmation,
    Undeliverable,
)
from app.core.model import Category, Finding, Menu, MenuItem, Message, Reply, SendWindow, Severity, Text
from app.core.records import Decision, DeliveryState, ExchangeState, Hold, HoldState
from app.core.review import Ruling
from app.ports import HoldFilter
from app.service.review import Desk, Review
from tests.service.stage import BLOCKING, ENDLESS, MOCKING, POLITE, Stage, ToyCodec, stage, toy_check
from tests.values import message


async def held(here: Stage, reply: Reply = MOCKING) -> Hold:
    here.bot.reply = reply
    here.bot.may_answer.set()
    await here.relay.respond(message())
    (hold,) = (await here.store.holds(HoldFilter())).items
    return hold


def ruling(hold: Hold, decision: Decision, **words: Any) -> Ruling:
    return Ruling(decision, "李审核", hold.version, **words)


async def test_an_approved_reply_is_delivered_and_audited(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        settled = await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))
        assert settled.state is HoldState.APPROVED
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", MOCKING.text)]
        (entry,) = [entry async for entry in here.store.audit_trail()]
        assert (entry.actor, entry.action, json.loads(entry.after)["text"]) == (
            "李审核",
            "hold.approve",
            MOCKING.text,
        )


async def test_an_edited_reply_is_checked_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        with pytest.raises(NeedsConfirmation):
            await here.review.decide(hold.id, ruling(hold, Decision.EDIT, reply=Reply.of("呵呵，好的。")))
        await here.review.decide(hold.id, ruling(hold, Decision.EDIT, reply=POLITE))
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_a_finding_is_overruled_with_a_confirmation_and_a_reason_that_stay_on_record(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        words = {"reply": Reply.of("“呵呵”系引用。"), "confirm": True, "reason": "引用来信原文"}
        await here.review.decide(hold.id, ruling(hold, Decision.EDIT, **words))
        (entry,) = [entry async for entry in here.store.audit_trail()]
        assert json.loads(entry.after)["confirmed_findings"] == ["mockery.x"]
        assert entry.reason == "引用来信原文"


async def test_a_blocked_draft_does_not_go_out_by_one_click(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here, BLOCKING)
        with pytest.raises(NeedsConfirmation):
            await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))


@pytest.mark.parametrize("decision", [Decision.APPROVE, Decision.EDIT])
async def test_no_confirmation_helps_a_text_the_platform_does_not_take(
    tmp_path: Path, decision: Decision
) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here, ENDLESS)
        words = {"reply": ENDLESS} if decision is Decision.EDIT else {}
        with pytest.raises(Invalid, match="回复过长"):
            await here.review.decide(
                hold.id, ruling(hold, decision, confirm=True, reason="一定要发", **words)
            )


async def test_a_rejection_may_say_something_else_instead(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        rejected = await here.review.decide(
            hold.id, ruling(hold, Decision.REJECT, reply=POLITE, reason="语气不当")
        )
        assert rejected.state is HoldState.REJECTED
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_a_rejection_alone_sends_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        await here.review.decide(hold.id, ruling(hold, Decision.REJECT, reason="语气不当"))
        assert await here.courier.run_once() == 0


async def test_of_two_moderators_one_wins(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))
        with pytest.raises(Conflict) as lost:
            await here.review.decide(hold.id, ruling(hold, Decision.REJECT, reason="语气不当"))
        assert (lost.value.by, lost.value.state) == ("李审核", "approved")
        await here.courier.run_once()
        assert len(here.platform.received) == 1


async def test_approving_past_the_window_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        here.clock.forward(hours=49)
        with pytest.raises(Undeliverable):
            await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))


async def test_the_citizens_next_message_opens_the_window_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        here.clock.forward(hours=47)
        here.bot.reply = POLITE
        window = SendWindow(here.clock() + timedelta(hours=48), 5)
        await here.relay.respond(message("MsgId:2", received_at=here.clock(), window=window))
        here.clock.forward(hours=2)
        settled = await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))
        assert settled.state is HoldState.APPROVED


async def test_an_uncertain_delivery_waits_for_a_person_who_says_what_happened(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))
        here.platform.answers = [FateUnknown()]
        await here.courier.run_once()
        (doubted,) = (await here.store.deliveries([DeliveryState.UNCERTAIN], None, "", 10)).items
        confirmed = await here.review.confirm_delivery(doubted.id, "李审核", "后台可见")
        assert confirmed.state is DeliveryState.DELIVERED
        with pytest.raises(Conflict):
            await here.review.retry_delivery(doubted.id, "王审核", "再发一次")


async def test_a_person_may_send_an_uncertain_delivery_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hold = await held(here)
        await here.review.decide(hold.id, ruling(hold, Decision.APPROVE))
        here.platform.answers = [FateUnknown()]
        await here.courier.run_once()
        (doubted,) = (await here.store.deliveries([DeliveryState.UNCERTAIN], None, "", 10)).items
        await here.review.retry_delivery(doubted.id, "李审核", "市民说没收到")
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", MOCKING.text)]


async def test_an_unanswered_message_is_closed_by_a_person_with_a_reason(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = BotTimeout()
        here.bot.may_answer.set()
        await here.relay.respond(message())
        listed = await here.store.find_exchange("hall", "MsgId:1")
        with pytest.raises(Invalid):
            await here.review.close_exchange(listed.id, "李审核", " ")
        closed = await here.review.close_exchange(listed.id, "李审核", "已电话答复")
        assert closed.state is ExchangeState.CLOSED
        with pytest.raises(Conflict):
            await here.review.close_exchange(listed.id, "王审核", "已电话答复")


async def test_a_menu_can_be_approved_though_it_has_no_passive_form(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        menu = Reply((Menu("请选择呵呵", (MenuItem("1", "社保"),)),))
        here.relay.codec = NoForm()
        hold = await held(here, menu)
        settled = await reviewing(here).decide(hold.id, ruling(hold, Decision.APPROVE))
        assert settled.final == menu


async def test_several_parts_cannot_be_approved_for_nothing_could_send_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.relay.codec = NoForm()
        hold = await held(here, Reply((Text("呵呵"), Text("您好"))))
        with pytest.raises(Invalid, match="没有这种形式"):
            await reviewing(here).decide(hold.id, ruling(hold, Decision.APPROVE, confirm=True, reason="要发"))


class NoForm(ToyCodec):
    """A platform whose passive answer is one text and nothing else."""

    def objections(self, message: Message, reply: Reply) -> Sequence[Finding]:
        if len(reply.parts) == 1 and isinstance(reply.parts[0], Text):
            return ()
        return (Finding("system.no-form", Category.SYSTEM, Severity.MEDIUM, "没有这种形式"),)


def reviewing(here: Stage) -> Review:
    return replace(here.review, desks={"hall": Desk(toy_check, NoForm())})
