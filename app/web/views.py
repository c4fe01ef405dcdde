"""What /v1 shows of our values: JSON shapes that stay when the inside changes."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.core.model import Finding, Message, Reply, Verdict
from app.core.records import Delivery, Exchange, Hold


class FindingView(BaseModel):
    rule: str
    category: str
    subclass: str = Field("", description="Within the category; empty for findings of the system")
    severity: str
    span: tuple[int, int] = Field(description="Half-open range of code points in the reply's text")
    quote: str
    why: str
    message_quote: str = Field("", description="The citizen's words that mattered; empty where none did")
    source: str = Field("", description="The clause of policy behind the rule")
    shadow: bool = False

    @classmethod
    def of(cls, finding: Finding) -> Self:
        return cls(
            rule=finding.rule,
            category=finding.category.value,
            subclass=finding.subclass,
            severity=finding.severity.value,
            span=(finding.span.start, finding.span.end),
            quote=finding.quote,
            why=finding.why,
            message_quote=finding.message_quote,
            source=finding.source,
            shadow=finding.shadow,
        )


class VerdictView(BaseModel):
    disposition: str
    severity: str
    findings: list[FindingView]
    ruleset: str

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        return cls(
            disposition=verdict.disposition.value,
            severity=verdict.severity.value,
            findings=[FindingView.of(finding) for finding in verdict.findings],
            ruleset=verdict.ruleset,
        )


class MessageView(BaseModel):
    key: str
    user: str
    kind: str
    text: str
    event: str
    sent_at: datetime

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            key=message.key,
            user=message.user,
            kind=message.kind.value,
            text=message.text,
            event=message.event,
            sent_at=message.sent_at,
        )


class ReplyView(BaseModel):
    text: str
    parts: list[str] = Field(description="The kinds of its parts: text, cards, menu, media, ...")

    @classmethod
    def of(cls, reply: Reply) -> Self:
        return cls(text=reply.text, parts=[type(part).__name__.lower() for part in reply.parts])


class NoteView(BaseModel):
    at: datetime
    by: str
    text: str


class HoldView(BaseModel):
    id: str
    version: int
    state: str
    channel: str
    exchange_id: str
    created_at: datetime
    deliver_by: datetime | None = Field(
        description="When the platform's window closes; null: never open. Of a text handed in under "
        "/v1/replies: when its submitter wants it no more; null: never"
    )
    reviewable: bool = Field(
        description="false: the platform's window was too short for a review (1 minute after a follow, "
        "menu click or scan); approving delivers nothing unless the follower writes again"
    )
    message: MessageView
    reply: ReplyView
    verdict: VerdictView
    claimed_by: str
    claimed_until: datetime | None
    decided_by: str
    decided_at: datetime | None
    reason: str
    transferred_to: str
    final: ReplyView | None
    notes: list[NoteView]

    @classmethod
    def of(cls, hold: Hold) -> Self:
        return cls(
            id=hold.id,
            version=hold.version,
            state=hold.state.value,
            channel=hold.channel,
            exchange_id=hold.exchange_id,
            created_at=hold.created_at,
            deliver_by=hold.deliver_by,
            reviewable=hold.reviewable,
            message=MessageView.of(hold.message),
            reply=ReplyView.of(hold.reply),
            verdict=VerdictView.of(hold.verdict),
            claimed_by=hold.claimed_by,
            claimed_until=hold.claimed_until,
            decided_by=hold.decided_by,
            decided_at=hold.decided_at,
            reason=hold.reason,
            transferred_to=hold.transferred_to,
            final=ReplyView.of(hold.final) if hold.final else None,
            notes=[NoteView(at=note.at, by=note.by, text=note.text) for note in hold.notes],
        )


class DeliveryView(BaseModel):
    id: str
    state: str
    channel: str
    user: str
    exchange_id: str
    hold_id: str = Field(description="Empty for a late reply that passed by itself")
    reply: ReplyView
    created_at: datetime
    deliver_by: datetime
    next_at: datetime | None
    attempts: int
    finished_at: datetime | None
    why: str = Field(description="The platform's error code, or one of ours")
    receipt: str = Field(description="What the platform answered when it took it, as JSON text")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            state=delivery.state.value,
            channel=delivery.channel,
            user=delivery.user,
            exchange_id=delivery.exchange_id,
            hold_id=delivery.hold_id,
            reply=ReplyView.of(delivery.reply),
            created_at=delivery.created_at,
            deliver_by=delivery.deliver_by,
            next_at=delivery.next_at,
            attempts=delivery.attempts,
            finished_at=delivery.finished_at,
            why=delivery.why,
            receipt=delivery.receipt,
        )


class ExchangeView(BaseModel):
    id: str
    state: str
    channel: str
    bot: str
    message: MessageView
    received_at: datetime
    finished_at: datetime | None
    reply: ReplyView | None = Field(description="What the bot wanted to say")
    verdict: VerdictView | None
    answer: ReplyView | None = Field(description="What the platform was answered at once")
    bot_seconds: float | None
    why: str

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        return cls(
            id=exchange.id,
            state=exchange.state.value,
            channel=exchange.message.channel,
            bot=exchange.bot,
            message=MessageView.of(exchange.message),
            received_at=exchange.message.received_at,
            finished_at=exchange.finished_at,
            reply=ReplyView.of(exchange.reply) if exchange.reply else None,
            verdict=VerdictView.of(exchange.verdict) if exchange.verdict else None,
            answer=ReplyView.of(exchange.answer) if exchange.answer else None,
            bot_seconds=exchange.bot_seconds,
            why=exchange.why,
        )
