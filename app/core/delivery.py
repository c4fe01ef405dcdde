"""The arithmetic of deliveries: back-off, expiry, and what each answer of the platform means."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.errors import (
    FateUnknown,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    TokenExpired,
    WindowClosed,
)
from app.core.records import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries: `first`, then `factor` times longer each, never over `cap`."""

    first: timedelta = timedelta(seconds=2)
    factor: float = 3.0
    cap: timedelta = timedelta(minutes=10)
    max_attempts: int = 6

    def after(self, attempts: int) -> timedelta:
        """How long to wait once `attempts` (1, 2, ...) have failed."""
        return min(self.cap, self.first * self.factor ** min(attempts - 1, 20))


def concluded(
    delivery: Delivery, error: PlatformError | None, now: datetime, backoff: Backoff, receipt: str = ""
) -> Delivery:
    """The delivery after one try. Only what is certainly not sent is ever tried again."""
    match error:
        case None:
            return replace(_end(delivery, DeliveryState.DELIVERED, "", now), receipt=receipt)
        case FateUnknown():
            return _end(delivery, DeliveryState.UNCERTAIN, error.code or "fate-unknown", now)
        case QuotaExhausted():
            # Only the follower's next message opens the quota again, so waiting costs no attempt.
            waiting = replace(delivery, attempts=max(0, delivery.attempts - 1))
            return _again(waiting, now + backoff.cap, error.code or "quota", now)
        case WindowClosed():
            return _end(delivery, DeliveryState.EXPIRED, error.code or "window-closed", now)
        case RateLimited() | TokenExpired() if delivery.attempts < backoff.max_attempts:
            wait = error.retry_after if isinstance(error, RateLimited) else None
            return _again(delivery, now + (wait or backoff.after(delivery.attempts)), error.code, now)
        case _:
            return _end(delivery, DeliveryState.FAILED, error.code or "refused", now)


def lost(delivery: Delivery, now: datetime) -> Delivery:
    """Its courier vanished between send and record: a person must look, nothing is resent."""
    return _end(delivery, DeliveryState.UNCERTAIN, "courier-lost", now)


def retried_by_person(delivery: Delivery, now: datetime) -> Delivery:
    """A person has looked and wants it sent (again)."""
    return replace(
        delivery,
        state=DeliveryState.QUEUED,
        attempts=0,
        next_at=now,
        finished_at=None,
        leased_until=None,
        why="",
    )


def confirmed_by_person(delivery: Delivery, now: datetime) -> Delivery:
    """A person has seen that the follower has it."""
    return _end(delivery, DeliveryState.DELIVERED, "confirmed-by-person", now)


def too_late(delivery: Delivery, now: datetime, margin: timedelta) -> bool:
    return delivery.deliver_by - margin <= now


def _again(delivery: Delivery, at: datetime, why: str, now: datetime) -> Delivery:
    if at >= delivery.deliver_by:
        # One last look just before the window closes is worth more than an early end.
        at = max(now + timedelta(seconds=1), delivery.deliver_by - timedelta(seconds=30))
    if at >= delivery.deliver_by:
        return _end(delivery, DeliveryState.EXPIRED, why, now)
    return replace(delivery, state=DeliveryState.RETRYING, next_at=at, leased_until=None, why=why)


def _end(delivery: Delivery, state: DeliveryState, why: str, now: datetime) -> Delivery:
    return replace(delivery, state=state, next_at=None, leased_until=None, finished_at=now, why=why)
