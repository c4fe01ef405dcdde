"""What is due leaves once; what nobody knows the fate of is never resent by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.delivery import retried_by_person
from app.core.errors import FateUnknown, PlatformBusy, PlatformError, WindowClosed
from app.core.model import SendWindow
from app.core.records import Delivery, DeliveryState
from app.ports import Allowance, Store
from app.service.courier import Courier
from app.service.share import Share
from tests.contract.given import entry
from tests.service.stage import POLITE, Stage, stage
from tests.values import NOON, message


async def late_reply(here: Stage, key: str = "MsgId:1", **changes: object) -> None:
    """One released reply that missed its window: a queued delivery."""
    here.bot.may_answer.set()
    await here.relay.respond(message(key, passive=False, **changes))


async def only_delivery(here: Stage) -> tuple[DeliveryState, str]:
    (delivery,) = (await here.store.deliveries(list(DeliveryState), None, "", 10)).items
    return delivery.state, delivery.why


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(None, DeliveryState.DELIVERED, id="confirmed"),
        pytest.param(PlatformBusy(code="-1"), DeliveryState.RETRYING, id="busy"),
        pytest.param(FateUnknown(), DeliveryState.UNCERTAIN, id="no answer"),
        pytest.param(RuntimeError("a bug after the send"), DeliveryState.UNCERTAIN, id="a bug"),
        pytest.param(WindowClosed(code="45015"), DeliveryState.EXPIRED, id="closed"),
        pytest.param(PlatformError(code="40003"), DeliveryState.FAILED, id="refused"),
    ],
)
async def test_a_send_ends_as_the_platform_says(
    tmp_path: Path, answer: Exception | None, state: DeliveryState
) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        here.platform.answers = [answer]
        await here.courier.run_once()
        assert (await only_delivery(here))[0] is state


async def test_an_uncertain_delivery_is_never_resent_by_itself(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        here.platform.answers = [FateUnknown()]
        for _ in range(3):
            await here.courier.run_once()
            here.clock.forward(hours=1)
        assert here.platform.received == []


async def test_a_busy_platform_is_asked_again_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        here.platform.answers = [PlatformBusy(code="-1"), None]
        await here.courier.run_once()
        assert await here.courier.run_once() == 0
        here.clock.forward(seconds=3)
        await here.courier.run_once()
        assert here.platform.received == [("citizen-1", POLITE.text)]


async def test_nothing_is_sent_in_the_last_moments_of_a_window(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here, window=SendWindow(NOON + timedelta(seconds=30), 5))
        here.clock.forward(seconds=27)
        await here.courier.run_once()
        assert await only_delivery(here) == (DeliveryState.EXPIRED, "window-closed")
        assert here.platform.received == []


async def test_the_quota_is_looked_at_before_the_platform_is_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        window = SendWindow(NOON + timedelta(hours=48), 1)
        for key in ("MsgId:1", "MsgId:2"):
            await late_reply(here, key, window=window)
            await here.courier.run_once()
        await here.courier.run_once()
        states = [d.state for d in (await here.store.deliveries(list(DeliveryState), None, "", 10)).items]
        assert sorted(states) == [DeliveryState.DELIVERED, DeliveryState.RETRYING]
        assert len(here.platform.received) == 1


async def test_a_channel_without_credentials_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        mute = Courier(
            here.store,
            {},
            here.courier.coordinator,
            here.heard,
            here.clock,
            here.courier.backoff,
            here.courier.lease,
            here.courier.margin,
            0.05,
        )
        await mute.run_once()
        assert await only_delivery(here) == (DeliveryState.FAILED, "no-client")


async def test_two_couriers_send_it_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        await here.courier.run_once()
        await here.courier.run_once()
        assert len(here.platform.received) == 1


# --- a platform that hangs --------------------------------------------------------------------


@dataclass
class Hanging:
    """Takes every message and says nothing, until it may."""

    came: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, delivery: Delivery) -> str:
        self.came.append(delivery.user)
        await self.may_answer.wait()
        return ""


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(0.01)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def queue(here: Stage, channel: str, many: int) -> None:
    for number in range(many):
        await late_reply(here, f"MsgId:{channel}{number}", channel=channel, user=f"{channel}-{number}")


async def test_a_platform_that_hangs_holds_up_no_other_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hanging = Hanging()
        shares = {"stuck": Share(2, 5.0), "hall": Share(2, 5.0)}
        courier = replace(
            here.courier, clients={"stuck": hanging, "hall": here.platform}, shares=shares, poll_every_s=0.01
        )
        await queue(here, "stuck", 20)
        await queue(here, "hall", 20)
        running = asyncio.create_task(courier.run())
        await until(lambda: len(here.platform.received) == 20)
        assert len(hanging.came) == 2  # its share, and no more was leased for it
        waiting = await here.store.deliveries([DeliveryState.QUEUED], None, "", 50)
        assert [one.channel for one in waiting.items] == ["stuck"] * 18
        hanging.may_answer.set()
        await until(lambda: len(hanging.came) == 20)
        await stopped(running)
        assert sorted(hanging.came) == sorted(f"stuck-{number}" for number in range(20))
        assert {share.taken for share in shares.values()} == {0}


async def test_who_sends_by_himself_past_a_full_share_is_tried_again_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)
        (leased,) = await here.store.due(here.clock(), 1, here.courier.lease)
        share = Share(1, 0.01)
        assert share.take_now()
        after = await replace(here.courier, shares={"hall": share}).carry(leased)
        assert (after.state, after.why) == (DeliveryState.RETRYING, "busy")
        assert here.platform.received == []


async def test_a_courier_that_is_stopped_gives_every_place_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        hanging, share = Hanging(), Share(2, 5.0)
        await queue(here, "hall", 2)
        courier = replace(here.courier, clients={"hall": hanging}, shares={"hall": share})
        running = asyncio.create_task(courier.run())
        await until(lambda: len(hanging.came) == 2)
        await stopped(running)
        assert share.taken == 0
        sending = await here.store.deliveries([DeliveryState.SENDING], None, "", 50)
        assert len(sending.items) == 2  # their fate is unknown


# --- a courier that slept -----------------------------------------------------------------------


@dataclass
class Sleepy:
    """Records before which a courier falls asleep, as a stopped process does, and wakes `later`."""

    inner: Store
    sleep: Callable[[], Awaitable[None]]

    async def allowance(self, channel: str, user: str, excluding: str) -> Allowance:
        found = await self.inner.allowance(channel, user, excluding)
        await self.sleep()
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


async def test_who_slept_through_his_lease_sends_nothing_that_another_has_sent(tmp_path: Path) -> None:
    """A person saw it listed as uncertain, and had it sent again: the follower must not hear it twice."""
    async with stage(tmp_path) as here:
        await late_reply(here)

        async def another_is_at_it() -> None:
            here.clock.forward(seconds=61)
            await here.sweeper.run_once()
            (doubtful,) = (await here.store.deliveries([DeliveryState.UNCERTAIN], None, "", 10)).items
            again = retried_by_person(doubtful, here.clock())
            await here.store.deliver(again, entry(f"delivery:{again.id}"))
            await here.courier.run_once()

        asleep = replace(here.courier, store=Sleepy(here.store, another_is_at_it))  # type: ignore[arg-type]
        assert await asleep.run_once() == 1
        assert [text for _, text in here.platform.received] == [POLITE.text]
        assert await only_delivery(here) == (DeliveryState.DELIVERED, "")


async def test_who_slept_through_his_lease_unnoticed_tries_again_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await late_reply(here)

        async def nobody_looks() -> None:
            here.clock.forward(seconds=61)

        asleep = replace(here.courier, store=Sleepy(here.store, nobody_looks))  # type: ignore[arg-type]
        await asleep.run_once()
        assert (here.platform.received, await only_delivery(here)) == (
            [],
            (DeliveryState.RETRYING, "overslept"),
        )


async def test_a_send_ends_before_its_lease(tmp_path: Path) -> None:
    """Begun late, it has only what is left: past the lease somebody else judges it."""
    async with stage(tmp_path) as here:
        await late_reply(here)

        async def a_while() -> None:
            here.clock.forward(seconds=47.9)

        asleep = replace(
            here.courier,
            store=Sleepy(here.store, a_while),  # type: ignore[arg-type]
            clients={"hall": Hanging()},
        )
        async with asyncio.timeout(5):
            await asleep.run_once()
        assert (await only_delivery(here))[0] is DeliveryState.UNCERTAIN
