"""All lexicons in one automaton: one pass finds every term of every list."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain

import ahocorasick

from app.core.sounds import Heard, Sound, Sounds, syllables_of
from app.core.text import Squeezed, squeeze
from app.core.words import Cut, Words


class Match(StrEnum):
    WORD = "word"
    """Only on word boundaries."""
    ANYWHERE = "anywhere"
    SOUND = "sound"
    """Also where other characters, or pinyin, sound the same."""
    PINYIN = "pinyin"
    """On word boundaries, and where at least one syllable is written in letters."""


_ON_WORDS = frozenset({Match.WORD, Match.PINYIN})


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


@dataclass(frozen=True, slots=True)
class Hit:
    """One term at one range of the plain view."""

    start: int
    end: int
    lexicon: str
    term: Term


ALWAYS = 1
"""The bit of conditions that may hold in any text."""

Entry = tuple[int, Mapping[str, Sequence[Term]], int]
"""What one string stands for: its length, its terms by list, whom it wakes."""

Place = tuple[int, Entry]
"""An entry, and where its last character stands."""


View = Callable[[str, Place], Iterable[Hit]]
"""The hits of a list that an entry stands for, where they stand in the plain view."""


@dataclass(frozen=True, slots=True)
class Wakes:
    """Bits of the conditions that hold nowhere unless such a string, or a term of such a list, is seen."""

    always: int = ALWAYS

    by_needle: Mapping[str, int] = field(default_factory=dict)
    by_lexicon: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Seen:
    """What one pass found in a text. Words and lists are looked at only when a rule asks."""

    words: Words
    squeezed: Squeezed | None
    plain: Sequence[Place]
    hidden: Sequence[Place]
    """In the squeezed view."""
    sound: Heard | None
    """Of the squeezed view if there is one."""
    heard: Sequence[Place]
    """In the view of sounds."""
    always: int
    awake: int
    """Bits of the conditions that may hold."""

    _hits: dict[str, tuple[Hit, ...]] = field(default_factory=dict)

    def awake_in(self, ranges: Sequence[tuple[int, int]]) -> list[int]:
        """For each of these ranges, which follow each other: bits of the conditions that may hold in it."""
        if self.hidden or self.heard:
            return [self.awake] * len(ranges)
        awake = [self.always] * len(ranges)
        at, (start, end) = 0, ranges[0] if ranges else (0, 0)
        for last, (length, _, wakes) in self.plain:
            while last >= end and at + 1 < len(ranges):
                at += 1
                start, end = ranges[at]
            if last < end and last + 1 - length >= start:
                awake[at] |= wakes
        return awake

    @property
    def lexicons(self) -> Iterable[str]:
        """Lists of which a term may stand here."""
        return self._places.keys()

    def hits(self, lexicon: str) -> tuple[Hit, ...]:
        """Every hit of one list, in the order of the text, each once."""
        found = self._hits.get(lexicon)
        if found is None:
            places = self._places.get(lexicon, ())
            hits = {hit for view, place in places for hit in view(lexicon, place)}
            found = tuple(sorted(hits, key=lambda hit: (hit.start, hit.end, hit.term.text)))
            self._hits[lexicon] = found
        return found

    def without(self, lexicon: str, term: Term) -> "Seen":
        """As if the list had no such term. What it woke stays awake: that changes no verdict."""
        left = tuple(hit for hit in self.hits(lexicon) if hit.term != term)
        return replace(self, _hits={lexicon: left})

    @cached_property
    def _places(self) -> Mapping[str, list[tuple[View, Place]]]:
        found: dict[str, list[tuple[View, Place]]] = {}
        views = ((self.plain, self._spelled), (self.hidden, self._hidden), (self.heard, self._heard))
        for places, view in views:
            for place in places:
                for lexicon in place[1][1]:
                    found.setdefault(lexicon, []).append((view, place))
        return found

    def _spelled(self, lexicon: str, place: Place) -> Iterator[Hit]:
        start, end, terms = _range(place)
        if _stands_alone(self.words.text, start, end):
            for term in terms[lexicon]:
                if term.match not in _ON_WORDS or self.words.are(start, end):
                    yield Hit(start, end, lexicon, term)

    def _hidden(self, lexicon: str, place: Place) -> Iterator[Hit]:
        """Those that stand across what was squeezed out; the others are found in the plain view."""
        start, end, terms = _range(place)
        if self.squeezed is not None and _stands_alone(self.squeezed.text, start, end):
            first, last = self.squeezed.range(start, end)
            if last - first != end - start:
                yield from (Hit(first, last, lexicon, term) for term in terms[lexicon])

    def _heard(self, lexicon: str, place: Place) -> Iterator[Hit]:
        """Those by sound, except where the characters are ordinary words that merely sound so."""
        start, end, terms = _range(place)
        if self.sound is not None:
            start, end = self.sound.range(start, end)
        first, last = self.squeezed.range(start, end) if self.squeezed else (start, end)
        if self.words.reach_into(first, last):
            return
        in_letters = any(map(_latin, self.words.text[first:last]))
        for term in terms[lexicon]:
            if term.match is Match.SOUND or in_letters:
                yield Hit(first, last, lexicon, term)


@dataclass(frozen=True, slots=True)
class Lexicons:
    spelled: ahocorasick.Automaton
    sounding: ahocorasick.Automaton | None
    sounds: Sounds
    always: int
    """Bits of the conditions that any text wakes."""

    def look(self, text: str, cut: Cut) -> Seen:
        """One pass over each view of a folded text."""
        squeezed = squeeze(text)
        plain = list(self.spelled.iter(text))
        hidden = list(self.spelled.iter(squeezed.text)) if squeezed else []
        sound, heard = None, list[Place]()
        if self.sounding is not None:
            sound = self.sounds.hear(squeezed.text if squeezed else text)
            heard = list(self.sounding.iter(sound.text))
        awake = self.always
        for _, (_, _, wakes) in chain(plain, hidden, heard):
            awake |= wakes
        return Seen(Words(text, cut), squeezed, plain, hidden, sound, heard, self.always, awake)


def compile_lexicons(lexicons: Iterable[Lexicon], sound: Sound, wakes: Wakes) -> Lexicons:
    """One automaton for all lists and all needles. Terms must be folded already."""
    lists = tuple(lexicons)
    spelled: dict[str, list[tuple[str, Term]]] = {needle: [] for needle in wakes.by_needle}
    heard: dict[tuple[str, ...], list[tuple[str, Term]]] = {}
    for lexicon in lists:
        for term in lexicon.terms:
            spelled.setdefault(term.text, []).append((lexicon.id, term))
            syllables = syllables_of(term.text, sound) if term.match in (Match.SOUND, Match.PINYIN) else ()
            if len(syllables) > 1:
                heard.setdefault(syllables, []).append((lexicon.id, term))
    sounds = Sounds(chain.from_iterable(heard), sound)
    by_sign = {sounds.sign(syllables): entries for syllables, entries in heard.items()}
    return Lexicons(
        _automaton(spelled, wakes),
        _automaton(by_sign, wakes) if by_sign else None,
        sounds,
        wakes.always,
    )


def _automaton(entries: Mapping[str, Sequence[tuple[str, Term]]], wakes: Wakes) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for text, found in entries.items():
        mask = wakes.by_needle.get(text, 0)
        terms: dict[str, list[Term]] = {}
        for lexicon, term in found:
            mask |= wakes.by_lexicon.get(lexicon, 0)
            terms.setdefault(lexicon, []).append(term)
        automaton.add_word(text, (len(text), terms, mask))
    automaton.make_automaton()
    return automaton


def _range(place: Place) -> tuple[int, int, Mapping[str, Sequence[Term]]]:
    last, (length, terms, _) = place
    return last + 1 - length, last + 1, terms


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin letters and digits count only as a whole: `sb` is not in `usb`."""
    return not (
        (_latin(text[start]) and start > 0 and _latin(text[start - 1]))
        or (_latin(text[end - 1]) and end < len(text) and _latin(text[end]))
    )


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
