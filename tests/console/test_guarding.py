"""谁在说话: alerts, who may speak, the platform's own replies and test messages on one page."""

from dataclasses import replace

import pytest

from app.core.bypass import AlertKind, Suspicion
from app.core.checklist import ITEMS
from app.core.identity import Role
from app.core.model import Reply
from tests.console import desk
from tests.console.desk import CANARY, Desk
from tests.values import message

PAGE = "/console/channels/hall/guard"
TOKEN = Suspicion("hall", AlertKind.RETIRED_TOKEN, "acme", "acme: token, revoked")


async def test_an_alert_stands_on_every_page_until_a_person_says_what_was_done(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    here.watch.alarms.hear(TOKEN)
    await here.watch.alarms.look()
    assert (
        f'疑似有人绕过慎言 <a class="link-light" href="{PAGE}">hall</a>'
        in (await li.open("/console/queue")).text
    )
    (alert,) = await here.watch.alarms.standing()
    page = await li.open(PAGE)
    assert "作废的令牌又来了" in page.text
    assert "acme: token, revoked" in page.text
    page = await li.submit(f"{PAGE}/alerts/{alert.id}", reason="已停用外包方")
    assert "没有要处理的警报" in page.text
    assert "已停用外包方" in page.text
    assert "疑似有人绕过慎言" not in page.text
    last = [one async for one in here.stage.store.audit_trail()][-1]
    assert (last.actor, last.action, last.reason) == ("li", "bypass.acknowledge", "已停用外包方")


async def test_an_alert_is_not_dealt_with_without_a_word_or_twice(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await here.watch.alarms.sound(TOKEN)
    (alert,) = await here.watch.alarms.standing()
    await li.open(PAGE)
    page = await li.submit(f"{PAGE}/alerts/{alert.id}", reason=" ")
    assert (page.status_code, "请写明理由" in page.text) == (422, True)
    await here.watch.alarms.acknowledge("hall", alert.id, "wang", "好")
    page = await li.submit(f"{PAGE}/alerts/{alert.id}", reason="好")
    assert (page.status_code, "wang 刚刚处理过" in page.text) == (409, True)
    assert (await li.submit(f"{PAGE}/alerts/none", reason="好")).status_code == 404


async def test_a_leader_confirms_who_may_speak_and_what_changes_shows(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhao = await here.somebody("zhao", Role.LEADER)
    await here.watch.registering.look()
    page = await zhao.open(PAGE)
    assert "还没有人确认" in page.text
    assert "webhook 10.0.0.5:8000 2.1" in page.text
    page = await zhao.submit(f"{PAGE}/confirm", reason="核对过合同")
    assert "与确认过的不同" not in page.text
    assert "确认就是这些" not in page.text
    assert "核对过合同" in page.text
    monkeypatch.setattr(desk, "BOT", replace(desk.BOT, detail="webhook 203.0.113.9 2.1"))
    await here.watch.registering.look()
    page = await zhao.open(PAGE)
    assert "与确认过的不同" in page.text
    assert "原来：<code>webhook 10.0.0.5:8000 2.1</code>" in page.text
    assert "能说话的变了" in page.text
    page = await zhao.submit(f"{PAGE}/confirm", reason="搬了机房")
    assert "没有要处理的警报" in page.text


async def test_what_changed_after_the_page_was_opened_is_not_confirmed(here: Desk) -> None:
    zhao = await here.somebody("zhao", Role.LEADER)
    await here.watch.registering.look()
    await zhao.open(PAGE)
    await here.somebody("li", Role.DUTY_REVIEWER)
    page = await zhao.submit(f"{PAGE}/confirm", reason="核对过合同")
    assert (page.status_code, "情况有变化" in page.text) == (409, True)
    assert 'value="核对过合同"' in page.text
    registry = (await here.watch.registering.standing("hall")).registry
    assert registry is not None
    assert registry.confirmed_by == ""


async def test_a_reviewer_signs_what_is_off_and_the_reminder_goes(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await here.watch.checklists.look()
    assert "该核对平台自己的自动回复了" in (await li.open("/console/queue")).text
    page = await li.open(PAGE)
    assert page.text.count("还没有人看过") == len(ITEMS["wechat"])
    page = await li.submit(f"{PAGE}/checklist", item=list(ITEMS["wechat"]), note="后台逐页看过")
    assert page.text.count("：后台逐页看过") == len(ITEMS["wechat"])
    assert "该看了" not in page.text
    assert "该核对平台自己的自动回复了" not in page.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"note": "看过"}, "请勾选看过是关着的", id="nothing ticked"),
        pytest.param({"item": "smart-reply", "note": ""}, "请写明在哪里看的", id="no note"),
        pytest.param({"item": "everything", "note": "看过"}, "请勾选看过是关着的", id="no such item"),
    ],
)
async def test_a_signature_is_of_something_and_says_how(
    here: Desk, fields: dict[str, str | list[str]], told: str
) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open(PAGE)
    page = await li.submit(f"{PAGE}/checklist", **fields)
    assert (page.status_code, told in page.text) == (422, True)
    assert {line.tick for line in await here.watch.checklists.lines("hall")} == {None}


async def test_what_a_test_message_brought_is_compared(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    here.stage.relay.canary = CANARY
    answer = await here.stage.relay.respond(message(user="tester", text="慎言值守"))
    assert isinstance(answer.reply, Reply)
    page = await li.open(PAGE)
    assert "至少每 30 分钟一次" in page.text
    page = await li.submit(f"{PAGE}/canary", text=answer.reply.text)
    assert "是慎言的话，已记下" in page.text
    page = await li.submit(f"{PAGE}/canary", text="您好，我是小黄鸡。")
    assert "已经报警" in page.text
    assert "值守测试的应答不是我们的" in page.text
    assert "小黄鸡" not in page.text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        pytest.param(Role.VENDOR_OPERATOR, 403, id="a contractor's operator sees none of it"),
        pytest.param(Role.ADMINISTRATOR, 403, id="nor does the administrator"),
        pytest.param(Role.AUDITOR, 200, id="the auditor reads it"),
    ],
)
async def test_who_may_read_it(here: Desk, role: Role, status: int) -> None:
    person = await here.somebody("li", role)
    here.watch.alarms.hear(TOKEN)
    await here.watch.alarms.look()
    assert (await person.open(PAGE)).status_code == status
    assert ("疑似有人绕过慎言" in (await person.open("/console/account")).text) is (status == 200)


async def test_the_auditor_reads_and_has_nothing_to_press(here: Desk) -> None:
    auditor = await here.somebody("li", Role.AUDITOR)
    await here.watch.alarms.sound(TOKEN)
    await here.watch.registering.look()
    page = await auditor.open(PAGE)
    assert "作废的令牌又来了" in page.text
    assert "<button" not in page.text.partition("<main")[2].partition("</main>")[0]


async def test_another_channels_page_and_reminders_are_none_of_ones_business(here: Desk) -> None:
    stranger = await here.somebody("li", Role.DUTY_REVIEWER, channels=("other",))
    here.watch.alarms.hear(TOKEN)
    await here.watch.alarms.look()
    await here.watch.checklists.look()
    assert (await stranger.open(PAGE)).status_code == 403
    page = await stranger.open("/console/channels")
    assert "疑似有人绕过慎言" not in page.text
    assert "该核对" not in page.text


async def test_a_channel_nobody_has_has_no_page(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    assert (await li.open("/console/channels/none/guard")).status_code == 404


async def test_nothing_a_stranger_wrote_is_markup(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await here.watch.alarms.sound(replace(TOKEN, detail="<script>alert(1)</script>"))
    page = await li.open(PAGE)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "style=" not in page.text
