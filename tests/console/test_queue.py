"""The queue's filters, its clocks, and what the platform still takes."""

import pytest

from app.core.identity import Role
from tests.console.desk import Desk, Person


@pytest.fixture
async def li(here: Desk) -> Person:
    return await here.somebody("li", Role.DUTY_REVIEWER)


async def test_a_row_tells_the_window_and_the_messages_left(here: Desk, li: Person) -> None:
    await here.held()
    page = await li.open("/console/queue")
    assert "窗口还有" in page.text
    assert "还能发 5 条" in page.text


async def test_what_was_decided_is_found_by_how(here: Desk, li: Person) -> None:
    held = [await here.held(key=f"MsgId:{n}", user=f"c-{n}", text=f"第{n}问") for n in range(3)]
    for hold, step, fields in (
        (held[0], "approve", {}),
        (held[1], "reject", {"reason": "嘲讽"}),
    ):
        await li.open(f"/console/holds/{hold.id}")
        await li.submit(f"/console/holds/{hold.id}/{step}", **fields)
    for box, found in (
        ("open", {2}),
        ("done", {0, 1}),
        ("approved", {0}),
        ("rejected", {1}),
        ("transferred", set()),
    ):
        text = (await li.open(f"/console/queue?box={box}")).text
        assert {n for n in range(3) if f"第{n}问" in text} == found, box


async def test_a_claim_that_ran_out_is_nobodys(here: Desk, li: Person) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/claim")
    assert held.id in (await li.open("/console/queue?box=mine")).text
    assert held.id not in (await li.open("/console/queue?box=unclaimed")).text
    here.stage.clock.forward(minutes=11)
    assert held.id not in (await li.open("/console/queue?box=mine")).text
    assert held.id in (await li.open("/console/queue?box=unclaimed")).text


@pytest.mark.parametrize(("category", "found"), [("mockery", True), ("tone", False), ("no-such", True)])
async def test_the_queue_is_narrowed_to_a_category(
    here: Desk, li: Person, category: str, found: bool
) -> None:
    held = await here.held()
    assert (held.id in (await li.open(f"/console/queue?category={category}")).text) is found


async def test_a_made_up_box_is_told(li: Person) -> None:
    assert (await li.open("/console/queue?box=everything")).status_code == 422
