"""All lexicons in one automaton: one pass finds every term of every list."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import ahocorasick

from app.core.text import Squeezed


class Match(StrEnum):
    WORD = "word"
    """Only on word boundaries."""
    ANYWHERE = "anywhere"
    SOUND = "sound"
    """Also where other characters sound the same."""


@dataclass(frozen=True, slots=True)
class Term:
    text: str
    """Folded."""
    weight: int = 1
    match: Match = Match.ANYWHERE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    id: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One term at one range of the plain view."""

    start: int
    end: int
    lexicon: str
    term: Term


@dataclass(frozen=True, slots=True)
class Token:
    """One word the segmenter cut; `known`: it stands in its dictionary."""

    start: int
    end: int
    known: bool


Sound = Callable[[str], str]
"""One character to its tone-less syllable, or "" where it has none."""

Segment = Callable[[], Sequence[Token]]
"""The words of the plain view, cut at the first call."""

_SOUND_BASE = 0xF0000
"""Syllables become single private characters, so that sound and spelling keep the same positions."""


class Sounds(dict[int, str]):
    """What each character is spelled as by its sound, looked up once for each."""

    def __init__(self, syllables: Mapping[str, str], of: Sound) -> None:
        super().__init__()
        self._syllables = syllables
        self._of = of

    def __missing__(self, code: int) -> str:
        sign = self[code] = self._syllables.get(self._of(chr(code)), "\uffff")
        return sign

    def spell(self, text: str) -> str:
        """Each character replaced by its syllable's sign; a sign nothing matches where it has none."""
        return text.translate(self)


@dataclass(frozen=True, slots=True)
class Lexicons:
    spelled: ahocorasick.Automaton
    sounding: ahocorasick.Automaton | None
    sounds: Sounds
    ids: frozenset[str]

    def find(self, plain: str, squeezed: Squeezed | None, segment: Segment) -> tuple[Hit, ...]:
        """Every hit, sorted, each once."""
        found = {
            hit
            for hit in _scan(self.spelled, plain)
            if _stands_alone(plain, hit) and (hit.term.match is not Match.WORD or _on_words(hit, segment()))
        }
        if squeezed is not None:
            found.update(self._hidden(plain, squeezed))
        if self.sounding is not None:
            found.update(self._heard(plain, squeezed, segment))
        return tuple(sorted(found, key=lambda hit: (hit.start, hit.end, hit.lexicon)))

    def _hidden(self, plain: str, squeezed: Squeezed) -> Iterable[Hit]:
        """Hits that stand across what was squeezed out; the others are found in the plain view."""
        for hit in _scan(self.spelled, squeezed.text):
            start, end = squeezed.range(hit.start, hit.end)
            if end - start != hit.end - hit.start and _stands_alone(squeezed.text, hit):
                yield Hit(start, end, hit.lexicon, hit.term)

    def _heard(self, plain: str, squeezed: Squeezed | None, segment: Segment) -> Iterable[Hit]:
        """Hits by sound, except where the characters are ordinary words that merely sound so."""
        if self.sounding is None:
            return
        text = squeezed.text if squeezed else plain
        for hit in _scan(self.sounding, self.sounds.spell(text)):
            start, end = squeezed.range(hit.start, hit.end) if squeezed else (hit.start, hit.end)
            if not _made_of_words(start, end, segment()):
                yield Hit(start, end, hit.lexicon, hit.term)


def compile_lexicons(lexicons: Iterable[Lexicon], sound: Sound) -> Lexicons:
    """One automaton for all lists. Terms must be folded already."""
    lists = tuple(lexicons)
    spelled: dict[str, list[tuple[str, Term]]] = {}
    heard: dict[tuple[str, ...], list[tuple[str, Term]]] = {}
    for lexicon in lists:
        for term in lexicon.terms:
            spelled.setdefault(term.text, []).append((lexicon.id, term))
            syllables = tuple(sound(character) for character in term.text)
            if term.match is Match.SOUND and len(syllables) > 1 and all(syllables):
                heard.setdefault(syllables, []).append((lexicon.id, term))
                spelled.setdefault("".join(syllables), []).append((lexicon.id, term))
    signs = {
        syllable: chr(_SOUND_BASE + number)
        for number, syllable in enumerate(sorted({one for syllables in heard for one in syllables}))
    }
    by_sign = {"".join(signs[one] for one in syllables): entries for syllables, entries in heard.items()}
    return Lexicons(
        _automaton(spelled),
        _automaton(by_sign) if by_sign else None,
        Sounds(signs, sound),
        frozenset(lexicon.id for lexicon in lists),
    )


def _automaton(entries: Mapping[str, Sequence[tuple[str, Term]]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for text, found in entries.items():
        automaton.add_word(text, (len(text), tuple(found)))
    automaton.make_automaton()
    return automaton


def _scan(automaton: ahocorasick.Automaton, text: str) -> Iterable[Hit]:
    if not len(automaton):
        return
    for last, (length, entries) in automaton.iter(text):
        for lexicon, term in entries:
            yield Hit(last + 1 - length, last + 1, lexicon, term)


def _stands_alone(text: str, hit: Hit) -> bool:
    """Latin letters and digits count only as a whole: `sb` is not in `usb`."""
    return not (
        (_latin(text[hit.start]) and hit.start > 0 and _latin(text[hit.start - 1]))
        or (_latin(text[hit.end - 1]) and hit.end < len(text) and _latin(text[hit.end]))
    )


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _on_words(hit: Hit, tokens: Sequence[Token]) -> bool:
    return any(token.start == hit.start for token in tokens) and any(token.end == hit.end for token in tokens)


def _made_of_words(start: int, end: int, tokens: Sequence[Token]) -> bool:
    """Whether a word of two or more characters from the dictionary reaches into the range."""
    return any(
        token.known and token.end - token.start > 1 and token.start < end and token.end > start
        for token in tokens
    )
