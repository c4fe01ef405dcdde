"""Dataclass <-> row, exactly: what is read equals what was written.

Holds and deliveries do not repeat their message: it is read from the exchange they belong to.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from app.core.likeness import likeness
from app.core.model import Message, MessageKind, Reply, Verdict
from app.core.records import AuditEntry, Delivery, DeliveryState, Exchange, ExchangeState, Hold, HoldState
from app.core.review import ENDS
from app.storage.columns import storable
from app.storage.documents import (
    draft_json,
    draft_of,
    message_json,
    message_of,
    notes_json,
    notes_of,
    reply_json,
    reply_of,
    verdict_json,
    verdict_of,
)

Values = dict[str, Any]
"""One row to write, by column name."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a hold that nothing presses stands in the queue."""

DEPARTURES = frozenset({"unsubscribe", "unfollow"})
"""Events after which a follower cannot be written to."""


def _optional_json(reply: Reply | None) -> str | None:
    return None if reply is None else reply_json(reply)


def _optional_reply(text: str | None) -> Reply | None:
    return None if text is None else reply_of(text)


def _message(row: Row[Any]) -> Message:
    return replace(message_of(row.message), raw=row.raw)


# --- exchanges --------------------------------------------------------------------------------


def exchange_values(exchange: Exchange) -> Values:
    """All columns of a new exchange."""
    message = exchange.message
    return {
        "id": exchange.id,
        "channel": message.channel,
        "message_key": message.key,
        "user_id": message.user,
        "received_at": message.received_at,
        "digest": message.digest,
        "fence": exchange.fence,
        "window_closes_at": message.window.closes_at if message.window else None,
        "window_messages": message.window.messages if message.window else None,
        "departed": message.kind is MessageKind.EVENT and message.event in DEPARTURES,
        "asked": message.text,
        "message": message_json(message),
        "raw": message.raw,
        **exchange_changes(exchange),
    }


EXCHANGE_CHANGES = (
    *("state", "claimed_until", "bot", "said", "reply", "verdict", "answer"),
    *("finished_at", "bot_seconds", "check_seconds", "why"),
)


def exchange_changes(exchange: Exchange) -> Values:
    """The columns that change between claim and end."""
    reply, answer = exchange.reply, exchange.answer
    draft = _optional_json(reply)
    return {
        "state": exchange.state.value,
        "claimed_until": exchange.claimed_until,
        "bot": exchange.bot,
        "said": answer.text if answer else "",
        "reply": draft,
        "verdict": verdict_json(exchange.verdict) if exchange.verdict else None,
        "answer": draft if answer is reply else _optional_json(answer),
        "finished_at": exchange.finished_at,
        "bot_seconds": exchange.bot_seconds,
        "check_seconds": exchange.check_seconds,
        "why": exchange.why,
    }


def exchange_of(row: Row[Any]) -> Exchange:
    return Exchange(
        id=row.id,
        message=_message(row),
        state=ExchangeState(row.state),
        claimed_until=row.claimed_until,
        fence=row.fence,
        bot=row.bot,
        reply=_optional_reply(row.reply),
        verdict=verdict_of(row.verdict) if row.verdict else None,
        answer=_optional_reply(row.answer),
        finished_at=row.finished_at,
        bot_seconds=row.bot_seconds,
        check_seconds=row.check_seconds,
        why=row.why,
    )


# --- holds ------------------------------------------------------------------------------------


def hold_values(hold: Hold) -> Values:
    """All columns of a new hold."""
    return {
        "exchange_id": hold.exchange_id,
        "channel": hold.channel,
        "user_id": hold.user,
        "created_at": hold.created_at,
        "deliver_by": hold.deliver_by,
        "decide_by": hold.decide_by,
        "due_at": hold.due_at or NEVER,
        "severity": hold.verdict.severity.rank,
        "categories": _categories(hold.verdict),
        "likeness": likeness(hold.reply.text),
        "reviewable": hold.reviewable,
        "reply": reply_json(hold.reply),
        "verdict": verdict_json(hold.verdict),
        "search": f"{hold.message.text}\n{hold.reply.text}",
        "id": hold.id,
        **hold_changes(hold),
    }


def _categories(verdict: Verdict) -> str:
    """Each between spaces, so that one can be looked for."""
    names = {finding.category.value for finding in verdict.findings if not finding.shadow}
    return f" {' '.join(sorted(names))} "


def hold_changes(hold: Hold) -> Values:
    """The columns a decision changes. `deliver_by` is not among them: only a new message moves it."""
    return {
        "state": hold.state.value,
        "version": hold.version,
        "claimed_by": hold.claimed_by,
        "claimed_until": hold.claimed_until,
        "decided_by": hold.decided_by,
        "decided_at": hold.decided_at,
        "reason": hold.reason,
        "transferred_to": hold.transferred_to,
        "final": _optional_json(hold.final),
        "notes": notes_json(hold.notes),
        "draft": draft_json(hold.draft) if hold.draft else None,
        "open": hold.state not in ENDS,
    }


def hold_of(row: Row[Any]) -> Hold:
    """From a row of holds with `message` and `raw` of its exchange."""
    return Hold(
        id=row.id,
        exchange_id=row.exchange_id,
        channel=row.channel,
        user=row.user_id,
        message=_message(row),
        reply=reply_of(row.reply),
        verdict=verdict_of(row.verdict),
        created_at=row.created_at,
        state=HoldState(row.state),
        version=row.version,
        deliver_by=row.deliver_by,
        decide_by=row.decide_by,
        reviewable=row.reviewable,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        transferred_to=row.transferred_to,
        final=_optional_reply(row.final),
        notes=notes_of(row.notes),
        draft=draft_of(row.draft) if row.draft else None,
    )


# --- deliveries -------------------------------------------------------------------------------


def delivery_values(delivery: Delivery) -> Values:
    """All columns of a new delivery."""
    return {
        "id": delivery.id,
        "exchange_id": delivery.exchange_id,
        "hold_id": delivery.hold_id or None,
        "channel": delivery.channel,
        "user_id": delivery.user,
        "created_at": delivery.created_at,
        "deliver_by": delivery.deliver_by,
        "fence": delivery.fence,
        "reply": reply_json(delivery.reply),
        **delivery_changes(delivery),
    }


def delivery_changes(delivery: Delivery) -> Values:
    """The columns one try changes. `deliver_by` is not among them: only a new message moves it."""
    return {
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "next_at": delivery.next_at,
        "leased_until": delivery.leased_until,
        "finished_at": delivery.finished_at,
        "why": delivery.why,
        "receipt": delivery.receipt,
    }


def delivery_of(row: Row[Any]) -> Delivery:
    """From a row of deliveries with `message` and `raw` of its exchange."""
    return Delivery(
        id=row.id,
        exchange_id=row.exchange_id,
        hold_id=row.hold_id or "",
        channel=row.channel,
        user=row.user_id,
        message=_message(row),
        reply=reply_of(row.reply),
        created_at=row.created_at,
        deliver_by=row.deliver_by,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=row.next_at,
        leased_until=row.leased_until,
        fence=row.fence,
        finished_at=row.finished_at,
        why=row.why,
        receipt=row.receipt,
    )


# --- audit ------------------------------------------------------------------------------------


def storable_entry(entry: AuditEntry) -> AuditEntry:
    """The entry as it will be read again: its hash is over that."""
    return replace(
        entry,
        actor=storable(entry.actor),
        action=storable(entry.action),
        subject=storable(entry.subject),
        before=storable(entry.before),
        after=storable(entry.after),
        reason=storable(entry.reason),
    )


def audit_values(entry: AuditEntry) -> Values:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def audit_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._asdict())
