"""Who may release what: drafts, second persons, standing phrases."""

import re
from dataclasses import replace

import pytest

from app.core.identity import Role
from app.core.label import Label, labelled
from app.core.model import Reply, Severity
from app.core.records import Hold, HoldState
from tests.console.desk import Desk
from tests.service.stage import MOCKING


@pytest.fixture
async def held(here: Desk) -> Hold:
    return await here.held()


def two_people_from_medium(here: Desk) -> None:
    desk = here.stage.review.desks["hall"]
    here.stage.review.desks["hall"] = replace(desk, second_person_at=lambda: Severity.MEDIUM)  # type: ignore[index]


async def test_a_vendor_drafts_and_a_reviewer_releases_it_with_one_key(here: Desk, held: Hold) -> None:
    vendor = await here.somebody("vendor", Role.VENDOR_OPERATOR)
    await vendor.open(f"/console/holds/{held.id}")
    await vendor.submit(f"/console/holds/{held.id}/propose", text="您好，九点开门。")
    assert (await here.hold(held.id)).state is HoldState.PENDING
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    page = await li.open(f"/console/holds/{held.id}")
    assert "vendor 拟的稿" in page.text
    draft = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page.text)
    assert draft is not None
    assert draft[1] == "您好，九点开门。"
    await li.submit(f"/console/holds/{held.id}/accept", text="别的文字，还没有写完")
    after = await here.hold(held.id)
    assert (after.state, after.decided_by) == (HoldState.EDITED, "li")
    assert after.final == Reply.of("您好，九点开门。")


async def test_a_reviewer_does_not_release_a_draft_of_theirs(here: Desk, held: Hold) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/propose", text="您好，九点开门。")
    page = await li.open(f"/console/holds/{held.id}")
    assert "放行拟稿" not in page.text
    page = await li.submit(f"/console/holds/{held.id}/edit", text="您好，九点开门。")
    assert page.status_code == 403
    assert "自己拟的稿要由别人放行" in page.text
    assert (await here.hold(held.id)).final is None


async def test_where_policy_wants_two_people_the_first_release_waits_for_the_second(
    here: Desk, held: Hold
) -> None:
    two_people_from_medium(here)
    li, wang = await here.somebody("li", Role.DUTY_REVIEWER), await here.somebody("wang", Role.LEADER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/edit", text="您好，九点开门。")
    first = await here.hold(held.id)
    assert (first.state, first.final) == (HoldState.PENDING, None)
    await wang.open(f"/console/holds/{held.id}")
    await wang.submit(f"/console/holds/{held.id}/edit", text="您好，九点开门。")
    second = await here.hold(held.id)
    assert (second.state, second.decided_by) == (HoldState.EDITED, "wang")


async def test_the_label_of_a_bots_reply_survives_two_people(here: Desk) -> None:
    two_people_from_medium(here)
    label = Label("（人工智能生成）")
    here.stage.behave(label=label)
    held = await here.held()
    li, wang = await here.somebody("li", Role.DUTY_REVIEWER), await here.somebody("wang", Role.LEADER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/approve", reason="看过", confirm="yes")
    await wang.open(f"/console/holds/{held.id}")
    await wang.submit(f"/console/holds/{held.id}/accept", reason="看过", confirm="yes")
    final = (await here.hold(held.id)).final
    assert final == labelled(MOCKING, label)


async def test_nothing_is_accepted_where_nothing_was_proposed(here: Desk, held: Hold) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{held.id}")
    page = await li.submit(f"/console/holds/{held.id}/accept")
    assert page.status_code == 422
    assert (await here.hold(held.id)).version == 1


async def test_a_standing_phrase_needs_no_second_person(here: Desk, held: Hold) -> None:
    two_people_from_medium(here)
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/phrases/handed-over/for/{held.id}")
    await li.submit(f"/console/phrases/handed-over/for/{held.id}/edit")
    after = await here.hold(held.id)
    assert after.state is HoldState.EDITED
    assert after.final is not None
    assert after.final.text == "您好，已经为您转给工作人员，请稍候。"


async def test_a_phrase_takes_the_place_of_a_rejected_draft(here: Desk, held: Hold) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/phrases/handed-over/for/{held.id}")
    await li.submit(f"/console/phrases/handed-over/for/{held.id}/reject", reason="嘲讽")
    after = await here.hold(held.id)
    assert after.state is HoldState.REJECTED
    assert after.final == Reply.of("您好，已经为您转给工作人员，请稍候。")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"hash": "0" * 16}, "刚刚改过", id="another text than was shown"),
        pytest.param({"gap-单位": ""}, "要填", id="a gap left open"),
        pytest.param({"gap-单位": "一\n二"}, "要填", id="two lines in a gap"),
    ],
)
async def test_what_is_filled_into_a_phrase_is_checked(
    here: Desk, held: Hold, fields: dict[str, str], told: str
) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/phrases/suggestion/for/{held.id}")
    page = await li.submit(
        f"/console/phrases/suggestion/for/{held.id}/edit", **{"gap-单位": "城管局", **fields}
    )
    assert page.status_code == 422
    assert told in page.text
    assert (await here.hold(held.id)).final is None


async def test_the_desks_phrases_are_shown_with_what_they_pass_by(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    page = await li.open("/console/phrases")
    assert "handed-over" in page.text
    assert "您好，已经为您转给工作人员，请稍候。" in page.text
