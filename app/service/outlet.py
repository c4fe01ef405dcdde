"""A vendor sends by itself: recorded, checked, passed on or held, like every other word to a citizen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.core import egress
from app.core.disposition import HEAD_START, in_order
from app.core.label import Label, labelled
from app.core.model import Disposition, Message, Reply
from app.core.records import STOPPED, Delivery, DeliveryState, ExchangeState, Outcome
from app.core.submission import Submission
from app.core.vendors import Vendor, VendorRefused
from app.service.courier import Courier
from app.service.intake import Intake, Judged


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
    label: Label | None = None

    async def send(self, vendor: Vendor, submission: Submission, body: bytes) -> Sent:
        """Raises VendorRefused where nothing can be sent to this citizen, StoreError."""
        intake = self.intake
        if self.stopped():
            raise VendorRefused(egress.UNAUTHORIZED, f"api unauthorized: the channel is {STOPPED}")
        reply = labelled(submission.reply, self.label)
        exchange = intake.exchange(submission, vendor.name, body)
        pieces = intake.codec.pieces(exchange.message, reply)
        closes_at = await self._window(exchange.message, len(pieces))
        objections = intake.codec.objections(exchange.message, reply)
        if any(finding.rule == "system.too-long" for finding in objections):
            raise VendorRefused(egress.TOO_LONG, "content size out of limit")
        await intake.store.claim(exchange, intake.clock())
        judged = await intake.judge(exchange, reply)
        if judged.verdict.disposition is not Disposition.RELEASE:
            hold = await intake.hold(judged, closes_at)
            return Sent(vendor.held_code, hold.id)
        return await self._pass_on(judged, pieces, closes_at)

    async def _window(self, message: Message, pieces: int) -> datetime:
        """When it closes. Raises VendorRefused where it is closed, or too small for all pieces of a text."""
        if message.window is not None:
            return message.window.closes_at
        found = await self.intake.store.allowance(message.channel, message.user, "")
        if found.closes_at is None or found.closes_at <= self.intake.clock():
            raise VendorRefused(
                egress.WINDOW_CLOSED, "response out of time limit or subscription is canceled"
            )
        if pieces > 1 and found.left < pieces:
            raise VendorRefused(egress.QUOTA, "out of response count limit")
        return found.closes_at

    async def _pass_on(self, judged: Judged, pieces: Sequence[Reply], closes_at: datetime) -> Sent:
        """Leased to ourselves before it leaves: killed on the way, its fate is listed as unknown."""
        now, exchange = self.intake.clock(), judged.exchange
        message = exchange.message
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
        await self.intake.store.record(outcome)
        self.intake.observer.exchange_finished(outcome.exchange)
        after = await self.courier.carry(first)
        return Sent(_code(after), receipt=after.receipt)


_CODES = {"window-closed": egress.WINDOW_CLOSED, "quota": egress.QUOTA}


def _code(delivery: Delivery) -> int:
    """What the vendor hears. What may have arrived, or is tried again by us, is no reason to send again."""
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.EXPIRED):
        return 0
    return _CODES.get(delivery.why) or egress.told_of(delivery.why)
