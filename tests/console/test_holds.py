"""A moderator clears the queue, page by page."""

import pytest

from app.core.identity import Role
from app.core.model import Reply
from app.core.records import HoldState
from tests.console.desk import Desk, Person
from tests.service.stage import BLOCKING


@pytest.fixture
async def li(here: Desk) -> Person:
    return await here.somebody("li", Role.DUTY_REVIEWER)


async def test_the_queue_shows_what_was_asked_and_what_would_have_been_said(here: Desk, li: Person) -> None:
    held = await here.held()
    page = await li.open("/console/queue")
    assert "办事大厅几点开门？" in page.text
    assert "呵呵，您真行。" in page.text
    assert f"/console/holds/{held.id}" in page.text


async def test_a_hold_shows_the_span_the_reason_and_what_mattered(here: Desk, li: Person) -> None:
    held = await here.held()
    page = await li.open(f"/console/holds/{held.id}")
    assert '<mark class="mark-medium">呵呵<sup>1</sup></mark>' in page.text
    assert "留言里的“几点”" in page.text


async def test_a_release_opens_the_next_hold(here: Desk, li: Person) -> None:
    first, second = await here.held(), await here.held(key="MsgId:2", user="citizen-2")
    await li.open(f"/console/holds/{first.id}")
    page = await li.submit(f"/console/holds/{first.id}/approve")
    assert page.url.path == f"/console/holds/{second.id}"
    settled = await here.hold(first.id)
    assert (settled.state, settled.decided_by) == (HoldState.APPROVED, "li")


@pytest.mark.parametrize(
    ("step", "fields", "state"),
    [
        pytest.param("claim", {}, HoldState.CLAIMED, id="claim"),
        pytest.param("edit", {"text": "九点开门。"}, HoldState.EDITED, id="edit"),
        pytest.param("reject", {"reason": "嘲讽"}, HoldState.REJECTED, id="reject"),
        pytest.param(
            "substitute", {"reason": "嘲讽", "text": "请稍候。"}, HoldState.REJECTED, id="substitute"
        ),
        pytest.param("transfer", {"reason": "归他们", "to": "住建局"}, HoldState.TRANSFERRED, id="transfer"),
        pytest.param("note", {"reason": "再看看"}, HoldState.PENDING, id="note"),
    ],
)
async def test_every_action_of_the_page_is_done(
    here: Desk, li: Person, step: str, fields: dict[str, str], state: HoldState
) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/{step}", **fields)
    assert (await here.hold(held.id)).state is state


@pytest.mark.parametrize(
    ("step", "fields", "told"),
    [
        pytest.param("reject", {}, "拦截要写理由", id="no reason"),
        pytest.param("edit", {"text": " "}, "改后的文字是空的", id="no text"),
        pytest.param("edit", {"text": "呵呵，九点。"}, "这样写仍会被规则拦下", id="findings again"),
        pytest.param("edit", {"text": "请" * 40}, "回复过长", id="beyond the platform's length"),
        pytest.param("transfer", {"reason": "归他们"}, "请写明转给哪个部门", id="to nobody"),
    ],
)
async def test_what_cannot_be_done_is_told_and_nothing_typed_is_lost(
    here: Desk, li: Person, step: str, fields: dict[str, str], told: str
) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    page = await li.submit(f"/console/holds/{held.id}/{step}", **fields)
    assert page.status_code in (409, 422)
    assert told in page.text
    assert fields.get("text", "") in page.text
    assert (await here.hold(held.id)).state is HoldState.PENDING


async def test_of_two_moderators_the_second_hears_who_was_first(here: Desk, li: Person) -> None:
    wang = await here.somebody("wang", Role.SECTION_REVIEWER)
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    await wang.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/approve")
    page = await wang.submit(f"/console/holds/{held.id}/reject", reason="嘲讽", text="我写的话")
    assert page.status_code == 409
    assert "li 已经处理过这一条，现在是“已放行”" in page.text


async def test_an_extended_claim_carries_the_version_on(here: Desk, li: Person) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/claim")
    part = await li.submit(f"/console/holds/{held.id}/extend")
    version = (await here.hold(held.id)).version
    assert f'id="version" value="{version}" hx-swap-oob="true"' in part.text


async def test_the_editor_is_checked_while_one_types(here: Desk, li: Person) -> None:
    held = await here.held()
    await li.open(f"/console/holds/{held.id}")
    part = await li.submit(f"/console/holds/{held.id}/recheck", text="呵呵，九点开门")
    assert "这样写仍会被拦下" in part.text
    assert "<ins>" in part.text


async def test_a_blocked_draft_needs_a_confirmation_and_a_reason(here: Desk, li: Person) -> None:
    held = await here.held(BLOCKING)
    await li.open(f"/console/holds/{held.id}")
    refused = await li.submit(f"/console/holds/{held.id}/approve")
    assert "确要发出" in refused.text
    await li.submit(f"/console/holds/{held.id}/approve", confirm="yes", reason="演练")
    assert (await here.hold(held.id)).state is HoldState.APPROVED


@pytest.mark.parametrize("where", ["text", "reply"])
async def test_what_people_write_is_text_and_nothing_else(here: Desk, li: Person, where: str) -> None:
    attack = '呵呵<script>alert(1)</script>"><img src=x onerror=a>'
    reply = Reply.of(attack) if where == "reply" else Reply.of("呵呵，您真行。")
    held = await here.held(reply, text=attack if where == "text" else "几点")
    for url in ("/console/queue", f"/console/holds/{held.id}"):
        page = await li.open(url)
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


async def test_numbers_that_name_a_person_are_dotted_out_and_marks_stay_in_place(
    here: Desk, li: Person
) -> None:
    held = await here.held(text="我的电话13812345678")
    page = await li.open(f"/console/holds/{held.id}")
    assert "13812345678" not in page.text
    assert "•" * 11 in page.text
