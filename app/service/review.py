"""What people do with holds, deliveries and unanswered messages: decide purely, write once, audit always."""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.delivery import confirmed_by_person, retried_by_person
from app.core.disposition import in_order, new_delivery, with_objections
from app.core.errors import Conflict, Invalid, Undeliverable
from app.core.manuscripts import callback_of
from app.core.model import Category, Conversation, Disposition, Finding, Menu, Reply, Severity, Verdict
from app.core.phrases import Filled, on_values
from app.core.records import (
    AuditEntry,
    Decision,
    Delivery,
    DeliveryState,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
    PostState,
    WorkOrder,
)
from app.core.review import Ruling, settle
from app.core.work_orders import compose
from app.ports import Check, Clock, Codec, Coordinator, NewId, Observer, Store
from app.service import topics


@dataclass(frozen=True, slots=True)
class Desk:
    """What judging a text for one channel takes."""

    check: Check
    codec: Codec
    second_person_at: Callable[[], Severity | None] = lambda: None
    """From this severity on two people release a text; None: one is enough."""


@dataclass(frozen=True, slots=True)
class Review:
    store: Store
    desks: Mapping[str, Desk]
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    claim_lease: timedelta
    compose: Callable[[Hold], str] = compose
    """The work order of a hold that has just been transferred, as JSON."""
    passes_on: bool = False
    """Whether work orders are posted to anybody."""
    called_back: Set[str] = frozenset()
    """The API tokens whose submitted texts are reported on, to an address of theirs."""

    async def decide(self, hold_id: str, ruling: Ruling) -> Hold:
        """Raises what `core.review.settle` raises, HoldNotFound, StoreError."""
        hold = await self.store.hold(hold_id)
        if ruling.reply is not None:
            verdict = ruling.verdict if ruling.standing and ruling.verdict else self.judge(hold, ruling.reply)
            _refuse_unsendable(ruling.reply, verdict.findings)
            ruling = replace(ruling, verdict=verdict)
        elif ruling.decision is Decision.APPROVE:
            _refuse_unsendable(hold.reply, self._objections(hold, hold.reply))
        now = self.clock()
        settled = settle(hold, ruling, now, self.claim_lease, self.desks[hold.channel].second_person_at())
        released = settled.final is not None and hold.final is None
        delivery = self._delivery(settled) if released and not hold.message.submitted else None
        entry = AuditEntry(
            now,
            ruling.by,
            f"hold.{ruling.decision if settled.draft == hold.draft else Decision.PROPOSE}",
            f"hold:{hold.id}",
            before=_facts(hold),
            after=_facts(settled, ruling.verdict),
            reason=ruling.reason,
        )
        callback = callback_of(settled, self.called_back) if settled.state is not hold.state else None
        await self.store.settle(
            settled,
            delivery,
            entry,
            self._work_order(settled, ruling),
            self._more(settled, delivery),
            callback,
        )
        self.observer.hold_settled(settled)
        await self.coordinator.announce(topics.QUEUE)
        if delivery is not None:
            await self.coordinator.announce(topics.DELIVERIES)
        if ruling.decision is Decision.TRANSFER:
            await self.coordinator.announce(topics.WORK_ORDERS)
        if callback is not None:
            await self.coordinator.announce(topics.CALLBACKS)
        return settled

    def judge(self, hold: Hold, reply: Reply) -> Verdict:
        """What the checker, and the platform's own limits, say of a person's text."""
        desk = self.desks[hold.channel]
        conversation = Conversation(message=hold.message.text, channel=hold.channel)
        return with_objections(desk.check(reply, conversation), self._objections(hold, reply))

    def judge_phrase(self, hold: Hold, filled: Filled) -> Verdict:
        """What the checker says of the values in a standing phrase, and the platform of its length."""
        verdict = self.judge(hold, filled.reply)
        findings = on_values(filled, verdict.findings)
        held = any(not finding.shadow for finding in findings)
        return replace(
            verdict,
            findings=findings,
            disposition=verdict.disposition if held else Disposition.RELEASE,
        )

    async def unmask(self, hold_id: str, by: str, reason: str) -> Hold:
        """The hold, for somebody who has a reason to see its numbers. Raises Invalid, HoldNotFound."""
        hold = await self.store.hold(hold_id)
        _require(reason)
        entry = AuditEntry(self.clock(), by, "hold.unmask", f"hold:{hold.id}", reason=reason.strip())
        await self.store.append_audit(entry)
        return hold

    async def retry_delivery(self, delivery_id: str, by: str, reason: str) -> Delivery:
        """A person has looked and wants a failed or uncertain delivery sent (again)."""
        delivery = await self._stopped_delivery(delivery_id, (DeliveryState.FAILED, DeliveryState.UNCERTAIN))
        now = self.clock()
        if delivery.deliver_by <= now:
            raise Undeliverable("the platform's window for this follower is closed")
        again = await self._write_delivery(delivery, retried_by_person(delivery, now), by, "retry", reason)
        await self.coordinator.announce(topics.DELIVERIES)
        return again

    async def confirm_delivery(self, delivery_id: str, by: str, reason: str) -> Delivery:
        """A person has seen that an uncertain delivery did arrive."""
        delivery = await self._stopped_delivery(delivery_id, (DeliveryState.UNCERTAIN,))
        confirmed = confirmed_by_person(delivery, self.clock())
        return await self._write_delivery(delivery, confirmed, by, "confirm", reason)

    async def close_exchange(self, exchange_id: str, by: str, reason: str) -> Exchange:
        """A person has dealt with an unanswered message in another way."""
        exchange = await self.store.exchange(exchange_id)
        if exchange.state is not ExchangeState.UNANSWERED:
            raise Conflict("the message is not unanswered", state=exchange.state.value)
        _require(reason)
        closed = replace(exchange, state=ExchangeState.CLOSED, why=reason)
        entry = AuditEntry(
            self.clock(),
            by,
            "exchange.close",
            f"exchange:{exchange.id}",
            before=exchange.state.value,
            after=closed.state.value,
            reason=reason,
        )
        await self.store.amend(Outcome(closed, audit=entry), ExchangeState.UNANSWERED)
        return closed

    # --- steps --------------------------------------------------------------------------------

    def _objections(self, hold: Hold, reply: Reply) -> Sequence[Finding]:
        """The platform's own; a submitted text goes back to its submitter, past every platform."""
        if hold.message.submitted:
            return ()
        return self.desks[hold.channel].codec.objections(hold.message, reply)

    def _delivery(self, hold: Hold) -> Delivery:
        if hold.final is None or hold.deliver_by is None:
            raise Undeliverable("there is nothing to deliver")
        return new_delivery(
            self.new_id(),
            hold.exchange_id,
            hold.id,
            hold.message,
            self._pieces(hold)[0],
            now=self.clock(),
            deliver_by=hold.deliver_by,
        )

    def _pieces(self, hold: Hold) -> Sequence[Reply]:
        return self.desks[hold.channel].codec.pieces(hold.message, hold.final) if hold.final else ()

    def _more(self, hold: Hold, first: Delivery | None) -> Sequence[Delivery]:
        """What follows the first piece of a long text."""
        if first is None:
            return ()
        return in_order(
            first.id,
            first.exchange_id,
            first.hold_id,
            first.message,
            self._pieces(hold)[1:],
            now=first.created_at,
            deliver_by=first.deliver_by,
        )

    def _work_order(self, hold: Hold, ruling: Ruling) -> WorkOrder | None:
        if ruling.decision is not Decision.TRANSFER or hold.decided_at is None:
            return None
        state = PostState.QUEUED if self.passes_on else PostState.KEPT
        return WorkOrder(
            hold.id,
            hold.transferred_to,
            hold.decided_at,
            self.compose(hold),
            state,
            next_at=hold.decided_at if self.passes_on else None,
        )

    async def _stopped_delivery(self, delivery_id: str, states: tuple[DeliveryState, ...]) -> Delivery:
        delivery = await self.store.delivery(delivery_id)
        if delivery.state not in states:
            raise Conflict("the delivery does not wait for a person", state=delivery.state.value)
        return delivery

    async def _write_delivery(
        self, before: Delivery, after: Delivery, by: str, action: str, reason: str
    ) -> Delivery:
        _require(reason)
        entry = AuditEntry(
            self.clock(),
            by,
            f"delivery.{action}",
            f"delivery:{before.id}",
            before=before.state.value,
            after=after.state.value,
            reason=reason,
        )
        await self.store.deliver(after, entry)
        self.observer.delivery_finished(after)
        return after


def _require(reason: str) -> None:
    if not reason.strip():
        raise Invalid("a reason is required")


def _refuse_unsendable(reply: Reply, findings: Sequence[Finding]) -> None:
    """No confirmation helps a reply that the platform does not take. Raises Invalid.

    A picture is for a person to look at; a menu alone has no passive form, but the send API has one for it.
    """
    a_menu = len(reply.parts) == 1 and isinstance(reply.parts[0], Menu)
    a_persons = {"system.unreadable", "system.no-form"} if a_menu else {"system.unreadable"}
    blockers = [f.why for f in findings if f.category is Category.SYSTEM and f.rule not in a_persons]
    if blockers:
        raise Invalid("；".join(blockers))


def _facts(hold: Hold, verdict: Verdict | None = None) -> str:
    """What the audit row keeps of a hold: enough to see what was decided on and what was sent."""
    facts: dict[str, object] = {"state": hold.state.value, "version": hold.version}
    if hold.final is not None:
        facts["text"] = hold.final.text
    elif hold.decided_at is None:
        facts["text"] = hold.reply.text
    if hold.draft is not None:
        facts["draft"] = {"by": hold.draft.by, "text": hold.draft.reply.text}
    if hold.claimed_by:
        facts["claimed_by"] = hold.claimed_by
    if hold.transferred_to:
        facts["transferred_to"] = hold.transferred_to
    if verdict is not None and verdict.findings:
        facts["confirmed_findings"] = [finding.rule for finding in verdict.findings]
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)
