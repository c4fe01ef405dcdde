"""The audit trail on screen and as a file; handing over a shift; work orders."""

import csv
import io
import json

import pytest

from app.core.identity import Role
from app.core.records import HoldState
from tests.console.desk import Desk, Person


@pytest.fixture
async def auditor(here: Desk) -> Person:
    return await here.somebody("auditor", Role.AUDITOR)


async def test_who_did_what_is_found(here: Desk, auditor: Person) -> None:
    held = await here.held()
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/reject", reason="嘲讽市民")
    page = await auditor.open("/console/audit?actor=li&action=hold.")
    assert "嘲讽市民" in page.text
    assert "user:li" not in page.text  # that li signed in is no act on a hold


async def test_the_chain_is_verified_from_the_page(here: Desk, auditor: Person) -> None:
    await auditor.open("/console/audit")
    page = await auditor.submit("/console/audit/verify")
    assert "审计链完整" in page.text


async def test_the_export_is_a_table_that_no_spreadsheet_runs(here: Desk, auditor: Person) -> None:
    held = await here.held()
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/note", reason="=HYPERLINK(1)")
    answer = await auditor.open("/console/audit/export?form=csv")
    assert answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["reason"] for row in rows if row["action"] == "hold.note"] == ["'=HYPERLINK(1)"]
    lines = (await auditor.open("/console/audit/export?form=jsonl")).text.splitlines()
    assert len(lines) >= len(rows)
    assert json.loads(lines[0])["seq"] == 1


async def test_who_sees_one_channel_sees_no_audit(here: Desk) -> None:
    leader = await here.somebody("leader", Role.LEADER, channels=("hall",))
    for url in ("/console/audit", "/console/audit/export"):
        assert (await leader.open(url)).status_code == 403


async def test_a_transfer_leaves_a_work_order(here: Desk) -> None:
    held = await here.held(text="和平路12号夜里施工，我的电话13912345678")
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    assert (await li.open(f"/console/holds/{held.id}/work-order")).status_code == 404
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/transfer", reason="施工扰民", to="城管局")
    order = (await li.open(f"/console/holds/{held.id}/work-order")).json()
    assert (order["department"], order["reason"], order["transferred_by"]) == ("城管局", "施工扰民", "li")
    assert "13912345678" not in json.dumps(order)
    assert "请导出后送交" in (await li.open(f"/console/holds/{held.id}")).text


# --- shifts -----------------------------------------------------------------------------------


async def test_a_shift_is_handed_over_and_taken_over(here: Desk) -> None:
    await here.held()
    li, wang = await here.somebody("li", Role.DUTY_REVIEWER), await here.somebody("wang", Role.LEADER)
    await li.open("/console/handover")
    await li.submit("/console/handover", to="wang", notes="明早停水，通知已发")
    page = await wang.open("/console/handover")
    assert "明早停水" in page.text
    sheet = (await here.handovers.handovers(1))[0]
    assert json.loads(sheet.facts)["open"] == 1
    await wang.submit(f"/console/handover/{sheet.id}/take")
    assert (await here.handovers.handovers(1))[0].taken_at is not None
    page = await wang.submit(f"/console/handover/{sheet.id}/take")
    assert "已经确认过" in page.text


async def test_nobody_leaves_with_a_hold_in_hand(here: Desk) -> None:
    held = await here.held()
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(f"/console/holds/{held.id}")
    await li.submit(f"/console/holds/{held.id}/claim")
    await li.open("/console/handover")
    page = await li.submit("/console/handover", to="wang")
    assert page.status_code == 409
    assert "还认领着 1 条" in page.text
    assert (await here.hold(held.id)).state is HoldState.CLAIMED


async def test_a_sheet_waits_for_the_one_it_names(here: Desk) -> None:
    li, zhao = await here.somebody("li", Role.DUTY_REVIEWER), await here.somebody("zhao", Role.LEADER)
    await li.open("/console/handover")
    await li.submit("/console/handover", to="wang")
    sheet = (await here.handovers.handovers(1))[0]
    await zhao.open("/console/handover")
    page = await zhao.submit(f"/console/handover/{sheet.id}/take")
    assert "不是等您确认的" in page.text
    assert (await here.handovers.handovers(1))[0].taken_at is None
