"""A model behind an OpenAI-compatible address: its text is checked whole before anybody reads of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.conduct import Conduct
from app.core.disposition import Fallbacks, dispose, fail
from app.core.errors import BotError
from app.core.label import labelled
from app.core.model import (
    BodyFormat,
    Conversation,
    Envelope,
    Message,
    MessageKind,
    Reply,
    Severity,
    Turn,
)
from app.core.records import CLAIM_LEASE, STOPPED, Exchange, ExchangeState, Outcome
from app.ports import Check, Clock, Coordinator, NewId, Observer, Store
from app.service import topics

Ask = Callable[[Mapping[str, object]], Awaitable[str]]
"""The model's whole text for a request. Raises BotError."""

TURNS = 20


@dataclass(frozen=True, slots=True)
class Talk:
    """What an integrator sends: who is talking, what was said so far, and the request for the model."""

    caller: str
    user: str
    asked: str
    """What the citizen wrote last."""
    turns: tuple[tuple[str, str], ...]
    """Earlier ones: asked, answered."""
    request: Mapping[str, object]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    hold_id: str = ""
    """Empty: it is the model's own text."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One channel's."""

    channel: str
    bot: str
    ask: Ask
    check: Check
    store: Store
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    new_id: NewId
    conduct: Callable[[], Conduct]
    stopped: Callable[[], bool]
    decide_within: Mapping[Severity, timedelta]

    async def complete(self, talk: Talk) -> Said:
        """Raises BotError (the message is listed as unanswered), StoreError."""
        exchange = self._exchange(talk)
        await self.store.claim(exchange, self.clock())
        conduct = self.conduct()
        fallbacks = Fallbacks(conduct.holding, conduct.holding)
        if self.stopped():
            await self._record(fail(exchange, STOPPED, fallbacks=fallbacks, now=self.clock()))
            return Said(conduct.holding.text, STOPPED)
        try:
            reply = labelled(Reply.of(await self.ask(talk.request)), conduct.label)
        except BotError as error:
            await self._record(fail(exchange, error.code, fallbacks=fallbacks, now=self.clock()))
            raise
        now = self.clock()
        turns = tuple(Turn(asked, answered, now) for asked, answered in talk.turns)
        verdict = self.check(reply, Conversation(talk.asked, turns, self.channel))
        outcome = dispose(
            exchange,
            reply,
            verdict,
            in_time=True,
            fallbacks=fallbacks,
            now=now,
            new_id=self.new_id(),
            decide_within=self.decide_within,
        )
        await self._record(outcome)
        if outcome.hold is not None:
            await self.coordinator.announce(topics.QUEUE)
            return Said(conduct.holding.text, outcome.hold.id)
        return Said(reply.text)

    def _exchange(self, talk: Talk) -> Exchange:
        now, name = self.clock(), self.new_id()
        message = Message(
            channel=self.channel,
            key=f"chat:{name}",
            user=f"{talk.caller}:{talk.user}",
            account=talk.caller,
            kind=MessageKind.TEXT,
            sent_at=now,
            received_at=now,
            envelope=Envelope(BodyFormat.JSON),
            raw=talk.raw,
            text=talk.asked,
        )
        return Exchange(name, message, ExchangeState.CLAIMED, now + CLAIM_LEASE, bot=self.bot)

    async def _record(self, outcome: Outcome) -> None:
        await self.store.record(outcome)
        self.observer.exchange_finished(replace(outcome.exchange))
