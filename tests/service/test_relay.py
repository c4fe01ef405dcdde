"""The way of a message, with everything that can go wrong on it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import BodyChanged, BotError, BotTimeout, StoreError
from app.core.model import Reply
from app.core.records import ExchangeState
from app.ports import HoldFilter
from app.service.relay import Answer
from app.storage.spool import Spool
from app.storage.sql import SqlStore
from tests.service.stage import (
    BLOCKING,
    ENDLESS,
    HOLDING,
    MOCKING,
    POLITE,
    FlakyStore,
    Heard,
    Stage,
    stage,
)
from tests.values import message

HELD = Answer(HOLDING, "holding")


async def state_of(here: Stage, key: str = "MsgId:1") -> ExchangeState:
    return (await here.store.find_exchange("hall", key)).state


@pytest.mark.parametrize(
    ("reply", "answer", "state"),
    [
        pytest.param(POLITE, Answer(POLITE, "reply"), ExchangeState.ANSWERED, id="a good reply goes out"),
        pytest.param(MOCKING, HELD, ExchangeState.HELD, id="a mocking one is held"),
        pytest.param(BLOCKING, HELD, ExchangeState.HELD, id="a blocked one is held"),
        pytest.param(ENDLESS, HELD, ExchangeState.HELD, id="one too long for the platform is held"),
        pytest.param(None, Answer(None, "none"), ExchangeState.SILENT, id="silence is passed on"),
        pytest.param(BotTimeout(), HELD, ExchangeState.UNANSWERED, id="a late bot"),
        pytest.param(BotError(code="http-500"), HELD, ExchangeState.UNANSWERED, id="a broken bot"),
    ],
)
async def test_respond(
    tmp_path: Path, reply: Reply | Exception | None, answer: Answer, state: ExchangeState
) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = reply
        here.bot.may_answer.set()
        assert await here.relay.respond(message()) == answer
        assert await state_of(here) is state


async def test_a_held_reply_stands_in_the_queue_with_its_verdict(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = MOCKING
        here.bot.may_answer.set()
        await here.relay.respond(message())
        (held,) = (await here.store.holds(HoldFilter())).items
        assert (held.reply, held.verdict.findings[0].rule) == (MOCKING, "mockery.x")


async def test_a_resend_after_the_answer_gets_the_recorded_answer_and_the_bot_hears_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        await here.relay.respond(message())
        here.bot.reply = Reply.of("换了说法。")
        assert await here.relay.respond(message()) == Answer(POLITE, "replay")
        assert len(here.bot.asked) == 1


async def test_resends_while_the_first_is_under_way_share_its_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        pushes = [asyncio.create_task(here.relay.respond(message())) for _ in range(3)]
        await here.bot.was_asked.wait()
        here.bot.may_answer.set()
        answers = await asyncio.gather(*pushes)
        assert {answer.reply for answer in answers} == {POLITE}
        assert len(here.bot.asked) == 1


async def test_a_known_message_with_another_body_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        await here.relay.respond(message())
        with pytest.raises(BodyChanged):
            await here.relay.respond(message(raw=b"<xml>another</xml>"))


async def test_a_late_reply_that_passes_is_delivered(tmp_path: Path) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        assert await here.relay.respond(message()) == HELD
        here.bot.may_answer.set()
        await here.relay.drain(5)
        assert await state_of(here) is ExchangeState.QUEUED
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_time_that_was_over_before_a_message_was_read_is_not_there_for_the_bot(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        async with asyncio.timeout(20):  # of 30
            assert await here.relay.respond(message(), waited_s=29.95) == HELD
        here.bot.may_answer.set()


async def test_a_late_reply_that_mocks_is_held(tmp_path: Path) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        here.bot.reply = MOCKING
        assert await here.relay.respond(message()) == HELD
        here.bot.may_answer.set()
        await here.relay.drain(5)
        assert await state_of(here) is ExchangeState.HELD


async def test_a_resend_of_a_message_whose_answer_came_late_hears_the_same_holding_text(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        await here.relay.respond(message())
        here.bot.may_answer.set()
        await here.relay.drain(5)
        here.relay.answer_within = timedelta(seconds=30)
        assert await here.relay.respond(message()) == Answer(HOLDING, "replay")


async def test_an_answer_that_becomes_durable_too_late_is_delivered_instead(tmp_path: Path) -> None:
    switches: list[FlakyStore] = []
    spool = Spool(tmp_path / "spool", 1_000_000, Heard())
    async with stage(tmp_path, answer_within_s=0.02, flaky=switches, spool=spool) as here:
        switches[0].slow = asyncio.Event()
        here.bot.may_answer.set()
        assert await here.relay.respond(message()) == HELD
        switches[0].slow.set()
        await here.relay.drain(5)
        assert await state_of(here) is ExchangeState.QUEUED
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_while_the_records_are_away_nobody_is_told_that_a_message_was_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.relay.STORE_RETRIES_S", (0.01,))
    switches: list[FlakyStore] = []
    async with stage(tmp_path, answer_within_s=0.03, flaky=switches) as here:
        switches[0].away = True
        here.bot.may_answer.set()
        with pytest.raises(StoreError):  # killed now, it would be gone: the platform is to push it again
            await here.relay.respond(message())
        assert here.bot.asked == []  # the bot hears of a message only once it is durable
        switches[0].away = False
        await here.relay.drain(5)
        assert await state_of(here) is ExchangeState.QUEUED
        assert await here.relay.respond(message()) == Answer(HOLDING, "replay")


async def test_a_bug_before_the_message_is_on_record_is_no_word_of_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async with stage(tmp_path) as here:
        monkeypatch.setattr(SqlStore, "claim", broken)
        with pytest.raises(StoreError):
            await here.relay.respond(message())


async def test_writes_whose_confirmation_was_lost_are_found_and_the_answer_leaves(tmp_path: Path) -> None:
    """The claim's, then the record's: neither is done twice, and the bot is asked once."""
    switches: list[FlakyStore] = []
    async with stage(tmp_path, flaky=switches) as here:
        switches[0].unheard = 2
        here.bot.may_answer.set()
        assert await here.relay.respond(message()) == Answer(POLITE, "reply")
        assert len(here.bot.asked) == 1
        assert await state_of(here) is ExchangeState.ANSWERED


async def test_an_answer_recorded_but_confirmed_too_late_to_leave_is_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record says "answered", and nobody has heard it: it must not stay so."""
    monkeypatch.setattr("app.service.relay.STORE_RETRIES_S", (2.5,))
    switches: list[FlakyStore] = []
    spool = Spool(tmp_path / "spool", 1_000_000, Heard())
    async with stage(tmp_path, answer_within_s=1.5, flaky=switches, spool=spool) as here:
        claimed = asyncio.create_task(here.relay.respond(message()))
        await here.bot.was_asked.wait()
        switches[0].unheard = 1
        here.bot.may_answer.set()
        assert await claimed == HELD
        await here.relay.drain(5)
        assert await state_of(here) is ExchangeState.QUEUED
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_past_the_backlog_pushes_are_refused_so_that_the_platform_tells_the_citizen(
    tmp_path: Path,
) -> None:
    switches: list[FlakyStore] = []
    async with stage(tmp_path, flaky=switches) as here:
        switches[0].away = True
        here.relay.backlog = 0
        with pytest.raises(StoreError):
            await here.relay.respond(message())


async def test_a_bug_on_the_way_leaves_the_citizen_with_the_holding_text_and_the_message_on_record(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = RuntimeError("a bug")
        here.bot.may_answer.set()
        assert await here.relay.respond(message()) == HELD
        assert await state_of(here) is ExchangeState.CLAIMED
        here.clock.forward(minutes=5)
        await here.sweeper.run_once()
        assert await state_of(here) is ExchangeState.UNANSWERED


async def test_a_message_orphaned_by_a_crash_is_taken_over_by_its_resend(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        first = asyncio.create_task(here.relay.respond(message()))
        await here.bot.was_asked.wait()
        await here.store.orphan_claims(here.clock())  # as a restart after kill -9 does
        here.bot.was_asked.clear()
        here.clock.forward(seconds=5)
        resend = asyncio.create_task(here.relay.respond(message()))
        await here.bot.was_asked.wait()
        here.bot.may_answer.set()
        assert await resend == Answer(POLITE, "reply")
        assert await first == Answer(POLITE, "replay")  # the sleeper finds its claim taken over
        assert len(here.bot.asked) == 2


async def test_the_bot_hears_the_conversation_so_far(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        await here.relay.respond(message())
        here.clock.forward(seconds=30)
        await here.relay.respond(message("MsgId:2", received_at=here.clock(), text="周六呢？"))
        (turn,) = here.bot.heard[1].turns
        assert (turn.asked, turn.answered) == ("办事大厅几点开门？", POLITE.text)


async def test_a_comment_gets_no_passive_answer_but_a_delivery(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        assert await here.relay.respond(message(passive=False)) == Answer(None, "none")
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_two_citizens_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        slow = asyncio.create_task(here.relay.respond(message()))
        await here.bot.was_asked.wait()
        here.bot.was_asked.clear()
        quick = asyncio.create_task(here.relay.respond(replace(message("MsgId:2"), user="citizen-2")))
        await here.bot.was_asked.wait()
        here.bot.may_answer.set()
        assert {(await slow).kind, (await quick).kind} == {"reply"}


async def test_what_may_be_under_way_is_bounded_and_the_platform_sends_the_rest_again(tmp_path: Path) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        here.relay.most_under_way = 2
        for key in ("MsgId:1", "MsgId:2"):
            assert await here.relay.respond(message(key)) == HELD  # late: each goes on behind its answer
        with pytest.raises(StoreError):
            await here.relay.respond(message("MsgId:3"))
        here.bot.may_answer.set()
        await here.relay.drain(5)
        here.relay.answer_within = timedelta(seconds=30)
        assert (await here.relay.respond(message("MsgId:3"))).reply == POLITE


async def test_where_it_is_crowded_a_message_is_written_down_and_the_bot_is_not_asked(tmp_path: Path) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        here.relay.crowded_at = 2
        for key in ("MsgId:1", "MsgId:2"):
            here.bot.was_asked.clear()
            assert await here.relay.respond(message(key)) == HELD  # late: each goes on behind its answer
            await here.bot.was_asked.wait()
        here.relay.answer_within = timedelta(seconds=30)
        assert await here.relay.respond(message("MsgId:3")) == HELD
        listed = await here.store.find_exchange("hall", "MsgId:3")
        assert (listed.state, listed.why, len(here.bot.asked)) == (ExchangeState.UNANSWERED, "bot-busy", 2)
        here.bot.may_answer.set()
        await here.relay.drain(5)
        assert (await here.relay.respond(message("MsgId:4"))).reply == POLITE
