"""A text that another system handed in, on the moderator's pages."""

import pytest

from app.core.identity import Role
from app.core.records import Hold, HoldState
from app.service.manuscripts import Handed
from tests.console.desk import Desk, Person
from tests.service.stage import MOCKING


@pytest.fixture
async def li(here: Desk) -> Person:
    return await here.somebody("li", Role.DUTY_REVIEWER)


async def handed_in(here: Desk, by: str = "press", message: str = "", reference: str = "稿 8") -> Hold:
    found = await here.stage.manuscripts.submit(
        Handed(by, "hall", MOCKING.text, message, reference, "", message.encode())
    )
    assert found.hold is not None
    return found.hold


async def test_it_is_released_although_no_platform_has_a_window_for_it(here: Desk, li: Person) -> None:
    hold = await handed_in(here)
    page = await li.open("/console/queue")
    assert "交稿方等着结果，没有期限" in page.text
    assert "放行也发不出" not in page.text
    page = await li.open(f"/console/holds/{hold.id}")
    assert "press 交来审的稿（稿 8）" in page.text
    assert "机器人的回复" not in page.text
    await li.submit(f"/console/holds/{hold.id}/approve")
    assert (await here.hold(hold.id)).state is HoldState.APPROVED


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        pytest.param(1, "交稿方还等 23 小时 0 分钟", id="in time"),
        pytest.param(25, "交稿方不再等了", id="too late"),
    ],
)
async def test_the_clock_is_the_submitters(here: Desk, hours: int, told: str) -> None:
    hold = await handed_in(here, by="wiki")
    here.stage.clock.forward(hours=hours)
    wang = await here.somebody("wang", Role.DUTY_REVIEWER)
    assert told in (await wang.open(f"/console/holds/{hold.id}")).text


async def test_a_release_that_comes_too_late_is_told_in_words(here: Desk) -> None:
    hold = await handed_in(here, by="wiki")
    here.stage.clock.forward(hours=25)
    wang = await here.somebody("wang", Role.DUTY_REVIEWER)
    await wang.open(f"/console/holds/{hold.id}")
    page = await wang.submit(f"/console/holds/{hold.id}/approve")
    assert page.status_code == 409
    assert "交稿方不再等了，放行也没有用" in page.text


async def test_a_reply_shows_what_the_citizen_wrote(here: Desk, li: Person) -> None:
    hold = await handed_in(here, message="几点开门？", reference="")
    page = await li.open(f"/console/holds/{hold.id}")
    assert "press 交来审的稿，回的是" in page.text
    assert "几点开门？" in page.text
