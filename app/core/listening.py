"""What in the citizen's message mattered: the words there without which a rule would not have held."""

from collections.abc import Iterator, Sequence

from app.core import conditions as c
from app.core.conditions import Condition, Proof
from app.core.evidence import Evidence, Range, Scope
from app.core.parts import everything, inside

_MOST_QUOTES = 3
_LONGEST_QUOTE = 24


def listening_in(condition: Condition) -> frozenset[int]:
    """Identities of the conditions that ask about the message, in themselves or inside: they outlive it."""
    return frozenset(
        id(one)
        for one in everything(condition)
        if any(isinstance(part, c.OfMessage | c.Echo) for part in everything(one))
    )


def quote_of_message(when: Condition, scope: Scope, proved: Proof, listening: frozenset[int]) -> str:
    """Of a condition that holds. Costs nothing for one that does not listen, or where nothing was written."""
    message = scope.evidence.message
    if id(when) not in listening or message is None or not message.text:
        return ""
    quotes = (_quote(message, *one) for one in sorted(set(_heard(when, scope, proved, listening, message))))
    return "、".join(list(dict.fromkeys(quotes))[:_MOST_QUOTES])


def _heard(
    condition: Condition, scope: Scope, proved: Proof, listening: frozenset[int], message: Evidence
) -> Iterator[Range]:
    """Ranges of the message. What must be missing there, or did not hold, mattered nothing."""
    match condition:
        case c.OfMessage(part):
            yield from (one for proof in message.whole.ask(part, ()) for one in proof)
        case c.Echo(at_least):
            yield from _echoed(scope, condition.proofs(scope, ()), at_least, message)
        case c.Not():
            return
        case _:
            here = scope.evidence.whole if isinstance(condition, c.OfReply) else scope
            for _, part in inside(condition):
                if id(part) in listening and here.ask(part, proved):
                    yield from _heard(part, here, proved, listening, message)


def _echoed(scope: Scope, proofs: Sequence[Proof], at_least: int, message: Evidence) -> Iterator[Range]:
    """Where the first words that both texts share stand in the message."""
    for ((start, _),) in proofs[:1]:
        end = start + at_least
        while (
            end < min(scope.end, start + _LONGEST_QUOTE)
            and scope.evidence.text[start : end + 1] in message.text
        ):
            end += 1
        at = message.text.index(scope.evidence.text[start:end])
        yield at, at + end - start


def _quote(message: Evidence, start: int, end: int) -> str:
    span = message.span(start, end)
    quote = message.folded.raw[span.start : span.end]
    return quote if len(quote) <= _LONGEST_QUOTE else f"{quote[:_LONGEST_QUOTE]}…"
