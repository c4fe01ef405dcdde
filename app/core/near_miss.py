"""Why a rule did not hold: the first part of its condition that was not met, and what stood in its way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.core import conditions as c
from app.core.conditions import Condition, Proof
from app.core.evidence import Evidence, Scope
from app.core.parts import inside, told
from app.core.rules import Rule


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a condition stopped, or what an exemption rests on."""

    path: str
    """As a rule's file names it: `when.any[2].all[1]`."""
    condition: Condition
    proved: Proof
    """What had been proved in the reply before."""
    found: Proof = ()
    """What stands there: too far away, too often, or where nothing may stand."""
    in_message: bool = False
    """Whether `found` stands in the citizen's message."""
    forbidden: bool = False
    """It is met, and must not be."""

    @property
    def reason(self) -> str:
        """For an editor."""
        return f"{'不该有' if self.forbidden else '还差'}：{told(self.condition)}"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that was asked and found nothing."""

    rule: Rule
    stop: Stop
    exempted: bool
    """It held, and its `unless` let it go."""


def near_miss(rule: Rule, evidence: Evidence) -> NearMiss | None:
    """Where it came nearest; None where the rule holds."""
    nearest: NearMiss | None = None
    for scope in evidence.scopes(rule.scope):
        miss = _missed(rule, scope)
        if miss is None:
            return None
        if nearest is None or _nearness(miss) > _nearness(nearest):
            nearest = miss
    return nearest or NearMiss(rule, Stop("when", rule.when, ()), exempted=False)


def _missed(rule: Rule, scope: Scope) -> NearMiss | None:
    proofs = scope.ask(rule.when, ())
    if not proofs:
        return NearMiss(rule, stopped(rule.when, scope, (), "when"), exempted=False)
    if rule.unless is None or not all(scope.ask(rule.unless, proof) for proof in proofs):
        return None
    met = _met(rule.unless, scope, proofs[0], "unless")
    return NearMiss(rule, replace(met, proved=proofs[0]), exempted=True)


def _nearness(miss: NearMiss) -> tuple[bool, int]:
    return miss.exempted, len(miss.stop.proved)


def stopped(condition: Condition, scope: Scope, proved: Proof, path: str) -> Stop:
    """The first unmet part of a condition that does not hold here; of `any`, that of the nearest branch."""
    match condition:
        case c.Any():
            return max(
                (stopped(part, scope, proved, f"{path}.{key}") for key, part in inside(condition)),
                key=lambda stop: len(stop.proved),
            )
        case c.All(parts):
            return _stopped_in_all(condition, parts, scope, proved, path)
        case c.Near() | c.InOrder() | c.Count():
            return _stopped_among(condition, scope, proved, path)
        case c.Not(part):
            return replace(_met(part, scope, proved, f"{path}.not"), forbidden=True)
        case c.Beside(of):
            return Stop(path, condition, proved, _first(scope.ask(of, proved)))
        case c.OfReply(part):
            inner = stopped(part, scope.evidence.whole, (), f"{path}.reply")
            return replace(inner, proved=proved, found=inner.found or inner.proved)
        case c.OfMessage(part):
            message = scope.evidence.message
            if message is not None and message.text:
                inner = stopped(part, message.whole, (), f"{path}.message")
                return replace(inner, proved=proved, found=inner.found or inner.proved, in_message=True)
    return Stop(path, condition, proved)


def _stopped_in_all(
    condition: Condition, parts: Sequence[Condition], scope: Scope, proved: Proof, path: str
) -> Stop:
    for number, (key, part) in enumerate(inside(condition)):
        if not c.All(tuple(parts[: number + 1])).proofs(scope, proved):
            before = c.All(tuple(parts[:number])).proofs(scope, proved)
            return stopped(part, scope, _first(before) or proved, f"{path}.{key}")
    return Stop(path, condition, proved)


def _stopped_among(condition: Condition, scope: Scope, proved: Proof, path: str) -> Stop:
    """One of its parts is missing, or they stand too far apart, in another order, too often."""
    found: list[Proof] = []
    missing: tuple[str, Condition] | None = None
    for key, part in inside(condition):
        proofs = scope.ask(part, proved)
        found.append(_first(proofs))
        if not proofs and missing is None:
            missing = key, part
    there = tuple(one for proof in found for one in proof)
    if missing is None:
        return Stop(path, condition, proved, there)
    return stopped(missing[1], scope, (*proved, *there), f"{path}.{missing[0]}")


def _met(condition: Condition, scope: Scope, anchor: Proof, path: str) -> Stop:
    """What a condition that holds rests on; of `any`, its first branch that holds."""
    match condition:
        case c.Any():
            for key, part in inside(condition):
                if scope.ask(part, anchor):
                    return _met(part, scope, anchor, f"{path}.{key}")
        case c.OfReply(part):
            return _met(part, scope.evidence.whole, anchor, f"{path}.reply")
        case c.OfMessage(part):
            message = scope.evidence.message
            if message is not None:
                return replace(_met(part, message.whole, (), f"{path}.message"), in_message=True)
    proof = _first(scope.ask(condition, anchor))
    return Stop(path, condition, anchor, tuple(one for one in proof if one not in anchor))


def _first(proofs: Sequence[Proof]) -> Proof:
    return proofs[0] if proofs else ()
