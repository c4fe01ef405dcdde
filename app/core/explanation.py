"""How a verdict came about: what was read, what was found, which rules were asked, and where they stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.checker import Checker
from app.core.evidence import Evidence, Range
from app.core.lexicon import Match
from app.core.model import Conversation, Reply, Span, Verdict
from app.core.near_miss import NearMiss, near_miss
from app.core.parts import told
from app.core.policy import CheckPolicy
from app.core.rules import Rule


@dataclass(frozen=True, slots=True)
class Place:
    span: Span
    """In the text as written."""
    quote: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A word of a list, found."""

    lexicon: str
    term: str
    """Folded, as the list has it."""
    match: Match
    place: Place


@dataclass(frozen=True, slots=True)
class Segment:
    place: Place
    known: bool
    """Whether the segmenter's dictionary has the word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the rules see it."""

    raw: str
    folded: str
    squeezed: str
    """The view without what hides words; empty where nothing was hidden."""
    cues: tuple[Cue, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """Where a rule stopped, in words and places."""

    exempted: bool
    """It held, and its exemption let it go."""
    path: str
    """The place in the rule's file: `when.any[2].all[1]`."""
    what: str
    """What was not met, or what the exemption rests on."""
    proved: tuple[Place, ...]
    """What had been proved in the reply before."""
    found: tuple[Place, ...]
    """What stands there instead; in the message where `in_message`."""
    in_message: bool


@dataclass(frozen=True, slots=True)
class Tried:
    rule: Rule
    missed: Missed | None
    """None: it holds."""

    @property
    def near(self) -> bool:
        """It holds, or something that it asks for was there."""
        return self.missed is None or self.missed.exempted or bool(self.missed.proved)


@dataclass(frozen=True, slots=True)
class Explanation:
    verdict: Verdict
    reply: Reading
    message: Reading | None
    """None: the citizen wrote nothing."""
    tried: tuple[Tried, ...]
    """The rules that woke: those that hold, those that nearly did, the others; each in file order."""
    asleep: int
    """How many rules the text was none of the business of."""


def explain(checker: Checker, reply: Reply, conversation: Conversation, policy: CheckPolicy) -> Explanation:
    """Slower than the check by far: for people."""
    message = checker.evidence(conversation.message) if conversation.message else None
    evidence = checker.evidence(reply.text, message)
    tried = tuple(_tried(rule, evidence) for rule in checker.ruleset.awake(evidence))
    return Explanation(
        verdict=checker.check(reply, conversation, policy),
        reply=_reading(evidence),
        message=_reading(message) if message is not None else None,
        tried=tuple(sorted(tried, key=_order)),
        asleep=len(checker.ruleset.rules) - len(tried),
    )


def _order(tried: Tried) -> tuple[bool, bool, int]:
    """What holds first, then what was let go, then what found most."""
    missed = tried.missed
    return missed is not None, not (missed and missed.exempted), -len(missed.proved) if missed else 0


def _reading(evidence: Evidence) -> Reading:
    squeezed = evidence.seen.squeezed
    words = evidence.seen.words.within(0, len(evidence.text))
    return Reading(
        raw=evidence.folded.raw,
        folded=evidence.text,
        squeezed=squeezed.text if squeezed is not None else "",
        cues=tuple(sorted(_cues(evidence), key=lambda cue: (cue.place.span, cue.lexicon, cue.term))),
        segments=tuple(Segment(_place(evidence, (word.start, word.end)), word.known) for word in words),
    )


def _cues(evidence: Evidence) -> Iterator[Cue]:
    for lexicon, hits in evidence.hits.items():
        for hit in hits:
            yield Cue(lexicon, hit.term.text, hit.term.match, _place(evidence, (hit.start, hit.end)))


def _tried(rule: Rule, evidence: Evidence) -> Tried:
    miss = near_miss(rule, evidence)
    return Tried(rule, None if miss is None else _missed(miss, evidence))


def _missed(miss: NearMiss, evidence: Evidence) -> Missed:
    stop = miss.stop
    text = evidence.message if stop.in_message and evidence.message is not None else evidence
    return Missed(
        exempted=miss.exempted,
        path=stop.path,
        what=told(stop.condition) if miss.exempted else stop.reason,
        proved=_places(evidence, stop.proved),
        found=_places(text, stop.found),
        in_message=stop.in_message,
    )


def _places(evidence: Evidence, ranges: Sequence[Range]) -> tuple[Place, ...]:
    return tuple(_place(evidence, one) for one in sorted(set(ranges)))


def _place(evidence: Evidence, where: Range) -> Place:
    span = evidence.span(*where)
    return Place(span, evidence.folded.raw[span.start : span.end])
