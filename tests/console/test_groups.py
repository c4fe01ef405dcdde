"""Near-identical replies are decided together, or not at all."""

from dataclasses import replace

from app.core.identity import Role
from app.core.model import Severity
from app.core.records import HoldState
from tests.console.desk import Desk
from tests.values import MOCKED


async def test_one_decision_for_all_that_are_ticked(here: Desk) -> None:
    first, second, third = [await here.held(key=f"MsgId:{n}", user=f"citizen-{n}") for n in range(3)]
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    page = await li.open(f"/console/groups/{first.id}")
    assert page.text.count('name="member"') == 3
    ticked = {"member": [f"{one.id}:1" for one in (first, second)]}
    await li.submit(f"/console/groups/{first.id}/reject", reason="嘲讽", **ticked)
    states = [(await here.hold(one.id)).state for one in (first, second, third)]
    assert states == [HoldState.REJECTED, HoldState.REJECTED, HoldState.PENDING]


async def test_a_member_that_somebody_changed_meanwhile_is_left_alone(here: Desk) -> None:
    first, second = [await here.held(key=f"MsgId:{n}", user=f"citizen-{n}") for n in range(2)]
    li, wang = await here.somebody("li", Role.DUTY_REVIEWER), await here.somebody("wang", Role.LEADER)
    await li.open(f"/console/groups/{first.id}")
    await wang.open(f"/console/holds/{second.id}")
    await wang.submit(f"/console/holds/{second.id}/approve")
    members = {"member": [f"{first.id}:1", f"{second.id}:1"]}
    page = await li.submit(f"/console/groups/{first.id}/reject", reason="嘲讽", **members)
    assert "已经不在这一组里" in page.text
    assert (await here.hold(second.id)).decided_by == "wang"
    assert (await here.hold(first.id)).state is HoldState.REJECTED


async def test_what_is_severe_is_never_decided_in_bulk(here: Desk) -> None:
    (finding,) = MOCKED.findings
    severe = replace(MOCKED, findings=(replace(finding, severity=Severity.HIGH),))
    here.stage.relay.check = lambda reply, conversation: severe
    first, second = [await here.held(key=f"MsgId:{n}", user=f"citizen-{n}") for n in range(2)]
    leader = await here.somebody("leader", Role.LEADER)
    page = await leader.open(f"/console/groups/{first.id}")
    assert "不能一起处理" in page.text
    assert 'name="member"' not in page.text
    for step in ("approve", "reject"):
        ticked = {"member": [f"{first.id}:1", f"{second.id}:1"]}
        page = await leader.submit(f"/console/groups/{first.id}/{step}", reason="辱骂", **ticked)
        assert page.status_code == 403
    assert {(await here.hold(one.id)).version for one in (first, second)} == {1}


async def test_the_queue_and_the_hold_point_to_the_group_and_to_earlier_decisions(here: Desk) -> None:
    done, first, _second = [await here.held(key=f"MsgId:{n}", user=f"citizen-{n}") for n in range(3)]
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{done.id}")
    await li.submit(f"/console/holds/{done.id}/reject", reason="嘲讽市民")
    assert "相同 2 条" in (await li.open("/console/queue")).text
    page = await li.open(f"/console/holds/{first.id}")
    assert "还有 1 条回复和它几乎一样" in page.text
    assert "嘲讽市民" in page.text
