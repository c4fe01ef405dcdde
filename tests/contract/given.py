"""States of the records that the store's tests start from, reached through the port alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.core.model import Message, Reply
from app.core.records import (
    AuditEntry,
    Claim,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
)
from app.ports import Store
from tests.values import MOCKED, NOON, RELEASED, delivery, exchange, hold, message

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def entry(subject: str = "hold:hold-1", **changes: Any) -> AuditEntry:
    return replace(AuditEntry(NOON, "moderator-1", "hold.approve", subject), **changes)


async def claimed(
    store: Store, number: int = 1, *, at: datetime = NOON, now: datetime | None = None, **changes: Any
) -> Claim:
    """Message number `number` comes in at `at`; `changes` are the message's."""
    incoming = message(**{"key": f"MsgId:{number}", "received_at": at, "sent_at": at, **changes})
    made = exchange(f"exchange-{number}", message=incoming, claimed_until=at + timedelta(seconds=90))
    return await store.claim(made, now or at)


def answered(claimed_exchange: Exchange, text: str = "九点开门。") -> Outcome:
    reply = Reply.of(text)
    return Outcome(
        replace(
            claimed_exchange,
            state=ExchangeState.ANSWERED,
            reply=reply,
            verdict=RELEASED,
            answer=reply,
            finished_at=claimed_exchange.message.received_at + SECOND,
            bot_seconds=0.5,
            check_seconds=0.001,
        )
    )


async def held(
    store: Store,
    number: int = 1,
    *,
    at: datetime = NOON,
    incoming: dict[str, Any] | None = None,
    **changes: Any,
) -> Hold:
    """Message and hold number `number`; `changes` are the hold's."""
    claim = await claimed(store, number, at=at, **(incoming or {}))
    asked = claim.exchange.message
    made = hold(
        f"hold-{number}",
        **{
            "exchange_id": claim.exchange.id,
            "channel": asked.channel,
            "user": asked.user,
            "message": asked,
            "created_at": at,
            **changes,
        },
    )
    finished = replace(
        claim.exchange,
        state=ExchangeState.HELD,
        reply=made.reply,
        verdict=MOCKED,
        answer=Reply.of("您的留言已收到。"),
        finished_at=at,
    )
    await store.record(Outcome(finished, hold=made))
    return made


async def queued(
    store: Store,
    number: int = 1,
    *,
    at: datetime = NOON,
    incoming: dict[str, Any] | None = None,
    **changes: Any,
) -> Delivery:
    """Message and delivery number `number`, due at once; `changes` are the delivery's."""
    claim = await claimed(store, number, at=at, **(incoming or {}))
    made = waiting(claim.exchange.message, claim.exchange.id, f"delivery-{number}", created_at=at, **changes)
    finished = replace(claim.exchange, state=ExchangeState.QUEUED, reply=made.reply, verdict=RELEASED)
    await store.record(Outcome(finished, delivery=made))
    return made


def waiting(answers: Message, exchange_id: str, delivery_id: str, **changes: Any) -> Delivery:
    fields = {
        "exchange_id": exchange_id,
        "channel": answers.channel,
        "user": answers.user,
        "message": answers,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "fence": 0,
        "leased_until": None,
        "next_at": changes.get("created_at", NOON),
    }
    return delivery(delivery_id, **{**fields, **changes})


async def sent(store: Store, made: Delivery, state: DeliveryState, now: datetime) -> Delivery:
    """Lease the delivery at `now` and record `state` for it one second later."""
    (leased,) = [one for one in await store.due(now, 100, HOUR) if one.id == made.id]
    done = state in {DeliveryState.DELIVERED, DeliveryState.UNCERTAIN, DeliveryState.FAILED}
    finished = replace(
        leased,
        state=state,
        leased_until=None,
        finished_at=now + SECOND if done else None,
        next_at=now + HOUR if state is DeliveryState.RETRYING else None,
    )
    if state is not DeliveryState.SENDING:
        await store.deliver(finished)
        return finished
    return leased
