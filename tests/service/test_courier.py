"""What is due leaves once; what nobody knows the fate of is never resent by itself."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import FateUnknown, PlatformBusy, PlatformError, WindowClosed
from app.core.model import SendWindow
from app.core.records import DeliveryState
from app.service.courier import Courier
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
