"""Plain values that many tests start from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.model import (
    BodyFormat,
    Category,
    Disposition,
    Envelope,
    Finding,
    Message,
    MessageKind,
    Reply,
    SendWindow,
    Severity,
    Span,
    Verdict,
)
from app.core.records import Delivery, DeliveryState, Exchange, ExchangeState, Hold

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai on a Monday."""

RELEASED = Verdict(Disposition.RELEASE, (), "ruleset-1")
MOCKED = Verdict(
    Disposition.HOLD,
    (
        Finding(
            "mockery.x",
            Category.MOCKERY,
            Severity.MEDIUM,
            "嘲讽",
            (Span(0, 2),),
            "呵呵",
            message_quote="几点",
        ),
    ),
    "ruleset-1",
)
BLOCKED = replace(MOCKED, disposition=Disposition.BLOCK)
NEARLY = replace(RELEASED, findings=(Finding("tone.x", Category.TONE, Severity.LOW, "生硬"),))
"""Released, with something found."""


def message(key: str = "MsgId:1", **changes: Any) -> Message:
    made = Message(
        channel="hall",
        key=key,
        user="citizen-1",
        account="gh_hall",
        kind=MessageKind.TEXT,
        sent_at=NOON,
        received_at=NOON,
        envelope=Envelope(BodyFormat.XML),
        raw=f"<xml>{key}</xml>".encode(),
        text="办事大厅几点开门？",
        kind_name="text",
        window=SendWindow(NOON + timedelta(hours=48), 5),
    )
    return replace(made, **changes)


def exchange(exchange_id: str = "exchange-1", **changes: Any) -> Exchange:
    made = Exchange(exchange_id, message(), ExchangeState.CLAIMED, NOON + timedelta(seconds=90), bot="vendor")
    return replace(made, **changes)


def hold(hold_id: str = "hold-1", **changes: Any) -> Hold:
    made = Hold(
        id=hold_id,
        exchange_id="exchange-1",
        channel="hall",
        user="citizen-1",
        message=message(),
        reply=Reply.of("呵呵，您真行。"),
        verdict=MOCKED,
        created_at=NOON,
        deliver_by=NOON + timedelta(hours=48),
    )
    return replace(made, **changes)


def delivery(delivery_id: str = "delivery-1", **changes: Any) -> Delivery:
    made = Delivery(
        id=delivery_id,
        exchange_id="exchange-1",
        hold_id="",
        channel="hall",
        user="citizen-1",
        message=message(),
        reply=Reply.of("办事大厅九点开门。"),
        created_at=NOON,
        deliver_by=NOON + timedelta(hours=48),
        state=DeliveryState.SENDING,
        attempts=1,
        fence=1,
        leased_until=NOON + timedelta(seconds=60),
    )
    return replace(made, **changes)
