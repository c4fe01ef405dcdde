"""The console in a real browser: by keyboard alone, on a phone, and while things change under it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from app.core.identity import Role
from app.core.records import HoldState
from tests.console.browser import chromium, served
from tests.console.desk import Desk

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@asynccontextmanager
async def at_the_desk(
    here: Desk, name: str = "li", *, viewport: dict[str, int] = DESKTOP, dark: bool = False
) -> AsyncIterator[Page]:
    """Signed in, with a password of one's own; an error on the page fails the test."""
    person = await here.somebody(name, Role.DUTY_REVIEWER)
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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_no_page_shuts_anybody_out(here: Desk, viewport: dict[str, int], dark: bool) -> None:
    """axe finds nothing, and nothing reaches past the edge of the screen."""
    held = await here.held(text="我爸昨天去世了，丧葬费去哪里领，打了三次电话都没有人接，请问到底该找谁" * 3)
    async with at_the_desk(here, viewport=viewport, dark=dark) as page:
        for url in (
            "queue",
            f"holds/{held.id}",
            "deliveries",
            "unanswered",
            "channels",
            "try",
            "password",
            "sign-in",
        ):
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
