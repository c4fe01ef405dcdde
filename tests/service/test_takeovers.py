"""People take over: the bot is not asked, and it stays so until they hand back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.core.errors import Invalid, StoreError
from app.core.label import Label
from app.core.model import Message, Reply
from app.core.records import AuditEntry, Decision, DeliveryState, HoldState
from app.core.review import Ruling
from app.core.takeover import Reason, Takeover
from app.ports import HoldFilter
from app.service.takeovers import Reception, Takeovers
from app.storage.takeovers import SqlTakeovers
from tests.service.stage import HOLDING, POLITE, Stage, stage
from tests.values import NOON, message

ASKED, DANGER = Reply.of("已为您转给工作人员。"), Reply.of("请立即拨打110。")


@dataclass
class Office:
    stage: Stage
    takeovers: Takeovers

    async def says(self, text: str, user: str = "citizen-1", at: datetime = NOON) -> Reply | None:
        """What this citizen hears at once."""
        number = len(self.stage.bot.asked) + len(await self.held()) + self.counted
        self.counted += 1
        answer = await self.stage.relay.respond(
            message(f"MsgId:{number}-{text}", user=user, text=text, received_at=at)
        )
        return answer.reply

    async def held(self) -> list[str]:
        page = await self.stage.store.holds(HoldFilter(limit=100))
        return [finding.rule for hold in page.items for finding in hold.verdict.findings]

    @property
    def asked(self) -> list[str]:
        return [one.text for one in self.stage.bot.asked]

    counted: int = 0


def grave(received: Message) -> bool:
    return "着火" in received.text


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        here.bot.reply = POLITE
        takeovers = Takeovers(
            SqlTakeovers(here.store.database),
            here.review.coordinator,
            here.heard,
            here.clock,
            {"hall": timedelta(hours=2)},
        )
        here.relay.reception = Reception(
            "hall", takeovers, grave, {Reason.ASKED: ASKED, Reason.EMERGENCY: DANGER}, lambda: "ruleset-1"
        )
        yield Office(here, takeovers)


async def test_an_ordinary_question_goes_to_the_bot(office: Office) -> None:
    assert await office.says("几点开门？") == POLITE
    assert (office.asked, await office.held()) == (["几点开门？"], [])


@pytest.mark.parametrize(
    ("text", "heard", "rule"),
    [
        pytest.param("转人工", ASKED, "system.takeover-asked", id="asks for a person"),
        pytest.param("楼下着火了", DANGER, "system.takeover-emergency", id="is in danger"),
    ],
)
async def test_the_bot_is_not_asked_and_a_person_finds_it(
    office: Office, text: str, heard: Reply, rule: str
) -> None:
    assert await office.says(text) == heard
    assert (office.asked, await office.held()) == ([], [rule])


async def test_it_stays_with_people_until_they_hand_it_back(office: Office) -> None:
    await office.says("转人工")
    assert await office.says("路灯坏了") == HOLDING
    assert await office.held() == ["system.takeover-asked", "system.takeover-standing"]
    assert await office.says("几点开门？", user="citizen-2") == POLITE
    await office.takeovers.hand_back("hall", "citizen-1", "li")
    assert await office.says("那几点开门？") == POLITE


async def test_a_conversation_that_rests_goes_back_to_the_bot(office: Office) -> None:
    await office.says("转人工")
    office.stage.clock.forward(hours=1, minutes=59)
    assert await office.says("路灯坏了") == HOLDING
    office.stage.clock.forward(hours=1, minutes=59)  # since the citizen wrote last
    assert await office.says("还有井盖") == HOLDING
    office.stage.clock.forward(hours=2)
    assert await office.says("几点开门？") == POLITE


async def test_the_same_question_twice_is_a_persons(office: Office) -> None:
    await office.says("路灯坏了谁来修")
    await office.says("路灯坏了，谁来修？？")
    assert (len(office.asked), await office.held()) == (1, ["system.takeover-repeated"])


async def test_what_is_asked_again_another_day_is_the_bots(office: Office) -> None:
    await office.says("路灯坏了谁来修")
    office.stage.clock.forward(minutes=31)
    assert await office.says("路灯坏了谁来修", at=office.stage.clock()) == POLITE


async def test_thanks_may_be_said_twice(office: Office) -> None:
    for _ in range(2):
        assert await office.says("谢谢") == POLITE


async def test_anger_at_an_answer_is_a_persons(office: Office) -> None:
    await office.says("路灯坏了谁来修")
    await office.says("答非所问")
    assert await office.held() == ["system.takeover-angry"]


async def test_another_process_and_a_restart_know_it(office: Office) -> None:
    await office.says("转人工")
    other = replace(office.takeovers, _taken={})
    assert other.standing("hall", "citizen-1") is None
    await other.look()
    assert other.standing("hall", "citizen-1") is not None


async def test_a_person_answers_a_hold_without_a_draft(office: Office) -> None:
    await office.says("转人工")
    (hold,) = (await office.stage.store.holds(HoldFilter())).items
    assert hold.reply.text == ""
    with pytest.raises(Invalid):
        await office.stage.review.decide(hold.id, Ruling(Decision.APPROVE, "li", 1, "看过", confirm=True))
    ruling = Ruling(Decision.EDIT, "li", 1, reply=Reply.of("我是工作人员，请讲。"))
    after = await office.stage.review.decide(hold.id, ruling)
    assert after.state is HoldState.EDITED
    await office.stage.courier.run_once()
    assert office.stage.platform.received == [("citizen-1", "我是工作人员，请讲。")]


async def test_a_label_is_on_the_bots_words_and_not_on_a_persons(office: Office) -> None:
    office.stage.behave(label=Label("（人工智能生成）"))
    assert await office.says("几点开门？") == Reply.of("办事大厅九点开门。\n（人工智能生成）")
    await office.says("转人工")
    (hold,) = (await office.stage.store.holds(HoldFilter())).items
    await office.stage.review.decide(
        hold.id, Ruling(Decision.EDIT, "li", 1, reply=Reply.of("我是工作人员。"))
    )
    await office.stage.courier.run_once()
    page = await office.stage.store.deliveries((DeliveryState.DELIVERED,), None, "", 10)
    assert [one.reply.text for one in page.items] == ["我是工作人员。"]


async def test_records_that_are_away_do_not_send_the_message_to_the_bot(office: Office) -> None:
    class Away(SqlTakeovers):
        async def take(self, takeover: Takeover, audit: AuditEntry) -> None:
            raise StoreError("away")

    office.takeovers.records = Away(office.stage.store.database)
    assert await office.says("转人工") == ASKED
    assert (office.asked, await office.held()) == ([], ["system.takeover-asked"])
    assert [where for where, _ in office.stage.heard.failures] == ["takeovers"]
