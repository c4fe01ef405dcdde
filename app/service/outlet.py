"""A vendor sends by itself: recorded, checked, passed on or held, like every other word to a citizen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.core import egress
from app.core.disposition import HEAD_START, in_order
from app.core.label import labelled
from app.core.model import Disposition, Message, Reply
from app.core.records import STOPPED, Delivery, DeliveryState, Exchange, ExchangeState, Outcome
from app.core.submission import Submission
from app.core.vendors import Vendor, VendorRefused
from app.service.courier import Courier
from app.service.intake import LOOKED_BACK, Intake, Judged


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a vendor's message."""

    code: int
    """The errcode to answer with; 0: success."""
    hold_id: str = ""
    """Empty: it is not held."""
    receipt: str = ""
    """What the platform answered, as a JSON object; empty: nothing beside success."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """One channel's way out for vendors."""

    intake: Intake
    courier: Courier
    stopped: Callable[[], bool]

    async def send(self, vendor: Vendor, submission: Submission, body: bytes) -> Sent:
        """Raises VendorRefused where nothing can be sent to this citizen, StoreError."""
        intake = self.intake
        if self.stopped():
            raise VendorRefused(egress.UNAUTHORIZED, f"api unauthorized: the channel is {STOPPED}")
        reply = labelled(submission.reply, intake.conduct().label)
        exchange = intake.exchange(submission, vendor.name, body)
        pieces = intake.codec.pieces(exchange.message, reply)
        seen = await self._seen(exchange.message, len(pieces))
        objections = intake.codec.objections(exchange.message, reply)
        if any(finding.rule == "system.too-long" for finding in objections):
            raise VendorRefused(egress.TOO_LONG, "content size out of limit")
        if seen.before is None:
            judged = await intake.judge(exchange, reply)
        else:
            judged = intake.judged(exchange, reply, seen.before)
        if judged.verdict.disposition is not Disposition.RELEASE:
            hold = await intake.hold(judged, seen.closes_at)
            return Sent(vendor.held_code, hold.id)
        return await self._pass_on(judged, pieces, seen)

    async def _seen(self, message: Message, pieces: int) -> "Seen":
        """Raises VendorRefused where the window is closed, or too small for all pieces of a text."""
        if message.window is not None:
            return Seen(message.window.closes_at)
        intake = self.intake
        found = await intake.store.standing(message.channel, message.user, message.received_at, LOOKED_BACK)
        closes_at, left = found.allowance.closes_at, found.allowance.left
        if closes_at is None or closes_at <= intake.clock():
            raise VendorRefused(
                egress.WINDOW_CLOSED, "response out of time limit or subscription is canceled"
            )
        if pieces > 1 and left < pieces:
            raise VendorRefused(egress.QUOTA, "out of response count limit")
        open_for_long = closes_at - self.courier.margin > intake.clock()
        return Seen(closes_at, found.history, allowed=left >= pieces and open_for_long)

    async def _pass_on(self, judged: Judged, pieces: Sequence[Reply], seen: "Seen") -> Sent:
        """Leased to ourselves before it leaves: killed on the way, its fate is listed as unknown."""
        now, exchange = self.intake.clock(), judged.exchange
        message, closes_at = exchange.message, seen.closes_at
        first = Delivery(
            self.intake.new_id(),
            exchange.id,
            "",
            message.channel,
            message.user,
            message,
            pieces[0],
            now,
            closes_at,
            DeliveryState.SENDING,
            attempts=1,
            leased_until=now + self.courier.lease,
            fence=1,
        )
        more = in_order(first.id, exchange.id, "", message, pieces[1:], now=now, deliver_by=closes_at)
        outcome = Outcome(
            replace(exchange, state=ExchangeState.QUEUED),
            delivery=first,
            more=tuple(replace(one, next_at=now + HEAD_START) for one in more),
        )
        await self.intake.store.put_down(outcome)
        self.intake.observer.exchange_finished(outcome.exchange)
        after = await self.courier.carry(first, allowed=seen.allowed)
        return Sent(_code(after), receipt=after.receipt)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the records told of a vendor's message."""

    closes_at: datetime
    """When the window closes."""
    before: Sequence[Exchange] | None = None
    """What the citizen wrote before; None: not looked up."""
    allowed: bool = False
    """The quota is known not to be used up, and the window to stay open."""


_CODES = {"window-closed": egress.WINDOW_CLOSED, "quota": egress.QUOTA}


def _code(delivery: Delivery) -> int:
    """What the vendor hears. What may have arrived, or is tried again by us, is no reason to send again."""
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.EXPIRED):
        return 0
    return _CODES.get(delivery.why) or egress.told_of(delivery.why)
