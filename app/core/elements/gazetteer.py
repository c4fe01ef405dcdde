"""Names a message may hold (divisions, streets, places, firms, offices) and the words of each topic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import ahocorasick


class Name(StrEnum):
    """What a name of the table is."""

    DIVISION = "division"
    """成都: a whole name."""
    DISTRICT = "district"
    """区, 镇: the end of a name of a division."""
    ROAD = "road"
    PLACE = "place"
    LANDMARK = "landmark"
    """火车站: of these a town has one, or its name says which."""
    OBJECT = "object"
    """物业, 烧烤店: somebody a message may be about, with or without a name before it."""
    ORDINARY = "ordinary"
    """知道, 城市: ends as a name does, and names nothing."""
    ANYBODY = "anybody"
    """老板, 司机: of the objects those that say too little without a name."""
    BOUNDARY = "boundary"
    """在, 附近: never a part of a name."""
    PART = "part"
    """解放, 建设: a part of names, though a verb."""
    SURNAME = "surname"
    DEPARTMENT = "department"
    """What `Topic.department` may say."""


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    department: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A listed name in a text."""

    kind: Name
    start: int
    end: int


_IN_TEXTS = (Name.DIVISION, Name.DISTRICT, Name.ROAD, Name.PLACE, Name.LANDMARK, Name.OBJECT)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    names: Mapping[Name, frozenset[str]]
    topics: tuple[Topic, ...]
    name_kinds: Mapping[str, Sequence[Name]]
    topic_of: Mapping[str, Topic]
    name_automaton: ahocorasick.Automaton
    topic_automaton: ahocorasick.Automaton

    @classmethod
    def of(cls, names: Mapping[Name, Iterable[str]], topics: Sequence[Topic]) -> "Gazetteer":
        """Each word belongs to one topic only."""
        sets = {kind: frozenset(names.get(kind, ())) for kind in Name}
        kinds: dict[str, list[Name]] = {}
        for kind in _IN_TEXTS:
            for name in sets[kind]:
                kinds.setdefault(name, []).append(kind)
        words = {word: topic for topic in topics for word in topic.words}
        return cls(sets, tuple(topics), kinds, words, _automaton(kinds), _automaton(words))

    def heads(self, text: str) -> Iterator[Head]:
        """Every listed name, also those inside others, in the order of their ends."""
        for start, end in _hits(self.name_automaton, text):
            for kind in self.name_kinds[text[start:end]]:
                yield Head(kind, start, end)

    def topic_words(self, text: str) -> Iterator[tuple[Topic, int, int]]:
        """(topic, start, end) of every word of a topic."""
        for start, end in _hits(self.topic_automaton, text):
            yield self.topic_of[text[start:end]], start, end

    def is_ordinary(self, word: str) -> bool:
        return word in self.names[Name.ORDINARY]


def _automaton(words: Iterable[str]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for word in words:
        automaton.add_word(word, len(word))
    if len(automaton):
        automaton.make_automaton()
    return automaton


def _hits(automaton: ahocorasick.Automaton, text: str) -> Iterator[tuple[int, int]]:
    """Ranges of the text. An automaton without words cannot be asked."""
    if len(automaton):
        for last, length in automaton.iter(text):
            yield last + 1 - length, last + 1
