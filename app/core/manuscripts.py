"""Texts that another system hands in to be judged: what became of one, and how its submitter is told."""

import json
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.masking import mask_numbers
from app.core.model import SUBMITTED
from app.core.records import Callback, Exchange, ExchangeState, Hold, HoldState, PostState
from app.core.review import ENDS

VERSION = 1
EVENT = "reply.decided"
REFERENCE = "reference"
"""Where a message keeps the submitter's own name for it, among its `extra`."""


class Fate(StrEnum):
    """What became of a submitted text. Only what has a `text` may be published."""

    CHECKING = "checking"
    RELEASED = "released"
    """It passed by itself."""
    HELD = "held"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    """It may come with a text to use in its place."""
    TRANSFERRED = "transferred"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"
    """A crash came between; the same request again is judged anew."""


_BY_HOLD = {
    HoldState.PENDING: Fate.HELD,
    HoldState.CLAIMED: Fate.HELD,
    HoldState.APPROVED: Fate.APPROVED,
    HoldState.EDITED: Fate.EDITED,
    HoldState.REJECTED: Fate.REJECTED,
    HoldState.TRANSFERRED: Fate.TRANSFERRED,
    HoldState.EXPIRED: Fate.EXPIRED,
}
_BY_EXCHANGE = {
    ExchangeState.CLAIMED: Fate.CHECKING,
    ExchangeState.ANSWERED: Fate.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Manuscript:
    """All the records know of one."""

    exchange: Exchange
    hold: Hold | None = None
    callback: Callback | None = None
    """None: nothing is decided yet, or nothing had to be."""

    @property
    def fate(self) -> Fate:
        if self.hold is not None:
            return _BY_HOLD[self.hold.state]
        return _BY_EXCHANGE.get(self.exchange.state, Fate.INTERRUPTED)

    @property
    def text(self) -> str | None:
        """What may be published, to the letter; None: nothing may."""
        if self.hold is not None:
            return final_text(self.hold)
        answer = self.exchange.answer
        return answer.text if self.exchange.state is ExchangeState.ANSWERED and answer else None


def message_key(token: str, *, idempotency_key: str, exchange_id: str) -> str:
    """Names a manuscript for ever within its channel: by the submitter's key, or else by itself."""
    own = f"key:{idempotency_key}" if idempotency_key else f"id:{exchange_id}"
    return f"{SUBMITTED}{token}:{own}"


def final_text(hold: Hold) -> str | None:
    return hold.final.text if hold.state in ENDS and hold.final is not None else None


def reason_told(hold: Hold) -> str:
    """The moderator's words, without numbers that name a person."""
    return mask_numbers(hold.reason)


def callback_of(hold: Hold, called_back: Set[str]) -> Callback | None:
    """What is to be posted of a hold that has just come to its end; None: it is no submitted text's.

    `called_back`: the tokens that have an address to post to; for others it is kept, to be fetched.
    """
    message = hold.message
    if not message.submitted or hold.state not in ENDS or hold.decided_at is None:
        return None
    posted = message.account in called_back
    return Callback(
        hold.id,
        hold.exchange_id,
        message.account,
        hold.channel,
        hold.decided_at,
        compose(hold, hold.decided_at),
        PostState.QUEUED if posted else PostState.KEPT,
        next_at=hold.decided_at if posted else None,
    )


def compose(hold: Hold, decided_at: datetime) -> str:
    """JSON. Neither the citizen's message nor the moderator's name leaves the house."""
    return json.dumps(
        {
            "version": VERSION,
            "event": EVENT,
            "id": hold.id,
            "reply_id": hold.exchange_id,
            "channel": hold.channel,
            "reference": hold.message.extra.get(REFERENCE, ""),
            "status": _BY_HOLD[hold.state].value,
            "text": final_text(hold),
            "reason": reason_told(hold),
            "transferred_to": hold.transferred_to,
            "decided_at": decided_at.isoformat(),
        },
        ensure_ascii=False,
    )
