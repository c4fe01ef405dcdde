"""Who may speak is compared with what a person confirmed, and confirmed by a person."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.core.bypass import AlertKind
from app.core.errors import Conflict, Invalid, NotFound
from app.core.speakers import Speaker, SpeakerKind
from app.service.alarms import Alarms
from app.service.registering import Registering
from app.storage.alerts import SqlAlerts
from app.storage.registries import SqlRegistries
from tests.service.stage import Stage, stage

BOT = Speaker(SpeakerKind.BOT, "vendor", "webhook 10.0.0.5:8000 2.1")
MOVED = replace(BOT, detail="webhook 203.0.113.9 2.1")
ACME = Speaker(SpeakerKind.VENDOR, "acme", "send")


@dataclass
class Office:
    stage: Stage
    registering: Registering
    now: list[Speaker]

    async def alerts(self) -> list[str]:
        return [one.detail for one in await self.registering.alarms.records.open()]

    async def confirm(self, by: str = "wang") -> None:
        standing = await self.registering.standing("hall")
        await self.registering.confirm("hall", standing.seen, by, "已核对合同")

    async def actions(self) -> list[str]:
        return [one.action async for one in self.stage.store.audit_trail()]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with stage(tmp_path) as here:
        now = [BOT]

        async def speakers(channel: str) -> Sequence[Speaker]:
            return sorted(now)

        alarms = Alarms(SqlAlerts(here.store.database), here.heard, here.clock, here.review.new_id)
        records = SqlRegistries(here.store.database)
        registering = Registering(("hall",), speakers, records, alarms, here.clock, here.review.new_id)
        yield Office(here, registering, now)


async def test_the_first_start_puts_down_who_may_speak_and_nobody_has_confirmed_it(office: Office) -> None:
    await office.registering.look()
    await office.registering.look()
    standing = await office.registering.standing("hall")
    assert standing.registry is not None
    assert (standing.registry.speakers, standing.registry.confirmed_by) == ((BOT,), "")
    assert not standing.confirmed
    assert (await office.alerts(), await office.actions()) == ([], ["registry.begin"])


async def test_a_bot_that_answers_from_elsewhere_is_told_until_a_person_confirms_it(office: Office) -> None:
    await office.registering.look()
    await office.confirm()
    assert (await office.registering.standing("hall")).confirmed
    office.now[:] = [MOVED]
    await office.registering.look()
    await office.registering.look()
    assert await office.alerts() == [f"bot:vendor {BOT.detail} -> bot:vendor {MOVED.detail}"]
    assert [one.kind for one in office.stage.heard.alerts] == [AlertKind.SPEAKER]
    assert not (await office.registering.standing("hall")).confirmed
    await office.confirm()
    assert await office.alerts() == []
    assert (await office.registering.standing("hall")).confirmed
    assert await office.actions() == [
        "registry.begin",
        "registry.confirm",
        "bypass.speaker",
        "registry.confirm",
    ]


async def test_one_more_vendor_is_told_and_one_less_only_shown(office: Office) -> None:
    await office.registering.look()
    office.now[:] = [BOT, ACME]
    await office.registering.look()
    assert await office.alerts() == ["-> vendor:acme send"]
    await office.confirm()
    office.now[:] = [BOT]
    await office.registering.look()
    assert await office.alerts() == []
    (gone,) = (await office.registering.standing("hall")).changes
    assert gone.before == ACME


async def test_what_was_put_back_is_over_and_stays_listed(office: Office) -> None:
    await office.registering.look()
    office.now[:] = [MOVED]
    await office.registering.look()
    office.now[:] = [BOT]
    await office.registering.look()
    (alert,) = await office.registering.alarms.records.open()
    assert alert.over_at is not None


async def test_what_changed_since_the_person_looked_is_not_confirmed_with_it(office: Office) -> None:
    await office.registering.look()
    seen = (await office.registering.standing("hall")).seen
    office.now[:] = [MOVED]
    with pytest.raises(Conflict):
        await office.registering.confirm("hall", seen, "wang", "已核对")
    standing = await office.registering.standing("hall")
    assert standing.registry is not None
    assert standing.registry.confirmed_by == ""


async def test_of_two_that_confirm_at_once_one_wins(office: Office) -> None:
    await office.registering.look()
    registry = (await office.registering.standing("hall")).registry
    assert registry is not None
    await office.confirm("wang")
    entry = [one async for one in office.stage.store.audit_trail()][-1]
    with pytest.raises(Conflict) as conflict:
        await office.registering.records.confirm(
            replace(registry, id="late"), registry.id, office.stage.clock.now, entry
        )
    assert conflict.value.by == "wang"


async def test_a_reason_and_a_channel_are_asked_for(office: Office) -> None:
    await office.registering.look()
    standing = await office.registering.standing("hall")
    with pytest.raises(Invalid):
        await office.registering.confirm("hall", standing.seen, "wang", " ")
    with pytest.raises(NotFound):
        await office.registering.confirm("none", standing.seen, "wang", "好")
