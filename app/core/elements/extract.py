"""One message -> its elements. Pure, total for every text, in time linear in it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.core.elements import parties, places, statements, story, times
from app.core.elements.gazetteer import Gazetteer, Topic
from app.core.elements.kinds import is_confidential, kind_of, urgency_of
from app.core.elements.model import SURE, Element, Elements, Field, Kind, Urgency
from app.core.elements.questions import missing_of, questions_for
from app.core.elements.reading import Reading, Tagger

MOST_OF_A_FIELD = 8


def extract(text: str, received_at: datetime, tag: Tagger, places: Gazetteer) -> Elements:
    """`received_at` is aware; relative times are read from it in China's time (+08:00)."""
    reading = Reading.of(text, tag)
    found = _found(reading, received_at, places)
    kind = _kind(reading, found)
    written = tuple(_as_written(text, element) for element in _concerned(found, kind))
    urgency = urgency_of(reading, kind)
    topic = topic_of(reading.text, places)
    missing = missing_of(kind, written)
    return Elements(
        written,
        missing,
        questions_for(missing, urgency),
        kind,
        urgency,
        is_confidential(reading, kind),
        topic.name if topic else "",
        topic.department if topic else "",
    )


def _found(reading: Reading, received_at: datetime, gazetteer: Gazetteer) -> list[Element]:
    where = _kept(places.find(reading, gazetteer))
    contacts = _kept(parties.contacts(reading.text))
    when = _kept(
        one for one in times.find(reading.text, received_at) if not _inside(one, (*contacts, *where))
    )
    who = _kept(parties.who(reading, gazetteer))
    wants = _kept(statements.wants(reading))
    said = {
        Field.WHO: who,
        Field.WHOM: _kept(
            one
            for one in parties.whom(reading, gazetteer, where)
            if not _inside(one, who) and not (parties.is_authority(one.text) and _inside(one, wants))
        ),
        Field.WHEN: when,
        Field.WHERE: where,
        Field.WHY: _kept(statements.whys(reading)),
        Field.HOW: _kept(one for one in statements.hows(reading) if not _inside(one, (*contacts, *where))),
        Field.WANT: wants,
        Field.CONTACT: contacts,
    }
    said[Field.WHAT] = _kept(story.what(reading, (*wants, *contacts, *who, *when, *where), gazetteer))
    return [element for field in Field for element in said[field]]


def _kept(elements: Iterable[Element]) -> tuple[Element, ...]:
    """Not two for one place in the text (the longer stays), and not more than a person would read."""
    kept: list[Element] = []
    for element in sorted(elements, key=lambda one: (one.start, -one.end)):
        if not kept or element.start >= kept[-1].end:
            kept.append(element)
        if len(kept) == MOST_OF_A_FIELD:
            break
    return tuple(kept)


def _kind(reading: Reading, found: Sequence[Element]) -> Kind:
    """Trouble without a word for what is wanted: a complaint most often, a cry for help where urgent."""
    kind = kind_of(reading)
    if kind is not Kind.OTHER:
        return kind
    if urgency_of(reading, kind) is not Urgency.NORMAL:
        return Kind.HELP
    troubled = any(
        one.field in (Field.WANT, Field.HOW, Field.WHOM)
        or (one.field is Field.WHAT and one.confidence > SURE)
        for one in found
        if one.confidence >= SURE
    )
    return Kind.COMPLAINT if troubled else kind


def _concerned(found: Sequence[Element], kind: Kind) -> list[Element]:
    """Beside somebody named, 老板 and offices told of it are not meant; nor is an office asked about."""
    named = [one for one in found if one.field is Field.WHOM and not parties.is_authority(one.text)]
    sure = [one for one in named if one.confidence >= SURE]
    if kind is Kind.INQUIRY:
        meant: Sequence[Element] = sure or named
    elif kind is Kind.PRAISE:
        meant = [one for one in found if one.field is Field.WHOM]
    else:
        meant = sure or named or [one for one in found if one.field is Field.WHOM]
    return [one for one in found if one.field is not Field.WHOM or one in meant]


def _inside(element: Element, others: Iterable[Element]) -> bool:
    return any(other.start <= element.start and element.end <= other.end for other in others)


def _as_written(text: str, element: Element) -> Element:
    """The quote as the citizen typed it, wide digits and all."""
    return Element(
        element.field,
        text[element.start : element.end],
        element.start,
        element.end,
        element.value,
        element.confidence,
    )


def topic_of(text: str, gazetteer: Gazetteer) -> Topic | None:
    """Of which the most is said; of two, the one said first."""
    weights: dict[str, int] = {}
    topics: dict[str, Topic] = {}
    for topic, start, end in gazetteer.topic_words(text):
        weights[topic.name] = weights.get(topic.name, 0) + (end - start) ** 2
        topics.setdefault(topic.name, topic)
    best = max(weights, key=lambda name: weights[name], default=None)
    return topics[best] if best is not None else None
