"""Another system hands in a text: recorded, checked, released at once or held for a person like any other."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Protocol

from app.core.disposition import with_objections
from app.core.errors import BodyChanged, Conflict, Invalid, KeyReused, NotFound, StillChecking
from app.core.manuscripts import REFERENCE, Fate, Manuscript, message_key
from app.core.model import (
    BodyFormat,
    Category,
    Conversation,
    Disposition,
    Envelope,
    Finding,
    Message,
    MessageKind,
    Reply,
    Severity,
    Verdict,
)
from app.core.records import (
    CLAIM_LEASE,
    STOPPED,
    AuditEntry,
    Exchange,
    ExchangeState,
    Hold,
    Outcome,
    PostState,
)
from app.ports import Check, Clock, Coordinator, NewId, Observer, Page, Store
from app.service import topics
from app.service.consultation import Consultation

STOPPED_FINDING = Finding(
    f"system.{STOPPED}", Category.SYSTEM, Severity.MEDIUM, "频道已停机：停机期间交来的文字都由人来看。"
)


class Records(Protocol):
    """The part of the records that knows what was handed in. Raises StoreError."""

    async def manuscript(self, exchange_id: str) -> Manuscript:
        """With its hold and callback. Raises NotFound, also where the exchange is no manuscript."""
        ...

    async def key_elsewhere(self, channel: str, channels: Sequence[str], key: str) -> bool:
        """Whether a message of this key came in on one of `channels` other than `channel`."""
        ...

    async def decided(
        self,
        token: str,
        states: Sequence[PostState],
        channels: Sequence[str] | None,
        after: str,
        limit: int,
    ) -> Page[Manuscript]:
        """The token's, the latest decision first, by what became of telling it. Raises Invalid."""
        ...

    async def tell_again(self, hold_id: str, now: datetime, audit: AuditEntry) -> None:
        """Queue its callback anew. Raises Conflict where there is none, or it is queued already."""
        ...


@dataclass(frozen=True, slots=True)
class Handed:
    """What a submitter hands in."""

    token: str
    channel: str
    text: str
    message: str
    """What the citizen wrote, if anybody did."""
    reference: str
    idempotency_key: str
    """Empty: each request is a manuscript of its own."""
    raw: bytes
    """All of the above but the key: the same key with another one is refused."""


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """What a channel's policy says of its holds."""

    check: Check
    decide_within: Mapping[Severity, timedelta]
    consultation: Consultation | None = None
    """None: the rules alone judge."""


@dataclass(frozen=True, slots=True)
class Manuscripts:
    channels: Mapping[str, ChannelTerms]
    store: Store
    records: Records
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    stopped: Callable[[str], bool]
    wanted_for: Mapping[str, timedelta]
    """By token: how long its submitter waits for a decision; others wait for ever."""
    called_back: Set[str] = frozenset()
    """The tokens that have an address to post to."""

    async def submit(self, handed: Handed) -> Manuscript:
        """Durable before it is judged; the same key again gets what became of the first.

        Raises Invalid, KeyReused, StillChecking, StoreError.
        """
        if handed.channel not in self.channels:
            raise Invalid(f"there is no channel {handed.channel!r}")
        exchange, now = self._exchange(handed), self.clock()
        key = exchange.message.key
        if handed.idempotency_key and await self.records.key_elsewhere(
            handed.channel, tuple(self.channels), key
        ):
            raise KeyReused("this Idempotency-Key came before with another channel")
        try:
            claim = await self.store.claim(exchange, now)
        except BodyChanged as error:
            raise KeyReused("this Idempotency-Key came before with another body") from error
        if claim.fresh:
            return await self._judge(claim.exchange, handed)
        return await self._again(claim.exchange, handed)

    async def manuscript(self, manuscript_id: str, token: str) -> Manuscript:
        """Raises NotFound, also for what another token handed in."""
        found = await self.records.manuscript(manuscript_id)
        if found.exchange.message.account != token:
            raise NotFound("there is no such manuscript")
        return found

    async def tell_again(self, manuscript_id: str, token: str) -> Manuscript:
        """Its submitter wants the callback once more, whatever became of the last one.

        Raises NotFound; Invalid where the token has no address; Conflict where nothing is decided, or it is
        on its way already.
        """
        found = await self.manuscript(manuscript_id, token)
        if token not in self.called_back:
            raise Invalid("this token has no callback_url")
        if found.callback is None:
            raise Conflict("nothing was decided on it yet", state=found.fate.value)
        now, hold_id = self.clock(), found.callback.hold_id
        entry = AuditEntry(now, token, "callback.again", f"hold:{hold_id}", before=found.callback.state.value)
        await self.records.tell_again(hold_id, now, entry)
        await self.coordinator.announce(topics.CALLBACKS)
        return await self.records.manuscript(manuscript_id)

    # --- steps --------------------------------------------------------------------------------

    def _exchange(self, handed: Handed) -> Exchange:
        now, name = self.clock(), self.new_id()
        message = Message(
            channel=handed.channel,
            key=message_key(handed.token, idempotency_key=handed.idempotency_key, exchange_id=name),
            user=f"{handed.token}:{handed.reference or name}",
            account=handed.token,
            kind=MessageKind.TEXT,
            sent_at=now,
            received_at=now,
            envelope=Envelope(BodyFormat.JSON),
            raw=handed.raw,
            text=handed.message,
            extra={REFERENCE: handed.reference},
            passive=False,
        )
        return Exchange(name, message, ExchangeState.CLAIMED, now + CLAIM_LEASE, bot=handed.token)

    async def _again(self, exchange: Exchange, handed: Handed) -> Manuscript:
        """What became of it; what a crash has cut short is judged now."""
        found = await self.records.manuscript(exchange.id)
        if found.fate is Fate.CHECKING:
            raise StillChecking("the same request is being answered right now")
        if found.exchange.state is ExchangeState.UNANSWERED:
            return await self._judge(found.exchange, handed)
        return found

    async def _judge(self, exchange: Exchange, handed: Handed) -> Manuscript:
        reply, terms = Reply.of(handed.text), self.channels[handed.channel]
        verdict = terms.check(reply, Conversation(handed.message, channel=handed.channel))
        if terms.consultation is not None:
            verdict = await terms.consultation.consult(exchange, reply, verdict, inf)
        if self.stopped(handed.channel):
            verdict = with_objections(verdict, [STOPPED_FINDING])
        now = self.clock()
        outcome = self._outcome(exchange, reply, verdict, terms, now)
        try:
            await self.store.amend(outcome, exchange.state)
        except Conflict as error:  # a repetition of this request took it over
            raise StillChecking("the same request is being answered right now") from error
        self.observer.exchange_finished(outcome.exchange)
        if outcome.hold is not None:
            await self.coordinator.announce(topics.QUEUE)
        return Manuscript(outcome.exchange, outcome.hold)

    def _outcome(
        self, exchange: Exchange, reply: Reply, verdict: Verdict, terms: ChannelTerms, now: datetime
    ) -> Outcome:
        done = replace(exchange, reply=reply, verdict=verdict, finished_at=now, why="")
        if verdict.disposition is Disposition.RELEASE:
            return Outcome(replace(done, state=ExchangeState.ANSWERED, answer=reply))
        message = exchange.message
        within = terms.decide_within.get(verdict.severity)
        wanted_for = self.wanted_for.get(message.account)
        hold = Hold(
            self.new_id(),
            exchange.id,
            message.channel,
            message.user,
            message,
            reply,
            verdict,
            now,
            deliver_by=now + wanted_for if wanted_for else None,
            decide_by=now + within if within else None,
        )
        return Outcome(replace(done, state=ExchangeState.HELD), hold=hold)
