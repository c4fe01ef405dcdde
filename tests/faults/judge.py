"""Ledger against records: the promises, each with a count that must be nought. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.model import Disposition
from app.core.records import AuditEntry, Delivery, DeliveryState, Exchange, ExchangeState
from app.settings.channels import HOLDING_TEXT
from tests.faults.ledger import Attempt, Conversation, Fate, Ledger, Receipt, Reception, Via
from tests.faults.records import Records
from tests.faults.script import RELEASED, Act

PROMISES = (
    "unchecked",
    "lost",
    "duplicated",
    "uncertain_resent",
    "decisions_lost",
    "audit_breaks",
    "late_answers",
)
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise."""

    promise: str
    marker: str
    """Of the conversation; empty where it concerns none."""
    why: str


@dataclass(frozen=True, slots=True)
class Judgement:
    breaches: Sequence[Breach]
    fates: Mapping[str, int]
    """What became of the messages, in all."""

    def count(self, promise: str) -> int:
        return sum(breach.promise == promise for breach in self.breaches)


def judge(ledger: Ledger, records: Records) -> Judgement:
    fates: Counter[str] = Counter()
    breaches: list[Breach] = []
    for conversation in ledger.conversations.values():
        one = _Case(conversation, records, ledger.attempts_at(conversation.line.marker))
        fates[one.fate] += 1
        breaches += one.breaches()
    breaches += (
        Breach("unchecked", "", f"{receipt.user} got {receipt.text!r}") for receipt in ledger.strange
    )
    breaches += decisions(ledger.attempts, records.audit)
    breaches += [Breach("audit_breaks", "", "the chain does not hold")] * records.audit_breaks
    breaches += (
        Breach("late_answers", conversation.line.marker, f"{one.guard}: nothing within {one.took_s:.2f} s")
        for conversation, one in ledger.late
    )
    return Judgement(breaches, fates)


class _Case:
    """One conversation and what is on record of it."""

    def __init__(self, conversation: Conversation, records: Records, attempts: Sequence[Attempt]) -> None:
        self.conversation = conversation
        self.attempts = [attempt for attempt in attempts if attempt.heard is not Reception.REFUSED]
        self.exchange = records.exchanges.get(f"MsgId:{conversation.line.message_id}")
        found = self.exchange.id if self.exchange else ""
        self.hold = records.holds.get(found)
        self.deliveries: Sequence[Delivery] = records.deliveries.get(found, ())

    @property
    def fate(self) -> str:
        if self.exchange is None:
            return "never arrived: no guard took it, the platform said so"
        if self.exchange.state is ExchangeState.ANSWERED and self._unheard():
            return "answered, but every try was cut off"
        if self.exchange.state is ExchangeState.UNANSWERED:
            return f"unanswered: {self.exchange.why}"
        return self.exchange.state.value

    def breaches(self) -> Iterator[Breach]:
        marker = self.conversation.line.marker
        for receipt in self.conversation.receipts:
            if not self._allowed(receipt):
                yield Breach("unchecked", marker, f"the citizen got {receipt.text!r}")
        if why := self._lost():
            yield Breach("lost", marker, why)
        said = [one for one in self.conversation.receipts if one.text != HOLDING_TEXT]
        if len(said) > 1 + self._retries():
            yield Breach("duplicated", marker, f"{len(said)} replies, {self._retries()} resent by a person")
        resent = sum(
            before.fate is not Fate.REFUSED
            for before, after in zip(self.conversation.sends, self.conversation.sends[1:], strict=False)
        )
        if resent > self._retries():
            yield Breach(
                "uncertain_resent", marker, f"{resent} resent, {self._retries()} of them by a person"
            )

    # --- what may reach a citizen -------------------------------------------------------------

    def _allowed(self, receipt: Receipt) -> bool:
        if receipt.via is Via.PASSIVE and receipt.text == HOLDING_TEXT:
            return True
        if any(one.text == receipt.text for one in self.attempts if one.action.startswith("hold.")):
            return True
        verdict = self.exchange.verdict if self.exchange else None
        released = verdict is not None and verdict.disposition is Disposition.RELEASE
        line = self.conversation.line
        return released and line.act in RELEASED and receipt.text == line.bot_says

    def _retries(self) -> int:
        return sum(attempt.action == "delivery.retry" for attempt in self.attempts)

    # --- what became of the message -----------------------------------------------------------

    def _lost(self) -> str:
        """Why nobody would ever find the message, or its reply, again; empty: somebody would."""
        exchange = self.exchange
        if exchange is None:
            answered = any(not one.problem for one in self.conversation.tries)
            return "the platform was answered, nothing is on record" if answered else ""
        match exchange.state:
            case ExchangeState.CLAIMED:
                return "nobody is at it, nobody will be"
            case ExchangeState.ANSWERED:
                return self._answer_lost(exchange)
            case ExchangeState.HELD if self.hold is None:
                return "held, but there is no hold"
            case ExchangeState.HELD if self.hold is not None and self.hold.final is not None:
                return self._deliveries_lost()
            case ExchangeState.QUEUED:
                return self._deliveries_lost()
            case ExchangeState.SILENT if self.conversation.line.act is not Act.SILENT:
                return "silent, but the bot was not"
        return ""

    def _unheard(self) -> bool:
        return all(one.problem for one in self.conversation.tries)

    def _answer_lost(self, exchange: Exchange) -> str:
        said = exchange.answer.text if exchange.answer else ""
        if self._unheard() or any(one.text == said for one in self.conversation.receipts):
            return ""
        return "answered by the records, but the platform was told something else"

    def _deliveries_lost(self) -> str:
        if not self.deliveries:
            return "to be delivered, but there is no delivery"
        texts = {one.text for one in self.conversation.receipts if one.text != HOLDING_TEXT}
        if any(one.state is DeliveryState.DELIVERED for one in self.deliveries) and not texts:
            return "delivered by the records, but the citizen has nothing"
        return ""


# --- decisions ----------------------------------------------------------------------------------


def decisions(attempts: Sequence[Attempt], audit: Sequence[AuditEntry]) -> Iterator[Breach]:
    """Each decision that was confirmed stands in the audit trail once; what was refused, or never asked for,
    does not; no version of a hold was decided on twice."""
    written = Counter(_key(entry) for entry in audit if entry.actor != SYSTEM and _judged(entry.action))
    accepted = Counter(_asked(one) for one in attempts if one.heard is Reception.ACCEPTED)
    possible = accepted + Counter(_asked(one) for one in attempts if one.heard is Reception.UNKNOWN)
    markers = {_asked(one): one.marker for one in attempts}
    for key in sorted({*written, *accepted}):
        by, action, subject, version = key
        told = f"{by}: {action} {subject} v{version}"
        if written[key] < accepted[key]:
            yield Breach("decisions_lost", markers.get(key, ""), f"{told}: confirmed, not on record")
        if written[key] > possible[key]:
            yield Breach("decisions_lost", markers.get(key, ""), f"{told}: on record more often than decided")
    versions = Counter(
        (entry.subject, _version(entry))
        for entry in audit
        if entry.action.startswith("hold.") and entry.after
    )
    for (subject, version), times in versions.items():
        if times > 1:
            yield Breach("decisions_lost", "", f"{subject}: {times} decisions made version {version}")


Key = tuple[str, str, str, int]
"""Who, what, on what, on which version of it."""


def _judged(action: str) -> bool:
    return action.startswith(("hold.", "delivery.", "exchange."))


def _key(entry: AuditEntry) -> Key:
    return entry.actor, entry.action, entry.subject, max(0, _version(entry) - 1)


def _asked(one: Attempt) -> Key:
    return one.by, one.action, one.subject, one.version


def _version(entry: AuditEntry) -> int:
    """Of the hold after the decision; 0 for what is no hold."""
    return int(json.loads(entry.after)["version"]) if entry.action.startswith("hold.") else 0
