"""A vendor sends by itself: recorded, checked, passed on or held, like every other word to a citizen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core import egress
from app.core.disposition import with_objections
from app.core.label import Label, labelled
from app.core.model import (
    BodyFormat,
    Conversation,
    Disposition,
    Envelope,
    Message,
    MessageKind,
    Reply,
    Severity,
    Verdict,
)
from app.core.records import (
    CLAIM_LEASE,
    STOPPED,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
)
from app.core.vendors import Vendor, VendorRefused
from app.ports import Check, Clock, Codec, Coordinator, NewId, Observer, Store
from app.service.courier import Courier
from app.service.relay import QUEUE_TOPIC

PUSH = "push"
"""The event's name of a message that stands for what a vendor sent, not for what a citizen wrote."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a vendor's message."""

    code: int
    """The errcode to answer with; 0: success."""
    hold_id: str = ""
    """Empty: it is not held."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """One channel's way out for vendors."""

    channel: str
    codec: Codec
    check: Check
    store: Store
    courier: Courier
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    stopped: Callable[[], bool]
    decide_within: Mapping[Severity, timedelta]
    label: Label | None = None

    async def send(self, vendor: Vendor, user: str, reply: Reply, body: bytes) -> Sent:
        """Raises VendorRefused where nothing can be sent to this citizen, StoreError."""
        if self.stopped():
            raise VendorRefused(egress.UNAUTHORIZED, f"api unauthorized: the channel is {STOPPED}")
        now = self.clock()
        window = await self.store.allowance(self.channel, user, "")
        if window.closes_at is None or window.closes_at <= now:
            raise VendorRefused(
                egress.WINDOW_CLOSED, "response out of time limit or subscription is canceled"
            )
        reply = labelled(reply, self.label)
        exchange = self._exchange(vendor, user, body)
        if len(self.codec.pieces(exchange.message, reply)) > 1:
            raise VendorRefused(egress.TOO_LONG, "content size out of limit")
        await self.store.claim(exchange, now)
        verdict = await self._verdict(exchange.message, user, reply)
        done = replace(exchange, reply=reply, verdict=verdict, finished_at=self.clock(), bot=vendor.name)
        if verdict.disposition is not Disposition.RELEASE:
            return await self._hold(done, reply, verdict, vendor, window.closes_at)
        return await self._pass_on(done, reply, window.closes_at)

    # --- steps --------------------------------------------------------------------------------

    def _exchange(self, vendor: Vendor, user: str, body: bytes) -> Exchange:
        now, name = self.clock(), self.new_id()
        message = Message(
            channel=self.channel,
            key=f"{egress.KEY}{name}",
            user=user,
            account=vendor.name,
            kind=MessageKind.EVENT,
            sent_at=now,
            received_at=now,
            envelope=Envelope(BodyFormat.JSON),
            raw=body,
            event=PUSH,
            passive=False,
        )
        return Exchange(name, message, ExchangeState.CLAIMED, now + CLAIM_LEASE)

    async def _verdict(self, message: Message, user: str, reply: Reply) -> Verdict:
        """In the light of what the citizen wrote last."""
        before = await self.store.history(self.channel, user, message.received_at, 5)
        asked = next((one.message.text for one in reversed(before) if one.message.text), "")
        verdict = self.check(reply, Conversation(asked, channel=self.channel))
        return with_objections(verdict, self.codec.objections(message, reply))

    async def _hold(
        self, exchange: Exchange, reply: Reply, verdict: Verdict, vendor: Vendor, closes_at: datetime
    ) -> Sent:
        now, message = self.clock(), exchange.message
        within = self.decide_within.get(verdict.severity)
        hold = Hold(
            self.new_id(),
            exchange.id,
            message.channel,
            message.user,
            message,
            reply,
            verdict,
            now,
            deliver_by=closes_at,
            decide_by=now + within if within else None,
        )
        outcome = Outcome(replace(exchange, state=ExchangeState.HELD), hold=hold)
        await self.store.record(outcome)
        self.observer.exchange_finished(outcome.exchange)
        await self.coordinator.announce(QUEUE_TOPIC)
        return Sent(vendor.held_code, hold.id)

    async def _pass_on(self, exchange: Exchange, reply: Reply, closes_at: datetime) -> Sent:
        """Leased to ourselves before it leaves: killed on the way, its fate is listed as unknown."""
        now, message = self.clock(), exchange.message
        delivery = Delivery(
            self.new_id(),
            exchange.id,
            "",
            message.channel,
            message.user,
            message,
            reply,
            now,
            closes_at,
            DeliveryState.SENDING,
            attempts=1,
            leased_until=now + self.courier.lease,
            fence=1,
        )
        outcome = Outcome(replace(exchange, state=ExchangeState.QUEUED), delivery=delivery)
        await self.store.record(outcome)
        self.observer.exchange_finished(outcome.exchange)
        return Sent(_code(await self.courier.carry(delivery)))


_CODES = {"window-closed": egress.WINDOW_CLOSED, "quota": egress.QUOTA}


def _code(delivery: Delivery) -> int:
    """What the vendor hears. What may have arrived, or is tried again by us, is no reason to send again."""
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.EXPIRED):
        return 0
    code = _CODES.get(delivery.why) or (
        int(delivery.why) if delivery.why.lstrip("-").isdecimal() else egress.BUSY
    )
    return egress.UNAUTHORIZED if code in egress.NEVER_TOLD else code
