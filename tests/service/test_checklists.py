"""A person's word that the platform's own replies are off: asked for, signed, and asked for again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.checklist import ITEMS, Item, Tick, due
from app.core.errors import Invalid, NotFound
from app.service.checklists import Checklists, Wanted
from app.storage.checklists import SqlChecklists
from tests.service.stage import Stage, stage
from tests.values import NOON

DAY = timedelta(days=1)
TWO = (Item.MESSAGE_REPLY, Item.SMART_REPLY)


@dataclass
class Office:
    stage: Stage
    checklists: Checklists

    async def due(self) -> tuple[Item, ...]:
        await self.checklists.look()
        return self.checklists.due.get("hall", ())


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with stage(tmp_path) as here:
        wanted = {"hall": Wanted(TWO, 30 * DAY), "weibo": Wanted(TWO, 30 * DAY)}
        records = SqlChecklists(here.store.database)
        yield Office(here, Checklists(wanted, records, here.clock, here.review.new_id))


@pytest.mark.parametrize("platform", ["wechat", "weibo"])
def test_each_platform_has_its_list_and_no_item_twice(platform: str) -> None:
    assert len(set(ITEMS[platform])) == len(ITEMS[platform]) >= 4


@pytest.mark.parametrize(
    ("age", "asked"),
    [
        pytest.param(30 * DAY - timedelta(seconds=1), (), id="for thirty days a word counts"),
        pytest.param(30 * DAY, (Item.MESSAGE_REPLY,), id="and no longer"),
    ],
)
def test_a_word_ages(age: timedelta, asked: tuple[Item, ...]) -> None:
    tick = Tick("tick-1", "hall", Item.MESSAGE_REPLY, "li", NOON)
    assert due((Item.MESSAGE_REPLY,), {Item.MESSAGE_REPLY: tick}, NOON + age, 30 * DAY) == asked


async def test_what_nobody_has_looked_at_is_due_at_once(office: Office) -> None:
    assert await office.due() == TWO
    assert {line.due_at for line in await office.checklists.lines("hall")} == {None}


async def test_what_is_signed_is_due_again_a_month_later(office: Office) -> None:
    await office.checklists.sign("hall", TWO, "li", "后台“自动回复”页，三项都关着")
    assert office.checklists.due == {"weibo": TWO}
    (first, _) = await office.checklists.lines("hall")
    assert first.tick is not None
    assert (first.tick.by, first.tick.at, first.due_at) == ("li", NOON, NOON + 30 * DAY)
    office.stage.clock.forward(days=30)
    assert await office.due() == TWO


async def test_one_item_signed_leaves_the_other_due_and_the_latest_word_counts(office: Office) -> None:
    await office.checklists.sign("hall", [Item.SMART_REPLY], "li", "看过")
    assert await office.due() == (Item.MESSAGE_REPLY,)
    office.stage.clock.forward(days=20)
    await office.checklists.sign("hall", [Item.SMART_REPLY], "wang", "又看过")
    (_, line) = await office.checklists.lines("hall")
    assert line.tick is not None
    assert (line.tick.by, line.tick.note) == ("wang", "又看过")


async def test_each_signature_is_audited_and_none_is_overwritten(office: Office) -> None:
    for name in ("li", "wang"):
        await office.checklists.sign("hall", TWO, name, f"{name}看过")
    trail = [one async for one in office.stage.store.audit_trail()]
    assert [(one.actor, one.action, one.after, one.reason) for one in trail] == [
        ("li", "checklist.sign", "message-reply smart-reply", "li看过"),
        ("wang", "checklist.sign", "message-reply smart-reply", "wang看过"),
    ]


@pytest.mark.parametrize(
    ("items", "note"),
    [
        pytest.param((), "看过", id="nothing ticked"),
        pytest.param(TWO, " ", id="no note"),
        pytest.param(("everything",), "看过", id="an item that is none"),
    ],
)
async def test_a_signature_is_of_something_and_says_how(
    office: Office, items: tuple[str, ...], note: str
) -> None:
    with pytest.raises(Invalid):
        await office.checklists.sign("hall", items, "li", note)
    assert await office.due() == TWO


async def test_a_channel_nobody_has_has_no_list(office: Office) -> None:
    with pytest.raises(NotFound):
        await office.checklists.sign("none", TWO, "li", "看过")
