"""What is noticed is on record once, however often it comes, and stays until a person has dealt with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.core.bypass import AlertKind, Suspicion
from app.core.errors import Conflict, Invalid, NotFound, StoreError
from app.service.alarms import MOST_PENDING, Alarms
from app.storage.alerts import SqlAlerts
from tests.service.stage import Stage, stage

TOKEN = Suspicion("hall", AlertKind.RETIRED_TOKEN, "acme", "acme: token, revoked")
SWITCH = Suspicion("hall", AlertKind.AUTOREPLY, "message", "message")


@dataclass
class Post:
    stage: Stage
    alarms: Alarms

    def other(self) -> Alarms:
        """Of another process on the same records."""
        return Alarms(self.alarms.records, self.stage.heard, self.stage.clock, self.alarms.new_id)

    async def actions(self) -> list[str]:
        return [f"{one.action} {one.reason}" async for one in self.stage.store.audit_trail()]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with stage(tmp_path) as here:
        alerts = SqlAlerts(here.store.database)
        yield Post(here, Alarms(alerts, here.heard, here.clock, here.review.new_id))


async def test_a_flood_is_one_alert_one_audit_row_and_a_count(post: Post) -> None:
    for _ in range(50):
        post.alarms.hear(TOKEN)
        await post.alarms.look()
    (alert,) = await post.alarms.records.open()
    assert (alert.count, alert.raised) == (50, 1)
    assert await post.actions() == ["bypass.retired-token acme"]
    assert [one.kind for one in post.stage.heard.alerts] == [AlertKind.RETIRED_TOKEN]
    assert post.alarms.counts == {"hall": 1}


async def test_it_is_told_anew_an_hour_later(post: Post) -> None:
    await post.alarms.sound(TOKEN)
    post.stage.clock.forward(hours=1)
    await post.alarms.sound(TOKEN)
    (alert,) = await post.alarms.records.open()
    assert (alert.raised, alert.last_at) == (2, post.stage.clock.now)
    assert len(await post.actions()) == len(post.stage.heard.alerts) == 2


async def test_two_processes_that_notice_the_same_tell_it_once(post: Post) -> None:
    await post.alarms.sound(TOKEN)
    await post.other().sound(TOKEN)
    assert len(post.stage.heard.alerts) == 1


async def test_what_is_acknowledged_is_no_longer_listed_and_comes_back_as_news(post: Post) -> None:
    await post.alarms.sound(TOKEN)
    (alert,) = await post.alarms.records.open()
    await post.alarms.acknowledge("hall", alert.id, "li", "已通知外包方")
    assert await post.alarms.records.open() == []
    assert post.alarms.counts == {}
    await post.alarms.sound(TOKEN)
    (again,) = await post.alarms.records.open()
    assert again.id != alert.id
    (newest, kept) = await post.alarms.records.of_channel("hall")
    assert (newest.id, kept.acknowledged_by, kept.reason) == (again.id, "li", "已通知外包方")


async def test_a_switch_that_a_person_knows_of_is_not_told_again_unless_it_was_off(post: Post) -> None:
    await post.alarms.sound(SWITCH)
    (alert,) = await post.alarms.records.open()
    await post.alarms.acknowledge("hall", alert.id, "li", "正在关")
    await post.alarms.sound(SWITCH)
    assert await post.alarms.records.open() == []
    await post.alarms.over("hall", AlertKind.AUTOREPLY)
    await post.alarms.sound(SWITCH)
    assert len(await post.alarms.records.open()) == 1


async def test_what_is_over_stays_listed_until_a_person_has_seen_it(post: Post) -> None:
    await post.alarms.sound(SWITCH)
    await post.alarms.over("hall", AlertKind.AUTOREPLY, ["keyword"])
    (alert,) = await post.alarms.records.open()
    assert alert.over_at == post.stage.clock.now


async def test_what_still_is_does_not_end(post: Post) -> None:
    await post.alarms.sound(SWITCH)
    await post.alarms.over("hall", AlertKind.AUTOREPLY, ["message"])
    assert (await post.alarms.records.open())[0].over_at is None


@pytest.mark.parametrize("reason", ["", "  "])
async def test_nothing_is_acknowledged_without_a_reason(post: Post, reason: str) -> None:
    await post.alarms.sound(TOKEN)
    (alert,) = await post.alarms.records.open()
    with pytest.raises(Invalid):
        await post.alarms.acknowledge("hall", alert.id, "li", reason)
    assert len(await post.alarms.records.open()) == 1


async def test_of_two_people_one_acknowledges_and_the_other_hears_who(post: Post) -> None:
    await post.alarms.sound(TOKEN)
    (alert,) = await post.alarms.records.open()
    await post.alarms.acknowledge("hall", alert.id, "li", "好")
    with pytest.raises(Conflict) as conflict:
        await post.alarms.acknowledge("hall", alert.id, "wang", "好")
    assert conflict.value.by == "li"


async def test_an_alert_of_another_channel_is_none_of_this_one(post: Post) -> None:
    await post.alarms.sound(TOKEN)
    (alert,) = await post.alarms.records.open()
    with pytest.raises(NotFound):
        await post.alarms.acknowledge("other", alert.id, "li", "好")


@dataclass
class Away:
    """Records that fail, then come back."""

    inner: SqlAlerts
    away: bool = True
    tried: list[str] = field(default_factory=list)

    async def raise_alert(self, suspicion: Suspicion, *more: object) -> object:
        self.tried.append(suspicion.key)
        if self.away:
            raise StoreError("away")
        return await self.inner.raise_alert(suspicion, *more)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


async def test_what_was_heard_while_the_records_were_away_is_put_down_later(post: Post) -> None:
    away = Away(post.alarms.records)  # type: ignore[arg-type]
    alarms = Alarms(away, post.stage.heard, post.stage.clock, post.alarms.new_id)  # type: ignore[arg-type]
    for _ in range(2):
        alarms.hear(TOKEN)
        with pytest.raises(StoreError):
            await alarms.look()
    away.away = False
    await alarms.look()
    (alert,) = await alarms.records.open()
    assert alert.count == 2


async def test_a_thousand_different_things_do_not_fill_the_memory(post: Post) -> None:
    for number in range(1_000):
        post.alarms.hear(Suspicion("hall", AlertKind.REDIRECT, f"bot-{number}"))
    assert len(post.alarms._pending) == MOST_PENDING
