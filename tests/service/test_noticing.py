"""The lookout finds what the desk should hear of, once; the robots say it, again until it arrives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.bypass import AlertKind, Suspicion
from app.core.canary import BOT
from app.core.checklist import ITEMS
from app.core.errors import PostError, StoreError
from app.core.model import Severity
from app.core.notices import LOUD, Notice, NoticeKind
from app.core.records import ExchangeState, Hold
from app.service.alarms import Alarms
from app.service.bot_watch import BotWatch
from app.service.checklists import Checklists, Wanted
from app.service.noticing import MOST_PENDING, Lookout, Manners, Mouth, Thresholds
from app.service.switches import Switches
from app.storage.alerts import SqlAlerts
from app.storage.checklists import SqlChecklists
from app.storage.switches import SqlSwitches
from tests.service.stage import MOCKING, Stage, stage
from tests.values import NOON, RELEASED, exchange, message

KIND = NoticeKind


@dataclass
class ToyRobot:
    said: list[str] = field(default_factory=list)
    spoke: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    async def say(self, text: str) -> None:
        if self.away:
            raise PostError("http: status 500")
        self.said.append(text)
        self.spoke.set()


@dataclass
class Post:
    """A lookout with one robot."""

    stage: Stage
    robot: ToyRobot
    mouth: Mouth
    switches: Switches
    lookout: Lookout

    async def hold(self, number: int, **changes: Any) -> None:
        self.stage.bot.reply = MOCKING
        await self.stage.relay.respond(message(f"MsgId:{number}", user=f"citizen-{number}", **changes))

    async def heard(self) -> list[NoticeKind]:
        """The kinds of what a look has found."""
        self.mouth.pending.clear()
        await self.lookout.look()
        return [one.kind for one in self.mouth.pending]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with stage(tmp_path) as here:
        here.bot.may_answer.set()
        coordinator = here.review.coordinator
        switches = Switches(SqlSwitches(here.store.database), coordinator, here.heard, here.clock)
        robot = ToyRobot()
        mouth = Mouth("duty", robot, Manners(), here.heard, here.clock, "http://guard/console/")
        lookout = Lookout(
            here.store,
            switches,
            coordinator,
            here.heard,
            here.clock,
            Thresholds(queue_longer_than=2),
            [mouth],
            lambda hold: "着火" in hold.message.text,
        )
        yield Post(here, robot, mouth, switches, lookout)


async def test_nothing_to_tell_is_nothing_said(post: Post) -> None:
    assert await post.heard() == []
    await post.mouth.speak()
    assert post.robot.said == []


async def test_an_emergency_is_told_once(post: Post) -> None:
    await post.hold(1, text="楼下着火了")
    await post.hold(2, text="几点开门？")
    assert await post.heard() == [KIND.URGENT_HOLD]
    assert await post.heard() == []


async def test_what_one_replica_told_the_other_does_not(post: Post) -> None:
    await post.hold(1, text="楼下着火了")
    other = replace(post.lookout, _read=frozenset())
    assert await post.heard() == [KIND.URGENT_HOLD]
    post.mouth.pending.clear()
    await other.look()
    assert post.mouth.pending == []


async def test_a_message_that_cannot_be_read_may_be_an_emergency(post: Post) -> None:
    def breaks(hold: Hold) -> bool:
        raise RecursionError

    post.lookout.is_emergency = breaks
    await post.hold(1)
    assert await post.heard() == [KIND.URGENT_HOLD]


async def test_what_was_found_is_told_though_the_next_lookup_fails(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object) -> None:
        raise StoreError("away")

    await post.hold(1, text="楼下着火了")
    monkeypatch.setattr(type(post.stage.store), "deliveries", away)
    with pytest.raises(StoreError):
        await post.lookout.look()
    assert [one.kind for one in post.mouth.pending] == [KIND.URGENT_HOLD]


async def test_a_window_that_closes_soon_and_a_limit_that_passed(post: Post) -> None:
    post.stage.relay.decide_within = {Severity.MEDIUM: timedelta(hours=1)}
    await post.hold(1)
    assert await post.heard() == []
    post.stage.clock.forward(hours=1)
    assert await post.heard() == [KIND.OVERDUE]
    post.stage.clock.forward(hours=45, minutes=30)
    assert await post.heard() == [KIND.WINDOW_CLOSING]


async def test_a_long_queue_is_told_when_it_becomes_long(post: Post) -> None:
    for number in range(2):
        await post.hold(number)
    assert KIND.QUEUE_LONG not in await post.heard()
    await post.hold(3)
    assert KIND.QUEUE_LONG in await post.heard()
    assert KIND.QUEUE_LONG not in await post.heard()


async def test_a_stop_and_its_end(post: Post) -> None:
    await post.switches.stop("hall", "li", "答非所问")
    assert await post.heard() == [KIND.STOPPED]
    await post.switches.resume("hall", "li", "修好了")
    assert await post.heard() == [KIND.RESUMED]


async def test_a_digest_comes_at_its_time(post: Post) -> None:
    post.lookout.thresholds = Thresholds(digest_every=timedelta(hours=24))
    assert await post.heard() == []
    post.stage.clock.forward(hours=24)
    assert await post.heard() == [KIND.DIGEST]


async def test_no_message_tells_what_anybody_wrote(post: Post) -> None:
    await post.hold(1, text="楼下着火了，我叫王小明")
    await post.lookout.look()
    await post.mouth.speak()
    (text,) = post.robot.said
    assert "hall 1" in text
    for word in ("着火", "王小明", "呵呵", "citizen"):
        assert word not in text


# --- saying it --------------------------------------------------------------------------------


def notice(kind: NoticeKind = KIND.OVERDUE, channel: str = "hall") -> Notice:
    return Notice(kind, NOON, channel)


async def test_what_could_not_be_said_is_said_later_with_what_came_since(post: Post) -> None:
    post.robot.away = True
    post.mouth.hear([notice()])
    await post.mouth.speak()
    post.mouth.hear([notice(channel="tax")])
    post.robot.away = False
    await post.mouth.speak()
    assert len(post.robot.said) == 1
    assert "hall 1、tax 1" in post.robot.said[0]
    assert [where for where, _ in post.stage.heard.failures] == ["notices"]


async def test_a_robot_that_never_answers_fills_no_memory(post: Post) -> None:
    post.mouth.hear([notice()] * (MOST_PENDING + 10))
    assert len(post.mouth.pending) == MOST_PENDING


async def test_what_may_wait_is_dropped_before_what_may_not(post: Post) -> None:
    post.mouth.hear([notice(KIND.URGENT_HOLD), notice(channel="old")])
    post.mouth.hear([notice()] * (MOST_PENDING - 1))
    assert len(post.mouth.pending) == MOST_PENDING
    assert post.mouth.pending[0].kind is KIND.URGENT_HOLD
    assert "old" not in {one.channel for one in post.mouth.pending}
    assert [where for where, _ in post.stage.heard.failures] == ["notices"]


@pytest.mark.parametrize(
    ("manners", "told"),
    [
        pytest.param(Manners(kinds=frozenset({KIND.STOPPED})), 0, id="another kind"),
        pytest.param(Manners(channels=frozenset({"tax"})), 0, id="another channel"),
        pytest.param(Manners(channels=frozenset({"hall"})), 1, id="its own channel"),
    ],
)
async def test_a_group_hears_what_it_asked_for(post: Post, manners: Manners, told: int) -> None:
    post.mouth.manners = manners
    post.mouth.hear([notice()])
    await post.mouth.speak()
    assert len(post.robot.said) == told


async def test_in_quiet_hours_only_what_cannot_wait_is_said(post: Post) -> None:
    now = NOON.astimezone().time()
    late = (NOON + timedelta(hours=1)).astimezone().time()
    post.mouth.manners = Manners(quiet_from=now, quiet_to=late)
    post.mouth.hear([notice(), notice(KIND.URGENT_HOLD)])
    await post.mouth.speak()
    assert "紧急待办" in post.robot.said[0]
    assert "已超时限" not in post.robot.said[0]
    post.stage.clock.forward(hours=2)
    await post.mouth.speak()
    assert "已超时限" in post.robot.said[1]


@pytest.mark.parametrize(
    ("hour", "quiet"),
    [(21, False), (22, True), (23, True), (0, True), (6, True), (7, False)],
)
def test_a_night_reaches_over_midnight(hour: int, quiet: bool) -> None:
    at = NOON.astimezone().replace(hour=hour)
    assert Manners(quiet_from=time(22), quiet_to=time(7)).is_quiet(at) is quiet


# --- bots -------------------------------------------------------------------------------------


def test_a_bot_that_fails_on_end_is_told_and_that_it_is_back() -> None:
    heard: list[Notice] = []
    watch = BotWatch(lambda: NOON, down_after=3)
    watch.tell = heard.extend
    failed = replace(exchange(), state=ExchangeState.UNANSWERED, why="bot-timeout")
    answered = replace(exchange(), state=ExchangeState.ANSWERED, reply=MOCKING, verdict=RELEASED)
    for one in (failed, failed, answered, failed, failed, failed, failed, answered):
        watch.exchange_finished(one)
    assert [(one.kind, one.channel) for one in heard] == [(KIND.BOT_DOWN, "hall"), (KIND.BOT_BACK, "hall")]


async def test_neither_a_robot_nor_a_look_that_breaks_ends_the_workers(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        async def say(self, text: str) -> None:
            raise RuntimeError

    async def broken(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(post.stage.store), "count_holds", broken)
    post.mouth.manners = Manners(every_s=0.01)
    beside = replace(post.mouth, name="broken", robot=Broken(), pending=[])
    post.lookout.mouths = [beside, post.mouth]
    post.lookout.every_s = 0.01
    running = asyncio.create_task(post.lookout.run())
    for channel in ("hall", "tax"):
        post.robot.spoke.clear()
        post.lookout.tell([notice(channel=channel)])
        async with asyncio.timeout(10):
            await post.robot.spoke.wait()
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [one.channel for one in beside.pending] == ["hall", "tax"]


async def test_the_workers_run_until_they_are_stopped(post: Post) -> None:
    await post.hold(1, text="楼下着火了")
    post.mouth.manners = Manners(every_s=0.01)
    post.lookout.every_s = 0.01
    running = asyncio.create_task(post.lookout.run())
    async with asyncio.timeout(10):
        await post.robot.spoke.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_bot_that_sends_us_elsewhere_is_suspected_each_time() -> None:
    suspected: list[Suspicion] = []
    watch = BotWatch(lambda: NOON, down_after=3)
    watch.suspect = suspected.append
    watch.exchange_finished(replace(exchange(), state=ExchangeState.UNANSWERED, why="bot-redirect"))
    watch.exchange_finished(replace(exchange(), state=ExchangeState.UNANSWERED, why="bot-timeout"))
    assert suspected == [Suspicion("hall", AlertKind.REDIRECT, "vendor", "vendor")]


def test_our_own_answers_do_not_make_a_bot_that_is_down_look_well() -> None:
    heard: list[Notice] = []
    watch = BotWatch(lambda: NOON, down_after=2)
    watch.tell = heard.extend
    failed = replace(exchange(), state=ExchangeState.UNANSWERED, why="bot-timeout")
    test = replace(exchange(), state=ExchangeState.ANSWERED, reply=MOCKING, verdict=RELEASED, bot=BOT)
    for one in (failed, test, failed):
        watch.exchange_finished(one)
    assert [one.kind for one in heard] == [KIND.BOT_DOWN]


async def test_a_way_past_the_guard_is_told_at_night_too_and_once_by_all_replicas(post: Post) -> None:
    alarms = alarms_on(post)
    post.lookout.alarms = alarms
    await alarms.sound(Suspicion("hall", AlertKind.AUTOREPLY, "message", "message"))
    other = replace(post.lookout, _read=frozenset())
    assert await post.heard() == [KIND.BYPASS]
    assert KIND.BYPASS in LOUD
    await other.look()
    assert [one.kind for one in post.mouth.pending] == [KIND.BYPASS]
    assert await post.heard() == []


async def test_what_is_raised_anew_is_told_anew_and_what_is_acknowledged_no_more(post: Post) -> None:
    post.lookout.alarms = alarms = alarms_on(post)
    suspicion = Suspicion("hall", AlertKind.RETIRED_TOKEN, "acme", "acme: token, revoked")
    await alarms.sound(suspicion)
    assert await post.heard() == [KIND.BYPASS]
    post.stage.clock.forward(hours=1)
    await alarms.sound(suspicion)
    assert await post.heard() == [KIND.BYPASS]
    (alert,) = await alarms.standing()
    await alarms.acknowledge("hall", alert.id, "li", "已停用")
    assert await post.heard() == []


async def test_a_checklist_that_is_due_is_told_with_how_many_items(post: Post) -> None:
    records = SqlChecklists(post.stage.store.database)
    wanted = {"hall": Wanted(ITEMS["weibo"], timedelta(days=30))}
    checklists = Checklists(wanted, records, post.stage.clock, post.stage.review.new_id)
    post.lookout.checklists = checklists
    assert await post.heard() == []
    await checklists.look()
    assert await post.heard() == [KIND.CHECKLIST_DUE]
    assert [(one.channel, one.count) for one in post.mouth.pending] == [("hall", 4)]
    assert await post.heard() == []


def alarms_on(post: Post) -> Alarms:
    here = post.stage
    return Alarms(SqlAlerts(here.store.database), here.heard, here.clock, here.review.new_id)
