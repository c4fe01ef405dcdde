from datetime import timedelta

from app.coordination.local import SWEEP_FROM, LocalCoordinator, Topics


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_value_lives_to_the_second() -> None:
    clock = Seconds()
    coordinator = LocalCoordinator(clock)
    await coordinator.put("k", "v", timedelta(seconds=30))
    clock.now = 29.9
    assert await coordinator.get("k") == "v"
    clock.now = 30.0
    assert await coordinator.get("k") is None


async def test_expired_values_do_not_pile_up() -> None:
    clock = Seconds()
    coordinator = LocalCoordinator(clock)
    for number in range(10 * SWEEP_FROM):
        clock.now = float(number)
        await coordinator.put(f"k{number}", "v", timedelta(seconds=10))
    assert len(coordinator._values) <= SWEEP_FROM
    assert await coordinator.get(f"k{10 * SWEEP_FROM - 1}") == "v"


async def test_a_topic_nobody_waits_for_takes_no_room() -> None:
    topics = Topics()
    topics.announce("never heard")
    assert not await topics.wait("t", 0.0)
    assert len(topics) == 0
