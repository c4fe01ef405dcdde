"""The judge sees each broken promise: made-up ledgers beside made-up records, one thing wrong in each."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.model import Reply
from app.core.records import AuditEntry, Delivery, DeliveryState, Exchange, ExchangeState, HoldState
from app.settings.channels import HOLDING_TEXT
from tests.faults.judge import PROMISES, judge
from tests.faults.ledger import Attempt, Conversation, Fate, Ledger, Reception, Send, Try, Via
from tests.faults.records import Records
from tests.faults.script import CLEAN, EDITED, RUDE, Act, Line
from tests.values import MOCKED, NOON, RELEASED, delivery, hold, message

MARKER = "kx000001"
USER = "o-citizen-1"
SAID = CLEAN.format(MARKER)
INSULT = RUDE.format(MARKER)
BETTER = EDITED.format(MARKER) + " moderator-1"


class Case:
    """One conversation that went well, to be spoilt."""

    def __init__(self, act: Act = Act.CLEAN) -> None:
        self.ledger = Ledger()
        line = Line(1, USER, f"几点开门？（{MARKER}）", act, pushed_twice=False)
        self.conversation: Conversation = self.ledger.open(line)
        self.conversation.tries.append(Try(time.monotonic(), 0.1, "guard-1", ""))
        pushed = message(f"MsgId:{line.message_id}", user=USER)
        self.exchange: Exchange | None = Exchange("e-1", pushed, ExchangeState.ANSWERED, NOON)
        self.deliveries: list[Delivery] = []
        self.holds = {}
        self.audit: list[AuditEntry] = []
        self.breaks = 0
        if act is Act.CLEAN:
            self.exchange = replace(self.exchange, verdict=RELEASED, answer=Reply.of(SAID))
            self.hears(SAID)
        else:
            self.exchange = replace(self.exchange, state=ExchangeState.HELD, verdict=MOCKED)
            self.hears(HOLDING_TEXT)
            edited = hold("h-1", exchange_id="e-1", message=pushed)
            self.holds = {"e-1": replace(edited, state=HoldState.EDITED, version=2, final=Reply.of(BETTER))}
            self.decides("hold.edit", 1, BETTER)
            self.writes("hold.edit", 2)
            self.is_sent(BETTER)

    def hears(self, text: str, via: Via = Via.PASSIVE) -> None:
        self.ledger.receive(USER, via, text, self.conversation)

    def is_sent(self, text: str, fate: Fate = Fate.CONFIRMED, *, arrives: bool = True) -> None:
        self.conversation.sends.append(Send(time.monotonic(), USER, text, "ok", fate, arrives))
        if arrives:
            self.hears(text, Via.API)
        if not self.deliveries:
            sent = delivery("d-1", exchange_id="e-1", user=USER)
            self.deliveries = [replace(sent, state=DeliveryState.DELIVERED)]

    def decides(
        self,
        action: str,
        version: int,
        text: str = "",
        heard: Reception = Reception.ACCEPTED,
        by: str = "moderator-1",
    ) -> None:
        subject = "hold:h-1" if action.startswith("hold.") else "delivery:d-1"
        self.ledger.attempts.append(
            Attempt(time.monotonic(), by, action, subject, version, MARKER, text, heard, 200)
        )

    def writes(self, action: str, version: int, by: str = "moderator-1") -> None:
        subject = "hold:h-1" if action.startswith("hold.") else "delivery:d-1"
        after = json.dumps({"version": version}) if action.startswith("hold.") else "queued"
        self.audit.append(AuditEntry(NOON, by, action, subject, after=after))

    def broken(self) -> set[str]:
        exchanges = {} if self.exchange is None else {self.exchange.message.key: self.exchange}
        records = Records(exchanges, self.holds, {"e-1": self.deliveries}, self.audit, self.breaks)
        return {breach.promise for breach in judge(self.ledger, records).breaches}


def change(**changes: object) -> Callable[[Case], None]:
    def spoil(case: Case) -> None:
        assert case.exchange is not None
        case.exchange = replace(case.exchange, **changes)  # type: ignore[arg-type]

    return spoil


def vanish(case: Case) -> None:
    case.exchange = None


def vanish_unanswered(case: Case) -> None:
    case.exchange = None
    case.conversation.receipts.clear()
    case.conversation.tries[:] = [Try(0.0, 5.0, "guard-1", "no-connection")]


def resend(case: Case, *, by_a_person: bool = False) -> None:
    case.conversation.sends.clear()
    case.conversation.receipts.pop()
    case.is_sent(BETTER, Fate.UNKNOWN, arrives=False)
    if by_a_person:
        case.decides("delivery.retry", 0, BETTER)
        case.writes("delivery.retry", 0)
    case.is_sent(BETTER)


def told_to_another(case: Case) -> None:
    case.ledger.receive("o-citizen-2", Via.API, SAID)


def kept_back(case: Case) -> None:
    case.conversation.receipts.pop()


@pytest.mark.parametrize("act", [Act.CLEAN, Act.RUDE])
def test_a_conversation_that_went_well_breaks_no_promise(act: Act) -> None:
    assert Case(act).broken() == set()


@pytest.mark.parametrize(
    ("act", "spoil", "broken"),
    [
        pytest.param(
            Act.RUDE, lambda c: c.hears(INSULT), {"unchecked", "duplicated"}, id="the insult got out"
        ),
        pytest.param(Act.CLEAN, change(verdict=None), {"unchecked"}, id="clean, but nobody has checked it"),
        pytest.param(Act.CLEAN, told_to_another, {"unchecked"}, id="told to another citizen"),
        pytest.param(Act.CLEAN, vanish, {"lost", "unchecked"}, id="answered, and not on record"),
        pytest.param(Act.CLEAN, vanish_unanswered, set(), id="no guard has ever heard it"),
        pytest.param(Act.CLEAN, change(state=ExchangeState.CLAIMED), {"lost"}, id="nobody finishes it"),
        pytest.param(Act.CLEAN, change(state=ExchangeState.SILENT), {"lost"}, id="silence of our own making"),
        pytest.param(Act.CLEAN, change(state=ExchangeState.UNANSWERED), set(), id="listed for a person"),
        pytest.param(Act.CLEAN, kept_back, {"lost"}, id="the platform was told something else"),
        pytest.param(Act.RUDE, lambda c: c.holds.clear(), {"lost"}, id="held without a hold"),
        pytest.param(Act.RUDE, lambda c: c.deliveries.clear(), {"lost"}, id="released without a delivery"),
        pytest.param(Act.RUDE, kept_back, {"lost"}, id="delivered to nobody"),
        pytest.param(
            Act.CLEAN, lambda c: c.hears(SAID, Via.API), {"duplicated"}, id="passively and by the API"
        ),
        pytest.param(Act.RUDE, resend, {"uncertain_resent"}, id="resent by the machine"),
        pytest.param(Act.RUDE, lambda c: resend(c, by_a_person=True), set(), id="resent by a person"),
        pytest.param(Act.RUDE, lambda c: c.audit.clear(), {"decisions_lost"}, id="a decision is lost"),
        pytest.param(Act.RUDE, lambda c: c.writes("hold.edit", 2), {"decisions_lost"}, id="applied twice"),
        pytest.param(
            Act.RUDE,
            lambda c: c.writes("hold.edit", 2, by="moderator-2"),
            {"decisions_lost"},
            id="two people won",
        ),
        pytest.param(
            Act.RUDE,
            lambda c: c.decides("hold.note", 2, heard=Reception.UNKNOWN),
            set(),
            id="a decision of which nobody heard again",
        ),
        pytest.param(Act.RUDE, lambda c: setattr(c, "breaks", 1), {"audit_breaks"}, id="the chain is broken"),
        pytest.param(
            Act.CLEAN,
            lambda c: c.ledger.late.append((c.conversation, Try(0.0, 5.0, "guard-1", "timeout"))),
            {"late_answers"},
            id="late",
        ),
    ],
)
def test_each_broken_promise_is_seen(act: Act, spoil: Callable[[Case], None], broken: set[str]) -> None:
    case = Case(act)
    spoil(case)
    assert case.broken() == broken
    assert broken <= set(PROMISES)
