"""While the records are away the citizen hears the holding text, and the message outlives the process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.core.errors import StoreError
from app.core.model import Message
from app.core.records import CLAIM_LEASE, Claim, DeliveryState, Exchange, ExchangeState
from app.service.relay import Answer
from app.storage.spool import Spool
from app.storage.sql import SqlStore
from tests.service.stage import HOLDING, MOCKING, POLITE, FlakyStore, Heard, Stage, stage
from tests.values import message

HELD = Answer(HOLDING, "holding")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.service.relay.STORE_RETRIES_S", (0.01,))


@dataclass
class Act:
    """One life of a process: its stage, the switch before its records, its spool."""

    here: Stage
    records: FlakyStore
    spool: Spool

    async def bring_in(self) -> None:
        assert self.here.spooling is not None
        await self.here.spooling.run_once()

    async def killed(self) -> None:
        """Nothing that was only in memory is ever written."""
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "_guarded" in str(task.get_coro()):
                task.cancel()
        await self.here.relay.drain(5)

    async def until_spooled(self, count: int = 1) -> None:
        async with asyncio.timeout(5):
            while self.spool.waiting != count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@asynccontextmanager
async def act(folder: Path, *, away: bool = False, answer_within_s: float = 0.1) -> AsyncIterator[Act]:
    switches: list[FlakyStore] = []
    spool = Spool(folder / "spool", 1_000_000, Heard())
    try:
        async with stage(folder, answer_within_s=answer_within_s, flaky=switches, spool=spool) as here:
            switches[0].away = away
            here.bot.may_answer.set()
            yield Act(here, switches[0], spool)
    finally:
        await spool.aclose()


async def listed(here: Stage) -> list[tuple[str, str, str]]:
    """State, why and answer of all that is on record."""
    page = await here.store.exchanges(list(ExchangeState), None, "", 50)
    return [(one.state.value, one.why, one.answer.text if one.answer else "") for one in page.items]


UNASKED = ("unanswered", "records-away", HOLDING.text)


async def test_on_the_usual_way_the_spool_is_not_touched(tmp_path: Path) -> None:
    async with act(tmp_path, answer_within_s=30) as now:
        assert await now.here.relay.respond(message()) == Answer(POLITE, "reply")
        assert not (tmp_path / "spool").exists()


async def test_the_holding_text_is_said_while_the_records_are_away_and_the_answer_is_sent_later(
    tmp_path: Path,
) -> None:
    """The relay that is still alive goes on; the spool is emptied, and the bot is asked once."""
    async with act(tmp_path, away=True) as now:
        assert await now.here.relay.respond(message()) == HELD
        assert (now.here.heard.spooled, now.spool.waiting) == (["MsgId:1"], 1)
        assert now.here.bot.asked == []
        now.here.clock.forward(minutes=5)
        await now.bring_in()  # a message that somebody is at is not for a person
        now.records.away = False
        await now.here.relay.drain(5)
        await now.until_spooled(0)
        await now.bring_in()
        assert await listed(now.here) == [("queued", "", HOLDING.text)]
        assert len(now.here.bot.asked) == 1
        await now.here.courier.run_once()
        assert now.here.platform.received == [("citizen-1", POLITE.text)]


async def test_after_a_kill_the_message_is_listed_for_a_person(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message()) == HELD
        await before.killed()
        assert await listed(before.here) == []
    async with act(tmp_path) as after:
        after.here.clock.forward(seconds=59)
        await after.bring_in()
        assert await listed(after.here) == []  # the platform may push it again
        after.here.clock.forward(seconds=1)
        await after.bring_in()
        await after.bring_in()
        assert await listed(after.here) == [UNASKED]
        assert after.spool.waiting == 0
        assert after.here.bot.asked == []
        assert await after.here.relay.respond(message()) == Answer(HOLDING, "replay")
    async with act(tmp_path) as later:
        later.here.clock.forward(hours=1)
        await later.bring_in()
        assert len(await listed(later.here)) == 1


async def fate(here: Stage) -> list[tuple[str, str]]:
    page = await here.store.deliveries(list(DeliveryState), None, "", 50)
    return [(one.state.value, one.reply.text) for one in page.items]


async def test_an_answer_on_record_that_may_have_been_heard_or_not_is_for_a_person(tmp_path: Path) -> None:
    """Recorded, killed before it left; the resend met records that were away and heard the holding text."""
    async with act(tmp_path, answer_within_s=30) as first:
        assert await first.here.relay.respond(message()) == Answer(POLITE, "reply")
    async with act(tmp_path, away=True) as second:
        assert await second.here.relay.respond(message()) == HELD
        await second.killed()
    async with act(tmp_path) as third:
        third.here.clock.forward(minutes=5)
        await third.bring_in()
        assert await listed(third.here) == [("queued", "", HOLDING.text)]
        assert await fate(third.here) == [("uncertain", POLITE.text)]
        await third.here.courier.run_once()
        assert third.here.platform.received == []
        assert third.spool.waiting == 0


async def test_the_relay_that_is_still_alive_doubts_it_too(tmp_path: Path) -> None:
    async with act(tmp_path, answer_within_s=30) as first:
        assert await first.here.relay.respond(message()) == Answer(POLITE, "reply")
    async with act(tmp_path, away=True) as second:
        assert await second.here.relay.respond(message()) == HELD
        second.records.away = False
        await second.here.relay.drain(5)
        assert await fate(second.here) == [("uncertain", POLITE.text)]
        await second.until_spooled(0)
        assert second.here.bot.asked == []


# --- an answer that is being recorded when its time is over -----------------------------------


async def test_killed_before_a_late_commit_is_confirmed_the_answer_is_for_a_person(tmp_path: Path) -> None:
    """On record it is answered; what the citizen heard is the holding text."""
    async with act(tmp_path) as before:
        before.records.confirms = asyncio.Event()
        assert await before.here.relay.respond(message()) == HELD
        assert before.spool.waiting == 1
        await before.killed()
        assert await listed(before.here) == [("answered", "", POLITE.text)]
    async with act(tmp_path) as after:
        after.here.clock.forward(minutes=5)
        await after.bring_in()
        assert await listed(after.here) == [("queued", "", HOLDING.text)]
        assert await fate(after.here) == [("uncertain", POLITE.text)]
        assert after.spool.waiting == 0


async def test_the_recorder_that_is_still_alive_has_it_delivered(tmp_path: Path) -> None:
    async with act(tmp_path) as now:
        now.records.confirms = asyncio.Event()
        assert await now.here.relay.respond(message()) == HELD
        now.records.confirms.set()
        await now.here.relay.drain(5)
        await now.until_spooled(0)
        await now.here.courier.run_once()
        assert now.here.platform.received == [("citizen-1", POLITE.text)]


async def test_an_answer_that_a_resend_has_heard_meanwhile_is_not_delivered_once_more(
    tmp_path: Path,
) -> None:
    async with act(tmp_path) as now:
        now.records.confirms = asyncio.Event()
        assert await now.here.relay.respond(message()) == HELD
        now.here.relay.answer_within = timedelta(seconds=30)
        assert await now.here.relay.respond(message()) == Answer(POLITE, "replay")
        now.records.confirms.set()
        await now.here.relay.drain(5)
        assert await fate(now.here) == [("uncertain", POLITE.text)]
        await now.here.courier.run_once()
        assert now.here.platform.received == []


async def test_a_twin_push_that_hears_the_holding_text_doubts_the_answer_of_the_other(
    tmp_path: Path,
) -> None:
    """Nobody knows which of the two the platform has shown."""
    async with act(tmp_path, answer_within_s=30) as now:
        now.here.bot.may_answer.clear()
        first = asyncio.create_task(now.here.relay.respond(message()))
        await now.here.bot.was_asked.wait()
        now.here.relay.answer_within = timedelta(seconds=0.05)
        assert await now.here.relay.respond(message()) == HELD
        assert now.spool.waiting == 1  # a kill here must not hide it
        now.here.bot.may_answer.set()
        assert await first == Answer(POLITE, "reply")
        await now.here.relay.drain(5)
        assert await fate(now.here) == [("uncertain", POLITE.text)]
        await now.until_spooled(0)


async def test_records_that_are_away_for_a_moment_cost_a_twin_push_nothing(tmp_path: Path) -> None:
    async with twins(tmp_path) as (now, first, second):
        now.records.away = True
        await until(lambda: ("store", "StoreError") in now.here.heard.failures)
        now.records.away = False
        now.here.bot.may_answer.set()
        assert await first == Answer(POLITE, "reply")
        assert await second == Answer(POLITE, "replay")


async def test_a_twin_push_that_breaks_doubts_the_answer_of_the_other(tmp_path: Path) -> None:
    """It hears the holding text at once; the other's answer comes on record afterwards."""
    async with twins(tmp_path) as (now, first, second):
        now.here.relay.backlog = 0  # so many wait for the records that nobody else may
        now.records.away = True
        assert await second == HELD
        assert now.spool.waiting == 1
        now.records.away = False
        now.here.bot.may_answer.set()
        assert await first == Answer(POLITE, "reply")
        now.here.clock.forward(minutes=5)
        await now.bring_in()
        assert await fate(now.here) == [("uncertain", POLITE.text)]
        assert now.spool.waiting == 0


@asynccontextmanager
async def twins(
    folder: Path,
) -> AsyncIterator[tuple[Act, asyncio.Task[Answer], asyncio.Task[Answer]]]:
    """Two pushes of one message; the bot is asked for the first, the second waits for its answer."""
    async with act(folder, answer_within_s=30) as now:
        now.here.bot.may_answer.clear()
        first = asyncio.create_task(now.here.relay.respond(message()))
        await now.here.bot.was_asked.wait()
        second = asyncio.create_task(now.here.relay.respond(message()))
        await asyncio.sleep(0.1)  # it has found the other's claim
        yield now, first, second


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_who_slept_past_its_lease_and_told_the_holding_text_doubts_who_took_over(
    tmp_path: Path,
) -> None:
    async with act(tmp_path) as now:
        now.here.bot.may_answer.clear()
        assert await now.here.relay.respond(message()) == HELD
        now.here.clock.now += CLAIM_LEASE + timedelta(seconds=1)
        now.here.relay.answer_within = timedelta(seconds=30)
        taken_over = asyncio.create_task(now.here.relay.respond(message()))
        await until(lambda: len(now.here.bot.asked) == 2)
        now.here.bot.may_answer.set()
        assert await taken_over == Answer(POLITE, "reply")
        await now.here.relay.drain(5)
        assert await fate(now.here) == [("uncertain", POLITE.text)]


async def test_what_the_spool_cannot_note_is_refused_and_the_resend_hears_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> str:
        raise StoreError("no space left")

    async with act(tmp_path) as now:
        now.records.confirms = asyncio.Event()
        with monkeypatch.context() as context:
            context.setattr(Spool, "keep", full)
            with pytest.raises(StoreError, match="not given"):
                await now.here.relay.respond(message())
        now.here.relay.answer_within = timedelta(seconds=30)
        assert await now.here.relay.respond(message()) == Answer(POLITE, "replay")
        now.records.confirms.set()
        await now.here.relay.drain(5)
        await now.here.courier.run_once()
        assert now.here.platform.received == []


async def test_a_claim_that_comes_back_too_late_doubts_the_answer_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No spool is needed for it: the timer's word went out because the message was on record."""
    async with act(tmp_path, answer_within_s=30) as first:
        assert await first.here.relay.respond(message()) == Answer(POLITE, "reply")
    real = SqlStore.claim

    async def slow(store: SqlStore, *what: object) -> object:
        await asyncio.sleep(0.15)
        return await real(store, *what)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "claim", slow)
    async with act(tmp_path) as second:
        assert await second.here.relay.respond(message()) == HELD
        await second.here.relay.drain(5)
        assert await fate(second.here) == [("uncertain", POLITE.text)]


async def test_a_silence_that_was_promised_to_be_broken_is_for_a_person(tmp_path: Path) -> None:
    async with act(tmp_path, answer_within_s=30) as first:
        first.here.bot.reply = None
        assert await first.here.relay.respond(message()) == Answer(None, "none")
    async with act(tmp_path, away=True) as second:
        assert await second.here.relay.respond(message()) == HELD
        second.records.away = False
        await second.here.relay.drain(5)
        assert await listed(second.here) == [("unanswered", "bot-silent", HOLDING.text)]


async def test_what_is_held_already_is_not_listed_once_more(tmp_path: Path) -> None:
    async with act(tmp_path) as first:
        first.here.bot.reply = MOCKING
        assert await first.here.relay.respond(message()) == HELD
    async with act(tmp_path, away=True) as second:
        assert await second.here.relay.respond(message()) == HELD
        await second.killed()
    async with act(tmp_path) as third:
        third.here.clock.forward(minutes=5)
        await third.bring_in()
        assert await listed(third.here) == [("held", "", HOLDING.text)]
        assert third.spool.waiting == 0


async def test_a_message_somebody_else_is_at_is_his(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message()) == HELD
        await before.killed()
    async with act(tmp_path) as after:
        now = after.here.clock.now
        other = Exchange("other-replica", message(), ExchangeState.CLAIMED, now + CLAIM_LEASE)
        await after.here.store.claim(other, now)
        after.here.clock.forward(seconds=60)
        await after.bring_in()
        assert await listed(after.here) == [("claimed", "", "")]
        assert after.spool.waiting == 0


async def test_killed_between_claim_and_end_it_is_listed_all_the_same(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message()) == HELD
        await before.killed()
    async with act(tmp_path) as killed:
        killed.here.clock.forward(minutes=2)

        async def amend(*_: object) -> None:
            raise StoreError("killed")

        killed.records.amend = amend  # type: ignore[assignment]
        await killed.bring_in()
        assert await listed(killed.here) == [("claimed", "", "")]
        assert killed.spool.waiting == 1
    async with act(tmp_path) as after:
        after.here.clock.forward(minutes=10)
        await after.bring_in()
        assert await listed(after.here) == [UNASKED]


async def test_while_the_records_stay_away_the_spool_waits(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message()) == HELD
        await before.killed()
    async with act(tmp_path, away=True) as after:
        after.here.clock.forward(minutes=5)
        with pytest.raises(StoreError):
            await after.bring_in()
        assert after.spool.waiting == 1
        after.records.away = False
        await after.bring_in()
        assert await listed(after.here) == [UNASKED]


async def test_past_the_backlog_messages_are_kept_for_a_person(tmp_path: Path) -> None:
    async with act(tmp_path, away=True, answer_within_s=30) as now:
        now.here.relay.backlog = 0
        assert await now.here.relay.respond(message()) == HELD  # at once: nobody goes on trying
        now.records.away = False
        now.here.clock.forward(minutes=1)
        await now.bring_in()
        assert await listed(now.here) == [UNASKED]


async def test_after_a_moments_trouble_the_answer_is_in_time_and_nothing_was_kept(tmp_path: Path) -> None:
    async with act(tmp_path, away=True, answer_within_s=30) as now:
        push = asyncio.create_task(now.here.relay.respond(message()))
        await asyncio.sleep(0.1)
        now.records.away = False
        assert await push == Answer(POLITE, "reply")
        assert now.here.heard.spooled == []


async def test_a_bug_before_the_message_is_on_record_keeps_it_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async with act(tmp_path) as now:
        with monkeypatch.context() as patch:
            patch.setattr(SqlStore, "claim", broken)
            assert await now.here.relay.respond(message()) == HELD
            now.here.clock.forward(minutes=1)
            await now.bring_in()
            assert now.spool.waiting == 1
        await now.bring_in()
        assert await listed(now.here) == [UNASKED]


async def test_one_that_cannot_be_written_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with act(tmp_path, away=True) as before:
        pushes = [message(f"MsgId:{number}") for number in range(3)]
        assert [await before.here.relay.respond(one) for one in pushes] == [HELD] * 3
        await before.killed()
    real = SqlStore.claim

    async def picky(store: SqlStore, exchange: Exchange, *more: object) -> object:
        if exchange.message.key == "MsgId:0":
            raise RuntimeError("a bug")
        return await real(store, exchange, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "claim", picky)
    async with act(tmp_path) as after:
        after.here.clock.forward(minutes=1)
        await after.bring_in()
        assert await listed(after.here) == [UNASKED] * 2
        assert after.spool.waiting == 1


async def test_records_that_go_away_half_way_are_not_asked_for_each_message_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.spooling.AT_ONCE", 1)
    async with act(tmp_path, away=True) as before:
        for number in range(5):
            assert await before.here.relay.respond(message(f"MsgId:{number}")) == HELD
        await before.killed()
    async with act(tmp_path) as after:
        after.here.clock.forward(minutes=1)
        tried: list[str] = []

        async def goes_away(exchange: Exchange, now: datetime) -> Claim:
            tried.append(exchange.message.key)
            after.records.away = True
            raise StoreError("away")

        with monkeypatch.context() as patch:
            patch.setattr(after.records, "claim", goes_away)
            with pytest.raises(StoreError):
                await after.bring_in()
        assert len(tried) == 1
        after.records.away = False
        await after.bring_in()
        assert await listed(after.here) == [UNASKED] * 5


async def test_another_message_under_a_known_name_is_dropped_and_told(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message(raw=b"another body")) == HELD
        await before.killed()
    async with act(tmp_path) as after:
        await after.here.relay.respond(message())
        after.here.clock.forward(minutes=1)
        await after.bring_in()
        assert ("spool", "BodyChanged") in after.here.heard.failures
        assert after.spool.waiting == 0


async def test_what_takes_no_passive_answer_is_kept_too(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        assert await before.here.relay.respond(message(passive=False)) == Answer(None, "none")
        await before.killed()
    async with act(tmp_path) as after:
        after.here.clock.forward(minutes=1)
        await after.bring_in()
        assert await listed(after.here) == [("unanswered", "records-away", "")]


@dataclass
class Broken:
    """A spool on a disk that is full, or (`hangs`) one that does not answer."""

    hangs: bool = False

    async def keep(self, message: Message) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        raise StoreError("no space")

    async def drop(self, names: Collection[str]) -> None: ...

    async def adopt(self) -> Mapping[str, Message]:
        return {}


@pytest.mark.parametrize("hangs", [False, True], ids=["full", "hangs"])
async def test_what_neither_the_records_nor_the_spool_take_is_refused_in_time(
    tmp_path: Path, hangs: bool
) -> None:
    switches: list[FlakyStore] = []
    async with stage(tmp_path, answer_within_s=0.05, flaky=switches, spool=Broken(hangs)) as here:
        switches[0].away = True
        here.bot.may_answer.set()
        async with asyncio.timeout(2):
            with pytest.raises(StoreError):
                await here.relay.respond(message())
        assert here.bot.asked == []
        switches[0].away = False
        await here.relay.drain(5)
        assert (await here.store.find_exchange("hall", "MsgId:1")).state is ExchangeState.QUEUED


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with act(tmp_path, away=True) as before:
        ahead = replace(message(), received_at=before.here.clock.now.replace(hour=23))
        assert await before.here.relay.respond(ahead) == HELD
        await before.killed()
    async with act(tmp_path) as after:
        await after.bring_in()
        assert await listed(after.here) == [UNASKED]
