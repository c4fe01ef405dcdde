"""Which words of the lists do nothing, or do harm.

A term decides where a verdict turns on it: with it a rule holds and without it not, or the other way round.
Each term is put into the places where terms of its list stand in the examples of the rules that name the
list, and beside those examples.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.checker import Checker
from app.core.evidence import Evidence
from app.core.lexicon import Hit, Lexicon, Term
from app.core.model import Conversation, Reply, Severity
from app.core.near_miss import near_miss
from app.core.parts import lexicons_of, told
from app.core.rules import Example, Rule, holds

_MOST_EXAMPLES_JOINED = 3
_LONGEST_QUOTE = 40


class Flaw(StrEnum):
    UNUSED = "unused"
    """No rule names the list."""
    NEVER_DECIDES = "never-decides"
    SHADOWED = "shadowed"
    """An exception lets go whatever the term alone would have held."""
    DUPLICATE = "duplicate"
    """It stands in another list of the same group too."""
    ORDINARY = "ordinary"
    """A reply that must pass is held because of it."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    lexicon: str
    term: str
    """Folded; empty: the list as a whole."""
    flaw: Flaw
    why: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a term in an example of a rule that names its list."""

    rule: Rule
    before: str
    after: str
    other: str
    """The message where the slot is in the reply, the reply where it is in the message."""
    in_message: bool
    held: bool
    """Whether the example is one that must be held."""

    def filled(self, term: Term) -> Example:
        text = f"{self.before}{term.text}{self.after}"
        return Example(self.other, text) if self.in_message else Example(text, self.other)


def term_remarks(
    checker: Checker, lexicons: Sequence[Lexicon], advance: Callable[[int], None]
) -> tuple[Remark, ...]:
    """About single terms, and lists none of whose terms does anything. Tells `advance` of terms judged."""
    rules: dict[str, list[Rule]] = {lexicon.id: [] for lexicon in lexicons}
    for rule in checker.ruleset.rules:
        for name in lexicons_of(rule.when) | lexicons_of(rule.unless):
            rules.setdefault(name, []).append(rule)
    remarks: list[Remark] = []
    for lexicon in lexicons:
        remarks += _of_list(checker, lexicon, rules[lexicon.id])
        advance(len(lexicon.terms))
    return tuple(sorted(remarks))


def _of_list(checker: Checker, lexicon: Lexicon, rules: Sequence[Rule]) -> Sequence[Remark]:
    if not rules:
        return [
            Remark(lexicon.id, "", Flaw.UNUSED, f"没有规则用这个词表，{len(lexicon.terms)} 个词都不起作用")
        ]
    slots = [slot for rule in rules for slot in _slots(checker, rule, lexicon.id)]
    found = [remark for term in lexicon.terms if (remark := _of_term(checker, lexicon.id, term, slots))]
    idle = sum(remark.flaw is Flaw.NEVER_DECIDES for remark in found)
    if idle == len(lexicon.terms) > 1:
        names = "、".join(rule.id for rule in rules)
        why = f"{idle} 个词没有一个在例句里起作用；给 {names} 补上靠它判断的例句，或删去"
        return [Remark(lexicon.id, "", Flaw.NEVER_DECIDES, why)]
    return found


def _slots(checker: Checker, rule: Rule, lexicon: str) -> Iterator[Slot]:
    for example in (*rule.hits, *rule.passes):
        yield from _places(checker, rule, example, lexicon)
    if lexicon in lexicons_of(rule.when):
        yield Slot(rule, "", "", "", in_message=False, held=True)
    for example in rule.hits[:_MOST_EXAMPLES_JOINED]:
        for in_message in (False, True) if example.message else (False,):
            text, other = (example.message, example.reply) if in_message else (example.reply, example.message)
            yield Slot(rule, "", text, other, in_message, held=False)
            yield Slot(rule, text, "", other, in_message, held=False)


def _places(checker: Checker, rule: Rule, example: Example, lexicon: str) -> Iterator[Slot]:
    """Where terms of the list stand in the example, and in the message it answers."""
    evidence = _evidence(checker, example)
    held = example in rule.hits
    for before, after in _around(evidence, lexicon):
        yield Slot(rule, before, after, example.message, in_message=False, held=held)
    for before, after in _around(evidence.message, lexicon):
        yield Slot(rule, before, after, example.reply, in_message=True, held=held)


def _around(evidence: Evidence | None, lexicon: str) -> Iterator[tuple[str, str]]:
    if evidence is None:
        return
    for hit in evidence.seen.hits(lexicon):
        span = evidence.span(hit.start, hit.end)
        yield evidence.folded.raw[: span.start], evidence.folded.raw[span.end :]


def _of_term(checker: Checker, lexicon: str, term: Term, slots: Iterable[Slot]) -> Remark | None:
    """None: a verdict turns on it somewhere."""
    idle: tuple[Slot, bool] | None = None
    for slot in slots:
        with_it = _evidence(checker, slot.filled(term))
        held = holds(slot.rule, with_it)
        if held != holds(slot.rule, with_it.without(lexicon, term)):
            return None
        if idle is None and slot.held:
            idle = slot, held
    if idle is None:
        return Remark(lexicon, term.text, Flaw.NEVER_DECIDES, "放进哪条例句都不改变判断")
    slot, held = idle
    return _needless(checker, lexicon, term, slot) if held else _powerless(checker, lexicon, term, slot)


def _needless(checker: Checker, lexicon: str, term: Term, slot: Slot) -> Remark:
    shorter = {hit.term.text for hit in checker.evidence(term.text).seen.hits(lexicon)} - {term.text}
    holding = f"它含有本表的“{min(shorter)}”；" if shorter else ""
    why = f"{holding}去掉它，{slot.rule.id} 照样拦下“{_short(slot.filled(term).reply)}”"
    return Remark(lexicon, term.text, Flaw.NEVER_DECIDES, why)


def _powerless(checker: Checker, lexicon: str, term: Term, slot: Slot) -> Remark:
    filled = slot.filled(term)
    evidence = _evidence(checker, filled)
    if all(hit.term != term for hit in _hits(evidence, lexicon)):
        why = f"在“{_short(filled.reply)}”里认不出它：它不是分词切出的词"
        return Remark(lexicon, term.text, Flaw.NEVER_DECIDES, why)
    miss = near_miss(slot.rule, evidence)
    unguarded = replace(slot.rule, unless=None)
    if holds(unguarded, evidence) and not holds(unguarded, evidence.without(lexicon, term)):
        exemption = told(miss.stop.condition) if miss is not None else ""
        why = f"{slot.rule.id} 的豁免（{exemption}）总是放过它，例如“{_short(filled.reply)}”"
        return Remark(lexicon, term.text, Flaw.SHADOWED, why)
    reason = miss.stop.reason if miss is not None else ""
    why = f"在“{_short(filled.reply)}”里，{slot.rule.id} {reason}"
    return Remark(lexicon, term.text, Flaw.NEVER_DECIDES, why)


def duplicates(lexicons: Iterable[Lexicon]) -> tuple[Remark, ...]:
    """Terms that stand in two lists of one group (`mockery.*`), told at the later one."""
    lists: dict[tuple[str, str], list[str]] = {}
    for lexicon in lexicons:
        for term in lexicon.terms:
            lists.setdefault((lexicon.id.partition(".")[0], term.text), []).append(lexicon.id)
    return tuple(
        sorted(
            Remark(names[-1], text, Flaw.DUPLICATE, f"{'、'.join(names[:-1])} 里也有")
            for (_, text), names in lists.items()
            if len(names) > 1
        )
    )


def ordinary(checker: Checker, replies: Iterable[tuple[Reply, Conversation]]) -> tuple[Remark, ...]:
    """Terms because of which a rule holds one of these replies, all of which must pass."""
    rules = {rule.id: rule for rule in checker.ruleset.rules}
    blamed: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for reply, conversation in replies:
        evidence = _evidence(checker, Example(reply.text, conversation.message))
        culprits = {
            (lexicon, term.text): (finding.rule, finding.quote)
            for finding in checker.ruleset.evaluate(evidence)
            if finding.severity >= Severity.MEDIUM
            for lexicon, term in _culprits(rules[finding.rule], evidence)
        }
        for culprit, where in culprits.items():
            blamed.setdefault(culprit, []).append(where)
    return tuple(sorted(_blame(*culprit, held) for culprit, held in blamed.items()))


def _culprits(rule: Rule, evidence: Evidence) -> Iterator[tuple[str, Term]]:
    for lexicon in lexicons_of(rule.when):
        for term in {hit.term for hit in _hits(evidence, lexicon)}:
            if not holds(rule, evidence.without(lexicon, term)):
                yield lexicon, term


def _blame(lexicon: str, term: str, held: Sequence[tuple[str, str]]) -> Remark:
    rule, quote = held[0]
    why = f"有 {len(held)} 条正常答复因它被 {rule} 拦下，例如“{_short(quote)}”"
    return Remark(lexicon, term, Flaw.ORDINARY, why)


def _hits(evidence: Evidence, lexicon: str) -> Iterator[Hit]:
    """In the reply and in the message."""
    yield from evidence.seen.hits(lexicon)
    if evidence.message is not None:
        yield from evidence.message.seen.hits(lexicon)


def _evidence(checker: Checker, example: Example) -> Evidence:
    message = checker.evidence(example.message) if example.message else None
    return checker.evidence(example.reply, message)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
