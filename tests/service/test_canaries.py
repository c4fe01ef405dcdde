"""Test messages on the relay's own way: answered by us, looked for, reported."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.bypass import AlertKind
from app.core.canary import BOT, Canary
from app.core.errors import BotTimeout, Invalid
from app.core.model import Conversation, Disposition, Reply, Verdict
from app.core.records import ExchangeState
from app.ports import HoldFilter
from app.service.alarms import Alarms
from app.service.canaries import Canaries
from app.storage.alerts import SqlAlerts
from app.storage.watching import SqlWatching
from tests.service.stage import HOLDING, POLITE, Stage, stage
from tests.values import MOCKED, NOON, RELEASED, message

CANARY = Canary("hall", frozenset({"tester"}), "慎言值守", b"a secret of the office's own")
OURS = CANARY.text_at(NOON)
HOUR = timedelta(hours=1)


@dataclass
class Office:
    stage: Stage
    canaries: Canaries
    sent: int = 0

    async def tests(self, user: str = "tester") -> Reply | None:
        """What this account's keyword is answered with at once."""
        self.sent += 1
        now = self.stage.clock.now
        test = message(f"MsgId:{self.sent}", user=user, text="慎言值守", sent_at=now, received_at=now)
        return (await self.stage.relay.respond(test)).reply

    async def alerts(self) -> list[AlertKind]:
        return [one.kind for one in await self.canaries.alarms.records.open()]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        here.bot.reply = POLITE
        here.relay.canary = CANARY
        alarms = Alarms(SqlAlerts(here.store.database), here.heard, here.clock, here.review.new_id)
        records = SqlWatching(here.store.database)
        yield Office(here, Canaries({"hall": CANARY}, {"hall": HOUR}, records, alarms, here.clock, NOON))


async def test_the_testers_keyword_is_answered_by_us_and_no_bot_is_asked(office: Office) -> None:
    assert await office.tests() == Reply.of(OURS)
    assert office.stage.bot.asked == []
    (answered,) = (await office.stage.store.exchanges((ExchangeState.ANSWERED,), None, "", 10)).items
    assert answered.bot == BOT


async def test_a_citizens_is_a_question_like_any_other(office: Office) -> None:
    assert await office.tests("citizen-1") == POLITE


async def test_a_resend_gets_the_recorded_answer(office: Office) -> None:
    test = message(user="tester", text="慎言值守")
    assert (await office.stage.relay.respond(test)).kind == "reply"
    again = await office.stage.relay.respond(test)
    assert (again.kind, again.reply) == ("replay", Reply.of(OURS))


async def test_a_stopped_channel_still_says_that_it_is_we_who_answer(office: Office) -> None:
    office.stage.relay.stopped = lambda: True
    assert await office.tests() == Reply.of(OURS)
    assert await office.tests("citizen-1") == HOLDING


async def test_what_we_say_ourselves_is_checked_too(office: Office) -> None:
    def strict(reply: Reply, conversation: Conversation) -> Verdict:
        return MOCKED if "校验码" in reply.text else RELEASED

    office.stage.relay.check = strict
    assert await office.tests() == HOLDING
    (hold,) = (await office.stage.store.holds(HoldFilter())).items
    assert hold.verdict.disposition is Disposition.HOLD


async def test_a_bot_that_is_down_keeps_no_test_from_us(office: Office) -> None:
    office.stage.bot.reply = BotTimeout()
    assert await office.tests() == Reply.of(OURS)


async def test_no_test_message_for_too_long_is_told_until_one_comes(office: Office) -> None:
    await office.canaries.look()
    assert await office.alerts() == []
    office.stage.clock.forward(hours=1)
    for _ in range(3):
        await office.canaries.look()
    assert await office.alerts() == [AlertKind.CANARY_MISSING]
    await office.tests("citizen-1")
    await office.canaries.look()
    assert (await office.canaries.alarms.records.open())[0].over_at is None
    await office.tests()
    await office.canaries.look()
    (alert,) = await office.canaries.alarms.records.open()
    assert (alert.raised, alert.over_at) == (1, office.stage.clock.now)


async def test_each_one_that_comes_gives_another_interval(office: Office) -> None:
    for _ in range(3):
        await office.tests()
        office.stage.clock.forward(minutes=59)
        await office.canaries.look()
    assert await office.alerts() == []
    office.stage.clock.forward(minutes=1)
    await office.canaries.look()
    assert await office.alerts() == [AlertKind.CANARY_MISSING]


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        pytest.param(OURS, True, id="ours"),
        pytest.param("您好，我是小黄鸡。", False, id="somebody else's"),
        pytest.param("", False, id="nothing came back"),
    ],
)
async def test_a_report_that_is_not_ours_is_told(office: Office, text: str, ours: bool) -> None:
    assert await office.canaries.report("hall", text, "token:probe") is ours
    assert await office.alerts() == ([] if ours else [AlertKind.CANARY_WRONG])
    trail = [one async for one in office.stage.store.audit_trail()]
    assert [one.after for one in trail] == ([] if ours else ["reported by token:probe"])
    assert all(text not in one.after + one.reason for one in trail if text)


async def test_what_is_known_of_the_tests(office: Office) -> None:
    await office.tests()
    await office.canaries.report("hall", OURS, "li")
    sighting = await office.canaries.sighting("hall")
    assert sighting is not None
    assert (sighting.came_at, sighting.reported_at, sighting.reported_by) == (NOON, NOON, "li")
    assert await office.canaries.sighting("weibo") is None


async def test_a_channel_without_a_test_account_has_nothing_to_report(office: Office) -> None:
    with pytest.raises(Invalid):
        await office.canaries.report("weibo", OURS, "li")
