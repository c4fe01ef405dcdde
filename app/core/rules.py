"""Rules over evidence: which hold, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.core.conditions import Condition, Proof
from app.core.evidence import Evidence, Scope, ScopeKind
from app.core.listening import listening_in, quote_of_message
from app.core.model import Category, Finding, Severity, Span
from app.core.weighing import weigh


@dataclass(frozen=True, slots=True)
class Example:
    reply: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    category: Category
    subclass: str
    severity: Severity
    scope: ScopeKind
    when: Condition
    unless: Condition | None
    why: str
    source: str
    hits: tuple[Example, ...]
    passes: tuple[Example, ...]
    certain: bool = False
    """It counts however proper the wording around it is."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Masks: a text without a bit of each is none of the rule's business."""

    of_reply: tuple[int, ...]
    of_message: tuple[int, ...]

    def met(self, seen: int, evidence: Evidence) -> bool:
        for need in self.of_reply:
            if not seen & need:
                return False
        if not self.of_message:
            return True
        message = evidence.message
        asked = message.seen.awake if message is not None and message.text else 0
        return all(asked & need for need in self.of_message)


@dataclass(frozen=True, slots=True)
class Ruleset:
    rules: tuple[Rule, ...]
    needs: tuple[Needs, ...]
    """By rule."""
    listening: frozenset[int] = field(init=False, repr=False, compare=False)
    """Identities of the conditions that ask about the citizen's message."""

    def __post_init__(self) -> None:
        asked = (listening_in(rule.when) for rule in self.rules)
        object.__setattr__(self, "listening", frozenset[int]().union(*asked))

    def evaluate(self, evidence: Evidence) -> tuple[Finding, ...]:
        """One finding for each rule and scope in which it holds, in file order."""
        return tuple(finding for rule in self.awake(evidence) for finding in self._findings(rule, evidence))

    def awake(self, evidence: Evidence) -> Iterator[Rule]:
        """Rule `n` has bit `n + 1`; the others sleep through this text."""
        seen = evidence.seen.awake
        waiting = (seen >> 1) & ((1 << len(self.rules)) - 1)
        while waiting:
            lowest = waiting & -waiting
            waiting ^= lowest
            number = lowest.bit_length() - 1
            if self.needs[number].met(seen, evidence):
                yield self.rules[number]

    def _findings(self, rule: Rule, evidence: Evidence) -> Iterator[Finding]:
        for scope in evidence.scopes(rule.scope):
            standing = _standing(rule, scope)
            if standing:
                finding = _finding(rule, scope, standing, self.listening)
                yield finding if rule.certain else weigh(finding, evidence)


def holds(rule: Rule, evidence: Evidence) -> bool:
    """Whether it finds anything, awake or not."""
    return any(_standing(rule, scope) for scope in evidence.scopes(rule.scope))


def _standing(rule: Rule, scope: Scope) -> Sequence[Proof]:
    return [proof for proof in scope.ask(rule.when, ()) if not _exempt(rule, scope, proof)]


def _exempt(rule: Rule, scope: Scope, proof: Proof) -> bool:
    return rule.unless is not None and bool(scope.ask(rule.unless, proof))


def _finding(rule: Rule, scope: Scope, proofs: Sequence[Proof], listening: frozenset[int]) -> Finding:
    ranges = sorted({one for proof in proofs for one in proof}) or [(scope.start, scope.end)]
    spans = tuple(scope.evidence.span(start, end) for start, end in ranges)
    hull = Span(min(span.start for span in spans), max(span.end for span in spans))
    return Finding(
        rule=rule.id,
        category=rule.category,
        subclass=rule.subclass,
        severity=rule.severity,
        why=rule.why,
        spans=spans,
        quote=scope.evidence.folded.raw[hull.start : hull.end],
        message_quote=quote_of_message(rule.when, scope, proofs[0], listening),
        source=rule.source,
    )
