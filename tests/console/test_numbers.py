"""Numbers that name a person: covered, shown for a reason, never lost in an edit."""

import pytest

from app.core.identity import Role
from app.core.masking import dotted_personal
from app.core.model import Reply
from app.core.records import HoldState
from tests.console.desk import Desk, Person

PHONE = "13912345678"


@pytest.fixture
async def li(here: Desk) -> Person:
    return await here.somebody("li", Role.DUTY_REVIEWER)


async def test_a_citizens_number_is_covered_until_somebody_gives_a_reason(here: Desk, li: Person) -> None:
    held = await here.held(text=f"我的电话是{PHONE}，几点开门？")
    assert PHONE not in (await li.open(f"/console/holds/{held.id}")).text
    page = await li.submit(f"/console/holds/{held.id}/unmask", reason=" ")
    assert page.status_code == 422
    assert PHONE not in page.text
    page = await li.submit(f"/console/holds/{held.id}/unmask", reason="要回电核实")
    assert PHONE in page.text
    entries = [entry async for entry in here.stage.store.audit_trail() if entry.action == "hold.unmask"]
    assert [(entry.actor, entry.reason) for entry in entries] == [("li", "要回电核实")]


@pytest.mark.parametrize("role", [Role.VENDOR_OPERATOR, Role.AUDITOR])
async def test_not_everybody_may_uncover_it(here: Desk, role: Role) -> None:
    held = await here.held(text=f"我的电话是{PHONE}，几点开门？")
    person = await here.somebody("somebody", role)
    await person.open(f"/console/holds/{held.id}")
    page = await person.submit(f"/console/holds/{held.id}/unmask", reason="想看")
    assert page.status_code == 403
    assert PHONE not in page.text


async def test_a_number_in_the_reply_survives_an_edit_that_never_showed_it(here: Desk, li: Person) -> None:
    held = await here.held(Reply.of(f"呵呵，打{PHONE}。"))
    page = await li.open(f"/console/holds/{held.id}")
    assert PHONE not in page.text
    assert "呵呵，打[号码1]。" in page.text
    await li.submit(f"/console/holds/{held.id}/edit", text="您好，请打[号码1]。")
    after = await here.hold(held.id)
    assert after.state is HoldState.EDITED
    assert after.final == Reply.of(f"您好，请打{PHONE}。")


async def test_a_number_that_never_was_is_refused(here: Desk, li: Person) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    page = await li.submit(f"/console/holds/{held.id}/edit", text="请打[号码1]。")
    assert page.status_code == 422
    assert "原文里没有[号码1]" in page.text


async def test_an_offices_number_is_seen_by_who_releases_it(here: Desk, li: Person) -> None:
    held = await here.held(Reply.of("呵呵，打0571-88001234。"))
    assert "0571-88001234" in (await li.open(f"/console/holds/{held.id}")).text


def test_covering_keeps_places_so_that_marks_fit() -> None:
    text = f"打{PHONE}，呵呵，或0571-88001234。"
    covered = dotted_personal(text)
    assert len(covered) == len(text)
    assert covered.index("呵呵") == text.index("呵呵")
    assert PHONE not in covered
    assert "0571-88001234" in covered


async def test_a_number_that_a_draft_brings_is_never_taken_for_one_of_the_bots(
    here: Desk, li: Person
) -> None:
    other = "13911112222"
    held = await here.held(Reply.of(f"呵呵，打{PHONE}。"))
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/propose", text=f"请打{other}，或[号码1]。")
    wang = await here.somebody("wang", Role.LEADER)
    page = await wang.open(f"/console/holds/{held.id}")
    assert f"请打{other}，或[号码1]。" in page.text
    await wang.submit(f"/console/holds/{held.id}/edit", text=f"您好，请打{other}，或[号码1]。")
    final = (await here.hold(held.id)).final
    assert final == Reply.of(f"您好，请打{other}，或{PHONE}。")
