"""The console in a real browser: by keyboard alone, on a phone, and while things change under it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from app.core.bypass import AlertKind, Suspicion
from app.core.identity import Role
from app.core.records import HoldState
from tests.console.browser import chromium, served
from tests.console.desk import Desk

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@asynccontextmanager
async def at_the_desk(
    here: Desk,
    name: str = "li",
    role: Role = Role.DUTY_REVIEWER,
    *,
    viewport: dict[str, int] = DESKTOP,
    dark: bool = False,
) -> AsyncIterator[Page]:
    """Signed in, with a password of one's own; an error on the page fails the test."""
    person = await here.somebody(name, role)
    async with served(here) as url, chromium() as browser:
        context = await browser.new_context(
            base_url=url,
            viewport={"width": viewport["width"], "height": viewport["height"]},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
        )
        (cookie,) = person.http.cookies.jar
        await context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": url}])
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        yield page
        assert [one for one in errors if "409" not in one and "422" not in one] == []


async def test_signing_in_by_keyboard(here: Desk) -> None:
    _, password = await here.signing_in.add("wang", Role.DUTY_REVIEWER, "test")
    async with at_the_desk(here) as page:
        await page.context.clear_cookies()
        await page.goto("/console/")
        await page.keyboard.type("wang")
        await page.keyboard.press("Tab")
        await page.keyboard.type(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="修改密码")).to_be_visible()


async def test_twenty_holds_are_cleared_with_one_key_each(here: Desk) -> None:
    held = [await here.held(key=f"MsgId:{n}", user=f"citizen-{n}") for n in range(20)]
    async with at_the_desk(here) as page:
        await page.goto("/console/queue")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        for left in range(20, 0, -1):
            await expect(page.get_by_role("heading", name="待办")).to_be_visible()
            here_before = page.url
            await page.keyboard.press("a")
            if left > 1:
                await expect(page).not_to_have_url(here_before)
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    states = {(await here.hold(one.id)).state for one in held}
    assert states == {HoldState.APPROVED}


async def test_an_edit_takes_two_keys_beside_the_typing(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await page.keyboard.press("e")
        await page.keyboard.type("大厅九点开门。")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    settled = await here.hold(held.id)
    assert settled.state is HoldState.EDITED
    assert settled.final is not None
    assert settled.final.text == "大厅九点开门。"


async def test_enter_in_a_field_decides_nothing(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await page.keyboard.press("n")
        await page.keyboard.type("再看看")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("理由")).to_have_value("再看看")
    assert (await here.hold(held.id)).version == 1


async def test_an_edited_text_is_judged_while_one_types(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await page.keyboard.press("e")
        await page.keyboard.type("呵呵，九点。")
        await expect(page.locator("#recheck")).to_contain_text("这样写仍会被拦下")
        await page.locator("#edited").fill("九点开门。")
        await expect(page.locator("#recheck")).to_contain_text("可以发出")


async def test_a_new_hold_appears_in_an_open_queue(here: Desk) -> None:
    async with at_the_desk(here) as page:
        await page.goto("/console/queue")
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
        await here.held()
        await expect(page.get_by_text("呵呵，您真行。")).to_be_visible()


async def test_who_comes_second_keeps_the_words_and_hears_who_was_first(here: Desk) -> None:
    wang = await here.somebody("wang", Role.SECTION_REVIEWER)
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await wang.open(f"/console/holds/{held.id}")
        await wang.submit(f"/console/holds/{held.id}/approve")
        await page.keyboard.press("a")
        await expect(page.get_by_role("alert")).to_contain_text("wang 已经处理过这一条")


async def test_the_keys_are_told(here: Desk) -> None:
    async with at_the_desk(here) as page:
        await page.goto("/console/queue")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()


async def test_holds_of_all_kinds_are_cleared_by_keyboard_alone(here: Desk) -> None:
    """Released, edited, rejected, transferred, answered by a phrase, noted: no mouse."""
    texts = ["几点开门？", "路灯坏了", "怎么办证", "谁负责", "谢谢"]
    held = [await here.held(key=f"MsgId:{n}", user=f"c-{n}", text=text) for n, text in enumerate(texts)]
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held[0].id}")
        await _next(page, "a")
        await _next(page, "e", "大厅九点开门。", "Control+Enter")
        await _next(page, "n", "嘲讽", "Escape", "x")
        await _next(page, "n", "归他们", "Escape", "m", "住建局", "Escape", "s")
        await page.keyboard.press("t")
        while not await page.locator("a:focus", has_text="已转人工").count():
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="要发出的话")).to_be_visible()
        await page.locator("#do-phrase").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    states = [(await here.hold(one.id)).state for one in held]
    assert states == [
        HoldState.APPROVED,
        HoldState.EDITED,
        HoldState.REJECTED,
        HoldState.TRANSFERRED,
        HoldState.EDITED,
    ]


async def _next(page: Page, *keys: str) -> None:
    """Keys, and words between them, until another hold is shown."""
    before = page.url
    for key in keys:
        if len(key) > 1 and key not in {"Escape", "Control+Enter"}:
            await page.keyboard.type(key)
        else:
            await page.keyboard.press(key)
    await expect(page).not_to_have_url(before)
    await expect(page.get_by_role("heading", name="待办")).to_be_visible()


async def test_what_was_typed_when_the_session_ended_is_offered_again(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        async with page.expect_response("**/recheck"):  # it would find nobody signed in any more
            await page.locator("#edited").fill("大厅九点开门，请带身份证。")
        await here.signing_in.sign_out_everywhere("li", "test")
        password = await here.signing_in.reset("li", "test")
        await page.locator("#do-edit").click()
        await expect(page.get_by_role("heading", name="慎言")).to_be_visible()
        assert (await here.hold(held.id)).version == 1
        await page.get_by_label("用户名").fill("li")
        await page.get_by_label("密码").fill(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="修改密码")).to_be_visible()
        await page.get_by_label("原密码").fill(password)
        await page.get_by_label("新密码（至少 12 个字符）").fill("明月几时有把酒问青天不知天上")
        await page.get_by_label("再输一次").fill("明月几时有把酒问青天不知天上")
        await page.keyboard.press("Enter")
        await page.get_by_label("用户名").fill("li")
        await page.get_by_label("密码").fill("明月几时有把酒问青天不知天上")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="待办")).to_be_visible()
        await page.goto(f"/console/holds/{held.id}")
        await expect(page.get_by_text("这是您上次没有提交的文字")).to_be_visible()
        await expect(page.locator("#edited")).to_have_value("大厅九点开门，请带身份证。")


async def test_a_double_click_decides_once(here: Desk) -> None:
    first, second = [await here.held(key=f"MsgId:{n}", user=f"c-{n}") for n in range(2)]
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{first.id}")
        await page.get_by_role("button", name="放行 a", exact=True).dblclick()
        await expect(page).to_have_url(f"{page.url.split('/console')[0]}/console/holds/{second.id}")
    assert (await here.hold(first.id)).version == 2
    assert (await here.hold(second.id)).version == 1


async def test_a_second_click_that_meets_the_next_hold_decides_nothing(here: Desk) -> None:
    """The page may change between the two; nobody has read what stands there now."""
    first, second = [await here.held(key=f"MsgId:{n}", user=f"c-{n}") for n in range(2)]
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{first.id}")
        button = page.get_by_role("button", name="放行 a", exact=True)
        await button.click()
        await expect(page).to_have_url(re.compile(second.id))
        await page.mouse.down(click_count=2)
        await page.mouse.up(click_count=2)
        await page.locator("#reason").fill("x")  # comes after the click, and before what it would have led to
        assert (await here.hold(second.id)).version == 1
        await button.click()
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    assert (await here.hold(second.id)).version == 2


async def test_a_key_held_down_decides_once(here: Desk) -> None:
    first, second = [await here.held(key=f"MsgId:{n}", user=f"c-{n}") for n in range(2)]
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{first.id}")
        await page.keyboard.down("a")
        await expect(page).to_have_url(re.compile(second.id))
        for _ in range(5):
            await page.keyboard.down("a")  # as a keyboard repeats it
        await page.keyboard.up("a")
        await page.locator("#reason").fill("x")
        assert (await here.hold(second.id)).version == 1
        await page.keyboard.press("Escape")
        await page.keyboard.press("a")
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    assert (await here.hold(first.id)).version == 2


async def test_back_to_a_decided_hold_shows_what_became_of_it(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await page.keyboard.press("a")
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("heading", name="已放行")).to_be_visible()
        await expect(page.get_by_role("button", name="放行 a", exact=True)).to_have_count(0)


async def test_the_kill_switch_works_while_a_queue_is_open(here: Desk) -> None:
    await here.held()
    async with at_the_desk(here) as page:
        await page.goto("/console/channels")
        await page.get_by_label("理由").fill("答非所问")
        await page.get_by_role("button", name="一键停机").click()
        await expect(page.get_by_text("已停机：hall")).to_be_visible()
        await page.goto("/console/queue")
        await expect(page.get_by_text("已停机：hall")).to_be_visible()
    assert here.switches.is_stopped("hall")


async def test_live_updates_come_back_after_the_server_was_restarted(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    (cookie,) = li.http.cookies.jar
    async with chromium() as browser:
        async with served(here) as url:
            page = await (await browser.new_context(base_url=url)).new_page()
            await page.context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": url}])
            await page.goto("/console/queue")
            await expect(page.get_by_text("没有要处理的。")).to_be_visible()
        await here.held()
        async with served(here, port=int(url.rpartition(":")[2])):
            await expect(page.get_by_text("呵呵，您真行。")).to_be_visible(timeout=30_000)


async def test_a_claim_counts_down_and_runs_out(here: Desk) -> None:
    held = await here.held()
    wang = await here.somebody("wang", Role.SECTION_REVIEWER)
    async with at_the_desk(here) as page:
        await page.goto(f"/console/holds/{held.id}")
        await page.keyboard.press("c")
        await expect(page.locator("[data-until]")).to_be_visible()
        here.stage.clock.forward(minutes=11)
        await wang.open(f"/console/holds/{held.id}")
        await wang.submit(f"/console/holds/{held.id}/claim")
        await page.keyboard.press("a")
        await expect(page.get_by_role("alert")).to_contain_text("wang 已经处理过这一条")
    assert (await here.hold(held.id)).claimed_by == "wang"


async def test_the_pages_speak_english_to_who_wants_it(here: Desk) -> None:
    await here.held()
    async with at_the_desk(here) as page:
        await page.goto("/console/queue")
        await page.get_by_role("link", name="English").click()
        await expect(page.get_by_role("heading", name="Queue")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.get_by_role("link", name="中文").click()
        await expect(page.get_by_role("heading", name="待办")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_no_page_shuts_anybody_out(here: Desk, viewport: dict[str, int], dark: bool) -> None:
    """axe finds nothing, and nothing reaches past the edge of the screen."""
    await here.held(key="MsgId:2", user="citizen-2")
    held = await here.held(text="我爸昨天去世了，丧葬费去哪里领，打了三次电话都没有人接，请问到底该找谁" * 3)
    await here.somebody("somebody", Role.SECTION_REVIEWER)
    await here.watch.registering.look()
    await here.watch.checklists.look()
    link = "2026-03-02T04:00:00+00:00 " + "desk@guihe" * 9
    here.watch.alarms.hear(Suspicion("hall", AlertKind.FOREIGN, "messages", link))
    await here.watch.alarms.look()
    administration = ("users", "account")
    async with at_the_desk(here, "root", Role.ADMINISTRATOR, viewport=viewport, dark=dark) as page:
        for url in administration:
            await _accessible(page, url)
    async with at_the_desk(here, "leader", Role.LEADER, viewport=viewport, dark=dark) as page:
        for url in (
            "queue",
            f"holds/{held.id}",
            f"groups/{held.id}",
            "phrases",
            f"phrases/refer/for/{held.id}",
            "handover",
            "audit",
            "statistics",
            "deliveries",
            "unanswered",
            "channels",
            "channels/hall/guard",
            "try",
            "password",
            "sign-in",
        ):
            await _accessible(page, url)


async def _accessible(page: Page, url: str) -> None:
    await page.goto(f"/console/{url}")
    found = await Axe().run(page)
    assert found.response["violations"] == [], (url, found.generate_report())
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url


async def test_on_a_phone_the_whole_job_is_done_by_touch(here: Desk) -> None:
    held = await here.held()
    async with at_the_desk(here, viewport=PHONE) as page:
        await page.goto("/console/queue")
        await page.get_by_text("呵呵，您真行。").click()
        await page.get_by_label("理由").fill("嘲讽")
        await page.get_by_role("button", name="拦截 x").click()
        await expect(page.get_by_text("没有要处理的。")).to_be_visible()
    assert (await here.hold(held.id)).state is HoldState.REJECTED


async def test_the_first_load_is_light(here: Desk) -> None:
    sizes: list[int] = []
    async with at_the_desk(here) as page:
        page.on("response", lambda one: sizes.append(int(one.headers.get("content-length", 0))))
        await page.goto("/console/queue")
        await expect(page.get_by_role("heading", name="待办")).to_be_visible()
    assert 0 < sum(sizes) < 300_000
