"""A hold without a draft on its page, and a conversation handed back to the bot."""

from app.core.identity import Role
from app.core.records import HoldState
from app.ports import HoldFilter
from app.service.takeovers import Reception
from tests.console.desk import Desk
from tests.values import message


async def test_a_person_answers_and_hands_back(here: Desk) -> None:
    reception = Reception("hall", here.takeovers, lambda one: False, {}, lambda: "ruleset-1")
    here.stage.relay.reception = reception
    await here.stage.relay.respond(message("MsgId:1", text="转人工"))
    (hold,) = (await here.stage.store.holds(HoldFilter())).items
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    page = await li.open(f"/console/holds/{hold.id}")
    assert "市民要求人工，机器人没有被问到" in page.text
    assert "这位市民由人工接待" in page.text
    page = await li.submit(f"/console/holds/{hold.id}/approve")
    assert page.status_code == 422
    assert "没有可放行的回复" in page.text
    await li.submit(f"/console/holds/{hold.id}/hand-back")
    assert here.takeovers.standing("hall", hold.user) is None
    await li.open(f"/console/holds/{hold.id}")
    await li.submit(f"/console/holds/{hold.id}/edit", text="我是工作人员，请讲。")
    assert (await here.hold(hold.id)).state is HoldState.EDITED


async def test_holds_without_a_draft_are_no_group(here: Desk) -> None:
    here.stage.relay.reception = Reception("hall", here.takeovers, lambda one: False, {}, lambda: "ruleset-1")
    for number in range(2):
        await here.stage.relay.respond(message(f"MsgId:{number}", user=f"c-{number}", text="转人工"))
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    assert "相同" not in (await li.open("/console/queue")).text
    holds = (await here.stage.store.holds(HoldFilter())).items
    assert "几乎一样" not in (await li.open(f"/console/holds/{holds[0].id}")).text
