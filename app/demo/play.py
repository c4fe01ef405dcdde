"""`shenyan demo`: plays the script through real processes and shows what became of every reply."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from app.core.model import Platform
from app.demo.emulator import new_client, write_accounts
from app.demo.guard_api import GuardApi, Judged, Missing
from app.demo.processes import Child, DidNotStart, Surroundings, free_ports
from app.demo.rows import Arrival, Row, due, row_of
from app.demo.sample import Ports, Sample, new_sample, write_config
from app.demo.script import SCENES, Expected, Scene
from app.demo.table import table_of

READY_WITHIN_S = 120.0
"""Longer than the rules take to load on a busy machine; one that ends is noticed at once."""
PUSH_WITHIN_S = READY_WITHIN_S + 25.0
"""Three tries of five seconds, and what a restart takes between them."""
ARRIVES_WITHIN_S = 45.0

Say = Callable[[str], None]
"""Shows in a line what is being done."""


def main(*, as_json: bool = False) -> int:
    """Play everything, print the table (or the rows as JSON); 0 when every scene went as expected."""
    progress = Console(stderr=True, highlight=False)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="shenyan-demo-") as folder,
            progress.status("正在启动慎言、示例机器人和平台模拟器……") as status,
        ):
            rows = asyncio.run(_play(Path(folder), status.update))
    except (DidNotStart, Missing, httpx.HTTPError) as error:
        progress.print(f"[red]演示中断：{escape(str(error) or type(error).__name__)}")
        return 1
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False) + "\n")
    else:
        Console().print(table_of(rows))
    return 0 if all(row.as_expected for row in rows) else 1


async def _play(folder: Path, say: Say) -> list[Row]:
    """Start everything, play, end everything. Raises DidNotStart, Missing, httpx.HTTPError."""
    guard_port, vendor_port, emulator_port = free_ports((0, 0, 0))
    sample = new_sample(Ports(guard_port, vendor_port, emulator_port))
    config = write_config(sample, folder)
    accounts = folder / "accounts.json"
    write_accounts(sample.accounts, accounts)
    surroundings = Surroundings(sample, folder, accounts)
    guard = Child("guard", ("-m", "app", "serve", "--config", str(config)), folder / "guard.log")
    try:
        surroundings.start()
        guard.start()
        async with new_client() as http:
            await surroundings.ready(http, READY_WITHIN_S)
            stage = Stage(sample, http, guard, GuardApi(http, sample.guard_url, sample.api_token))
            await stage.ready()
            return await _scenes(stage, say)
    finally:
        guard.stop()
        surroundings.stop()


async def _scenes(stage: "Stage", say: Say) -> list[Row]:
    """All at once but the last, which needs the guard's death for itself."""
    *together, alone = SCENES
    say(f"{len(together)} 位市民同时留言，人工审核随后放行一条、改写一条……")
    played = await asyncio.gather(*(stage.play(scene) for scene in together))
    say("机器人正在作答时强制结束慎言，随后重新启动……")
    played.append(await stage.play(alone))
    say("核对每位市民收到的内容……")
    return [await stage.row(one) for one in played]


@dataclass(frozen=True, slots=True)
class Played:
    scene: Scene
    asked_at: datetime
    tries: int
    judged: Judged


@dataclass(slots=True)
class Stage:
    """Everything is running; what is done here is done by HTTP, as a platform and a moderator do it."""

    sample: Sample
    http: httpx.AsyncClient
    guard: Child
    api: GuardApi

    async def ready(self) -> None:
        await self.guard.ready(self.http, f"{self.sample.guard_url}/readyz", READY_WITHIN_S)

    async def play(self, scene: Scene) -> Played:
        pushing = asyncio.create_task(self._push(scene))
        if scene.expected is Expected.SURVIVED:
            await self._crash_while_asked(scene)
        pushed = await pushing
        judged = await self.api.judged(scene.citizen, ARRIVES_WITHIN_S)
        if scene.expected is Expected.APPROVED:
            await self.api.approve(await self.api.pending_hold(scene.citizen), scene.reason)
        if scene.expected is Expected.EDITED:
            hold = await self.api.pending_hold(scene.citizen)
            await self.api.edit(hold, scene.edited_text, scene.reason)
        await self._received(scene, len(due(scene, judged.wanted)))
        return Played(scene, datetime.fromisoformat(pushed["asked_at"]), len(pushed["tries"]), judged)

    async def row(self, played: Played) -> Row:
        """Looks once more, at the end: what came twice would be there by now."""
        scene = played.scene
        arrivals = [
            Arrival(
                one["text"],
                one["via"],
                round((datetime.fromisoformat(one["at"]) - played.asked_at).total_seconds(), 1),
            )
            for one in await self._received(scene, 0)
        ]
        asked = await self._bot_was_asked(scene)
        return row_of(scene, played.judged, arrivals, tries=played.tries, bot_asked=asked)

    async def _push(self, scene: Scene) -> dict[str, Any]:
        name = "weibo" if scene.platform is Platform.WEIBO else "wechat"
        response = await self.http.post(
            f"{self.sample.emulator_url}/emulator/{name}/messages",
            json={"user": scene.citizen, "text": scene.asks, "lose_answers": scene.lose_answers},
            timeout=PUSH_WITHIN_S,
        )
        pushed: dict[str, Any] = response.raise_for_status().json()
        return pushed

    async def _crash_while_asked(self, scene: Scene) -> None:
        """SIGKILL once the bot has the question, and begin anew.

        The platform pushes again when the guard is back: how long that takes is the machine's matter.
        """
        end = monotonic() + ARRIVES_WITHIN_S
        while not await self._bot_was_asked(scene):
            if monotonic() > end:
                raise Missing(f"the bot was never asked by {scene.citizen}")
            await asyncio.sleep(0.05)
        await self._hold_resends(wait=True)
        self.guard.kill()
        self.guard.start()
        await self.ready()
        await self._hold_resends(wait=False)

    async def _hold_resends(self, *, wait: bool) -> None:
        response = await self.http.post(f"{self.sample.emulator_url}/emulator/resends", json={"wait": wait})
        response.raise_for_status()

    async def _bot_was_asked(self, scene: Scene) -> int:
        response = await self.http.get(f"{self.sample.vendor_url}/asked", params={"user": scene.citizen})
        return len(response.raise_for_status().json())

    async def _received(self, scene: Scene, at_least: int) -> list[dict[str, str]]:
        response = await self.http.get(
            f"{self.sample.emulator_url}/emulator/inbox/{scene.citizen}",
            params={"at_least": at_least, "within_s": ARRIVES_WITHIN_S},
            timeout=ARRIVES_WITHIN_S + 5,
        )
        received: list[dict[str, str]] = response.raise_for_status().json()
        return received
