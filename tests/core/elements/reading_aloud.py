"""The shipped tables and words, for tests that ask what a message says."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cache

from app.core.elements.extract import extract
from app.core.elements.gazetteer import Gazetteer
from app.core.elements.model import Elements, Field
from app.core.elements.reading import Tagger
from app.loading.gazetteer import load_gazetteer
from app.loading.ruleset import DICTIONARY, shipped_dirs
from app.loading.segmenter import make_segmenter
from app.loading.tagging import DictionaryTagger

RECEIVED_AT = datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=8)))
"""A Monday."""


@cache
def tagger() -> Tagger:
    return DictionaryTagger(make_segmenter(shipped_dirs()[1] / DICTIONARY, None))


@cache
def gazetteer() -> Gazetteer:
    return load_gazetteer(shipped_dirs()[1])


def read(text: str, received_at: datetime = RECEIVED_AT) -> Elements:
    return extract(text, received_at, tagger(), gazetteer())


def quotes(text: str, field: Field) -> Sequence[str]:
    return [element.text for element in read(text).of(field)]
