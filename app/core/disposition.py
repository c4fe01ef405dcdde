"""Verdict -> Outcome: what the platform is answered, and what is left for a person or for the courier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from app.core.model import Disposition, Finding, Message, Reply, Severity, Verdict
from app.core.records import (
    ABANDONED,
    RECORDS_AWAY,
    STOPPED,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
)

HEAD_START = timedelta(seconds=1)
NO_LIMITS: Mapping[Severity, timedelta] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """What a channel's citizen hears in place of the bot; None: nothing."""

    held: Reply | None
    late: Reply | None


def with_objections(verdict: Verdict, objections: Sequence[Finding]) -> Verdict:
    """A reply the platform would not take is never released, whatever the words are."""
    if not objections:
        return verdict
    held = Disposition.HOLD if verdict.disposition is Disposition.RELEASE else verdict.disposition
    return replace(verdict, disposition=held, findings=(*verdict.findings, *objections))


def dispose(
    exchange: Exchange,
    reply: Reply | None,
    verdict: Verdict | None,
    *,
    in_time: bool,
    fallbacks: Fallbacks,
    now: datetime,
    new_id: str,
    decide_within: Mapping[Severity, timedelta] = NO_LIMITS,
    pieces: Sequence[Reply] = (),
) -> Outcome:
    """What becomes of a bot's answer. `in_time`: the passive answer is still ours to give.

    `pieces`: the reply as it goes out, where the platform does not take it whole.

    `verdict` is None only where `reply` is: a bot that chose to say nothing.
    """
    message = exchange.message
    passive = in_time and message.passive
    done = replace(exchange, reply=reply, verdict=verdict, finished_at=now)
    spoken = None if not message.passive else (fallbacks.held if in_time else fallbacks.late)

    if reply is None or verdict is None:
        return _silent(done, promised=not in_time and fallbacks.late is not None, spoken=fallbacks.late)
    if verdict.disposition is not Disposition.RELEASE:
        hold = _hold(done, reply, verdict, now, new_id, decide_within.get(verdict.severity))
        return Outcome(replace(done, state=ExchangeState.HELD, answer=spoken), hold=hold)
    first, *rest = pieces or (reply,)
    if passive:
        answered = Outcome(replace(done, state=ExchangeState.ANSWERED, answer=first))
        return _with_more(answered, rest, now, new_id)
    late = replace(done, answer=fallbacks.late if message.passive else None)
    return _with_more(_queue(late, first, now, new_id), rest, now, new_id)


def fail(exchange: Exchange, code: str, *, fallbacks: Fallbacks, now: datetime) -> Outcome:
    """The bot gave nothing usable: the citizen hears the fallback and a person finds the message listed."""
    answer = fallbacks.late if exchange.message.passive else None
    why = code if code == STOPPED else f"bot-{code}"
    return Outcome(replace(exchange, state=ExchangeState.UNANSWERED, answer=answer, finished_at=now, why=why))


def defer(outcome: Outcome, *, fallbacks: Fallbacks, now: datetime, new_id: str) -> Outcome:
    """A recorded passive answer that did not leave in time after all: it becomes a delivery."""
    first = outcome.exchange.answer
    exchange = replace(outcome.exchange, answer=fallbacks.late)
    if exchange.state is not ExchangeState.ANSWERED or first is None:
        return Outcome(exchange)
    # Older than the pieces that were to follow it, so that it still goes first.
    return _queue(exchange, first, exchange.finished_at or now, new_id)


def abandon(exchange: Exchange, now: datetime) -> Exchange:
    """Nobody finished it and no resend came: listed for a person."""
    return replace(exchange, state=ExchangeState.UNANSWERED, finished_at=now, why=ABANDONED)


def unasked(exchange: Exchange, *, fallbacks: Fallbacks, now: datetime) -> Outcome:
    """It came in while the records were away, and nobody is at it: the bot was never asked, a person is."""
    answer = fallbacks.late if exchange.message.passive else None
    listed = replace(
        exchange, state=ExchangeState.UNANSWERED, answer=answer, finished_at=now, why=RECORDS_AWAY
    )
    return Outcome(listed)


def doubted(exchange: Exchange, *, fallbacks: Fallbacks, now: datetime, new_id: str) -> Outcome | None:
    """A push was answered with the holding text before it was known what had become of the message.

    An answer on record may have been heard by an earlier push, or by nobody: a delivery of unknown fate, for
    a person. None: the holding text contradicts nothing.
    """
    if exchange.state is ExchangeState.SILENT and exchange.message.passive and fallbacks.late is not None:
        return _silent(exchange, promised=True, spoken=fallbacks.late)
    if exchange.state is not ExchangeState.ANSWERED:
        return None
    outcome = defer(Outcome(exchange), fallbacks=fallbacks, now=now, new_id=new_id)
    if outcome.delivery is None:
        return outcome
    delivery = replace(
        outcome.delivery, state=DeliveryState.UNCERTAIN, next_at=None, finished_at=now, why=RECORDS_AWAY
    )
    return replace(outcome, delivery=delivery)


def _silent(done: Exchange, *, promised: bool, spoken: Reply | None) -> Outcome:
    """Silence is a bot's right, but not once the holding text has promised an answer."""
    if promised:
        return Outcome(replace(done, state=ExchangeState.UNANSWERED, answer=spoken, why="bot-silent"))
    return Outcome(replace(done, state=ExchangeState.SILENT))


def _hold(
    exchange: Exchange, reply: Reply, verdict: Verdict, now: datetime, new_id: str, within: timedelta | None
) -> Hold:
    message = exchange.message
    return Hold(
        id=new_id,
        exchange_id=exchange.id,
        channel=message.channel,
        user=message.user,
        message=message,
        reply=reply,
        verdict=verdict,
        created_at=now,
        deliver_by=message.window.closes_at if message.window else None,
        decide_by=now + within if within else None,
        reviewable=message.window is not None and message.window.reviewable,
    )


def _with_more(outcome: Outcome, rest: Sequence[Reply], now: datetime, new_id: str) -> Outcome:
    """The first piece has a moment's start, whichever way it goes."""
    window = outcome.exchange.message.window
    if not rest or window is None or outcome.exchange.state is ExchangeState.UNANSWERED:
        return outcome
    more = in_order(
        new_id,
        outcome.exchange.id,
        "",
        outcome.exchange.message,
        rest,
        now=now,
        deliver_by=window.closes_at,
    )
    return replace(outcome, more=tuple(replace(one, next_at=now + HEAD_START) for one in more))


def in_order(
    new_id: str,
    exchange_id: str,
    hold_id: str,
    message: Message,
    pieces: Sequence[Reply],
    *,
    now: datetime,
    deliver_by: datetime,
) -> tuple[Delivery, ...]:
    """What follows a first delivery made `now`, each a little younger than the one before."""
    return tuple(
        replace(
            new_delivery(
                f"{new_id}-{number}",
                exchange_id,
                hold_id,
                message,
                piece,
                now=now,
                deliver_by=deliver_by,
            ),
            created_at=now + number * timedelta(microseconds=1),
        )
        for number, piece in enumerate(pieces, 1)
    )


def _queue(exchange: Exchange, reply: Reply, now: datetime, new_id: str) -> Outcome:
    window = exchange.message.window
    if window is None or window.closes_at <= now:
        return Outcome(replace(exchange, state=ExchangeState.UNANSWERED, why="window-closed"))
    delivery = new_delivery(
        new_id, exchange.id, "", exchange.message, reply, now=now, deliver_by=window.closes_at
    )
    return Outcome(replace(exchange, state=ExchangeState.QUEUED), delivery=delivery)


def new_delivery(
    new_id: str,
    exchange_id: str,
    hold_id: str,
    message: Message,
    reply: Reply,
    *,
    now: datetime,
    deliver_by: datetime,
) -> Delivery:
    """A reply that leaves by the platform's API, due at once."""
    return Delivery(
        id=new_id,
        exchange_id=exchange_id,
        hold_id=hold_id,
        channel=message.channel,
        user=message.user,
        message=message,
        reply=reply,
        created_at=now,
        deliver_by=deliver_by,
        next_at=now,
    )
