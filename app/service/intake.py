"""What a vendor submits becomes an exchange of its own, durable with its verdict before anything leaves.

Until then the vendor has not been answered: what is killed in between was never taken over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.conduct import Conduct
from app.core.disposition import with_objections
from app.core.model import (
    BodyFormat,
    Category,
    Conversation,
    Envelope,
    Finding,
    Message,
    Reply,
    SendWindow,
    Severity,
    Verdict,
)
from app.core.records import CLAIM_LEASE, Delivery, Exchange, ExchangeState, Hold, Outcome
from app.core.submission import KEY, POSTS, TO, Submission, Way, addressee, way_of
from app.ports import Check, Clock, Codec, Coordinator, NewId, Observer, Store
from app.service import topics

LOOKED_BACK = 5
"""Exchanges of the citizen's; the last one with words tells what was asked."""
POST_WHY = "群发和发布先审后发：要由人看过才能发出。"


@dataclass(frozen=True, slots=True)
class Intake:
    """One channel's."""

    channel: str
    codec: Codec
    check: Check
    store: Store
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    decide_within: Mapping[Severity, timedelta]
    conduct: Callable[[], Conduct]

    def exchange(self, submission: Submission, vendor: str, body: bytes) -> Exchange:
        """Not yet recorded. Only a message to one citizen needs a window that the citizen opened."""
        now, name = self.clock(), self.new_id()
        own = submission.way is not Way.MESSAGE
        message = Message(
            channel=self.channel,
            key=f"{KEY}{name}",
            user=f"{submission.way}:{name}" if own else submission.to,
            account=vendor,
            kind=submission.kind,
            sent_at=now,
            received_at=now,
            envelope=Envelope(BodyFormat.JSON),
            raw=body,
            event=submission.way,
            extra={**submission.extra, **({TO: submission.to} if own and submission.to else {})},
            window=SendWindow(now + self.conduct().posts_within, 1) if own else None,
            passive=False,
        )
        return Exchange(name, message, ExchangeState.CLAIMED, now + CLAIM_LEASE, bot=vendor)

    async def judge(self, exchange: Exchange, reply: Reply, *, for_review: bool = False) -> "Judged":
        """In the light of what the citizen wrote last. Raises StoreError."""
        message = exchange.message
        before = await self.store.history(self.channel, addressee(message), message.received_at, LOOKED_BACK)
        return self.judged(exchange, reply, before, for_review=for_review)

    def judged(
        self, exchange: Exchange, reply: Reply, before: Sequence[Exchange], *, for_review: bool = False
    ) -> "Judged":
        """The same for who has read already what came `before`."""
        message = exchange.message
        asked = next((one.message.text for one in reversed(before) if one.message.text), "")
        verdict = self.check(reply, Conversation(asked, channel=self.channel))
        objections = [*self.codec.objections(message, reply)]
        if for_review or (self.conduct().posts_held and way_of(message) in POSTS):
            objections.append(Finding("system.post", Category.SYSTEM, Severity.MEDIUM, POST_WHY))
        verdict = with_objections(verdict, objections)
        done = replace(exchange, reply=reply, verdict=verdict, finished_at=self.clock())
        return Judged(done, reply, verdict)

    async def hold(self, judged: "Judged", closes_at: datetime) -> Hold:
        """In the queue. Raises StoreError."""
        now, message = self.clock(), judged.exchange.message
        within = self.decide_within.get(judged.verdict.severity)
        hold = Hold(
            self.new_id(),
            judged.exchange.id,
            message.channel,
            message.user,
            message,
            judged.reply,
            judged.verdict,
            now,
            deliver_by=closes_at,
            decide_by=now + within if within else None,
        )
        outcome = Outcome(replace(judged.exchange, state=ExchangeState.HELD), hold=hold)
        await self.store.put_down(outcome)
        self.observer.exchange_finished(outcome.exchange)
        await self.coordinator.announce(topics.QUEUE)
        return hold

    async def again(self, changed: Delivery, submission: Submission) -> Hold:
        """What was released is no longer what lies there: a person judges what does. Raises StoreError."""
        exchange = self.exchange(submission, changed.message.account, changed.message.raw)
        judged = await self.judge(exchange, submission.reply, for_review=True)
        return await self.hold(judged, exchange.message.received_at + self.conduct().posts_within)


@dataclass(frozen=True, slots=True)
class Judged:
    exchange: Exchange
    """With reply and verdict."""
    reply: Reply
    verdict: Verdict


def resubmitted(message: Message) -> Submission:
    """What a vendor submitted once, to be read anew."""
    way = way_of(message)
    if way is None:
        raise ValueError("no vendor sent this")
    extra = {name: value for name, value in message.extra.items() if name != TO}
    return Submission(way, Reply(()), message.extra.get(TO, ""), extra, message.kind)
