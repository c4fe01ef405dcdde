"""Every page in both themes, on a desktop and a phone, as pictures to look at: `make screenshots`.

`python -m tests.console.screenshots FOLDER guard queue` takes these two pages only.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from playwright.async_api import Page
from rich.progress import track

from app.core.bypass import AlertKind, Suspicion
from app.core.checklist import ITEMS
from app.core.identity import Role
from app.core.model import Article, Reply
from app.core.submission import Submission, Way
from tests.console.browser import chromium, served
from tests.console.desk import Desk, Person, desk
from tests.service.stage import BLOCKING

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
THEMES = ("light", "dark")


async def main(target: Path, only: frozenset[str]) -> None:
    with TemporaryDirectory() as folder:
        async with desk(Path(folder)) as here, served(here) as url:
            found = await _pages(here)
            pages = {name: path for name, path in found.items() if name in only or not only}
            cookies = {
                role: _cookie(await here.somebody(role.value.replace("_", "-"), role), url)
                for role in (Role.LEADER, Role.ADMINISTRATOR)
            }
            shots = [(size, theme) for size in SIZES for theme in THEMES]
            for size, theme in track(shots, "拍照", disable=not sys.stderr.isatty()):
                for name, path in pages.items():
                    role = Role.ADMINISTRATOR if name == "users" else Role.LEADER
                    async with _browsing(url, size, theme, cookies[role]) as page:
                        await page.goto(path)
                        await page.screenshot(path=target / f"{name}-{size}-{theme}.png", full_page=True)
    print(f"{len(pages) * len(shots)} pictures in {target}")


async def _pages(here: Desk) -> dict[str, str]:
    texts = ("路灯坏了三天了，打电话没人接", "我的电话13812345678，公积金怎么提取？", "办事大厅几点开门？")
    for number, text in enumerate(texts):
        await here.held(key=f"MsgId:{number}", user=f"citizen-{number}", text=text)
        here.stage.clock.forward(minutes=17)
    held = await here.held(
        Reply.of("呵呵，您真行，路灯坏了就早点回家呗。"), key="MsgId:8", user="citizen-8", text=texts[0]
    )
    article = Article("办事指南", "市民中心", "一次告知", "办事大厅上午九点开门。\n请带身份证原件。")
    post = await here.submitted(Submission(Way.MASS, Reply((article,)), "", {"is_to_all": "true"}))
    blocked = await here.held(BLOCKING, key="MsgId:9", user="citizen-9", text=texts[2])
    await _suspicions(here)
    return {
        "sign-in": "/console/sign-in",
        "password": "/console/password",
        "queue": "/console/queue",
        "hold": f"/console/holds/{held.id}",
        "post": f"/console/holds/{post.id}",
        "blocked": f"/console/holds/{blocked.id}",
        "deliveries": "/console/deliveries",
        "unanswered": "/console/unanswered",
        "channels": "/console/channels",
        "guard": "/console/channels/hall/guard",
        "try": "/console/try",
        "group": f"/console/groups/{held.id}",
        "phrases": "/console/phrases",
        "phrase": f"/console/phrases/refer/for/{held.id}",
        "handover": "/console/handover",
        "audit": "/console/audit",
        "statistics": "/console/statistics?first=2026-02-20&last=2026-03-05",
        "users": "/console/users",
        "account": "/console/account",
    }


async def _suspicions(here: Desk) -> None:
    """Somebody has confirmed who may speak; then a reviewer came, a token, and an automatic reply."""
    watch = here.watch
    await watch.registering.look()
    standing = await watch.registering.standing("hall")
    await watch.registering.confirm("hall", standing.seen, "wang", "与采购合同第 7 条核对")
    first, second, *_ = ITEMS["wechat"]
    await watch.checklists.sign("hall", [first, second], "li", "后台“自动回复”页，两项都是灰的")
    await watch.registering.look()
    for kind, key, count in (
        (AlertKind.RETIRED_TOKEN, "acme: token, revoked", 37),
        (AlertKind.AUTOREPLY, "message", 1),
        (
            AlertKind.FOREIGN,
            "2026-03-02T12:21:07+08:00 desk1@guihe; 2026-03-02T12:22:40+08:00 desk1@guihe",
            2,
        ),
    ):
        await watch.alarms.sound(Suspicion("hall", kind, key, key, count))
    oldest = min(await watch.alarms.standing(), key=lambda one: one.detail)
    await watch.alarms.acknowledge("hall", oldest.id, "li", "是窗口同志在后台回的，已改为只用慎言")
    await watch.alarms.look()
    await watch.checklists.look()


def _cookie(person: Person, url: str) -> list[dict[str, str]]:
    (cookie,) = person.http.cookies.jar
    return [{"name": cookie.name, "value": cookie.value or "", "url": url}]


@asynccontextmanager
async def _browsing(url: str, size: str, theme: str, cookies: list[dict[str, str]]) -> AsyncIterator[Page]:
    width, height = SIZES[size]
    async with chromium() as browser:
        context = await browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            locale="zh-CN",
        )
        await context.add_cookies(cookies)  # type: ignore[arg-type]
        yield await context.new_page()


if __name__ == "__main__":
    wanted = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    wanted.mkdir(parents=True, exist_ok=True)
    anyio.run(main, wanted, frozenset(sys.argv[2:]))
