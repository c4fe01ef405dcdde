"""Rules over evidence: which hold, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.conditions import Condition, Proof
from app.core.evidence import Evidence, Scope, ScopeKind
from app.core.model import Category, Finding, Severity, Span


@dataclass(frozen=True, slots=True)
class Example:
    reply: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    category: Category
    severity: Severity
    scope: ScopeKind
    when: Condition
    unless: Condition | None
    why: str
    source: str
    hits: tuple[Example, ...]
    passes: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Ruleset:
    rules: tuple[Rule, ...]

    def evaluate(self, evidence: Evidence) -> tuple[Finding, ...]:
        """One finding for each rule and scope in which it holds, in file order."""
        return tuple(
            finding
            for rule in self.rules
            if evidence.may_hold(rule.when)
            for finding in _findings(rule, evidence)
        )


def _findings(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for scope in evidence.scopes(rule.scope):
        standing = [proof for proof in rule.when.proofs(scope, ()) if not _exempt(rule, scope, proof)]
        if standing:
            yield _finding(rule, scope, standing)


def _exempt(rule: Rule, scope: Scope, proof: Proof) -> bool:
    return rule.unless is not None and bool(rule.unless.proofs(scope, proof))


def _finding(rule: Rule, scope: Scope, proofs: Sequence[Proof]) -> Finding:
    ranges = sorted({one for proof in proofs for one in proof}) or [(scope.start, scope.end)]
    spans = tuple(scope.evidence.span(start, end) for start, end in ranges)
    hull = Span(min(span.start for span in spans), max(span.end for span in spans))
    return Finding(
        rule=rule.id,
        category=rule.category,
        severity=rule.severity,
        why=rule.why,
        spans=spans,
        quote=scope.evidence.folded.raw[hull.start : hull.end],
    )
