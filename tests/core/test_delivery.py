"""What each answer of the platform means for a delivery."""

from datetime import timedelta

import pytest

from app.core.delivery import (
    Backoff,
    concluded,
    confirmed_by_person,
    lost,
    retried_by_person,
    too_late,
)
from app.core.errors import (
    FateUnknown,
    PlatformBusy,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    TokenExpired,
    WindowClosed,
)
from app.core.records import DeliveryState
from tests.values import NOON, delivery

BACKOFF = Backoff()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        pytest.param(None, DeliveryState.DELIVERED, id="confirmed"),
        pytest.param(FateUnknown(), DeliveryState.UNCERTAIN, id="no answer: nobody knows"),
        pytest.param(WindowClosed(code="45015"), DeliveryState.EXPIRED, id="48 hours are over"),
        pytest.param(PlatformBusy(code="-1"), DeliveryState.RETRYING, id="system busy"),
        pytest.param(RateLimited(code="45011"), DeliveryState.RETRYING, id="too frequent"),
        pytest.param(TokenExpired(code="42001"), DeliveryState.RETRYING, id="token refused"),
        pytest.param(QuotaExhausted(code="45047"), DeliveryState.RETRYING, id="five were sent"),
        pytest.param(PlatformError(code="40003"), DeliveryState.FAILED, id="no such follower"),
    ],
)
def test_concluded(error: PlatformError | None, state: DeliveryState) -> None:
    assert concluded(delivery(), error, NOON, BACKOFF).state is state


def test_the_platform_says_how_long_to_wait() -> None:
    error = RateLimited(code="45011", retry_after=timedelta(minutes=3))
    assert concluded(delivery(), error, NOON, BACKOFF).next_at == NOON + timedelta(minutes=3)


def test_waits_grow_to_a_cap() -> None:
    waits = [BACKOFF.after(attempts).total_seconds() for attempts in (1, 2, 3, 10, 1000)]
    assert waits == [2, 6, 18, 600, 600]


def test_tries_end() -> None:
    tired = delivery(attempts=BACKOFF.max_attempts)
    assert concluded(tired, PlatformBusy(code="-1"), NOON, BACKOFF).state is DeliveryState.FAILED


def test_waiting_for_the_quota_costs_no_try() -> None:
    tired = delivery(attempts=BACKOFF.max_attempts)
    after = concluded(tired, QuotaExhausted(code="45047"), NOON, BACKOFF)
    assert (after.state, after.attempts) == (DeliveryState.RETRYING, BACKOFF.max_attempts - 1)


def test_no_try_is_planned_past_the_window() -> None:
    closing = delivery(deliver_by=NOON + timedelta(minutes=2))
    after = concluded(closing, QuotaExhausted(), NOON, BACKOFF)
    assert after.next_at is not None
    assert after.next_at < closing.deliver_by


def test_a_window_with_no_moment_left_ends_the_delivery() -> None:
    closing = delivery(deliver_by=NOON + timedelta(milliseconds=500))
    assert concluded(closing, PlatformBusy(), NOON, BACKOFF).state is DeliveryState.EXPIRED


def test_a_vanished_courier_leaves_doubt_not_a_second_send() -> None:
    doubted = lost(delivery(), NOON)
    assert (doubted.state, doubted.next_at) == (DeliveryState.UNCERTAIN, None)


def test_a_person_may_send_it_again_or_say_it_arrived() -> None:
    doubted = lost(delivery(), NOON)
    assert retried_by_person(doubted, NOON).state is DeliveryState.QUEUED
    assert confirmed_by_person(doubted, NOON).state is DeliveryState.DELIVERED


@pytest.mark.parametrize(("left_s", "late"), [(10, False), (5, True), (-1, True)])
def test_too_late(left_s: float, late: bool) -> None:
    closing = delivery(deliver_by=NOON + timedelta(seconds=left_s))
    assert too_late(closing, NOON, timedelta(seconds=5)) is late
