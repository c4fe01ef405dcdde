"""The elements of a citizen's request, on the words and tables of this installation."""

from collections.abc import Callable

from app.assembly.parts import Parts
from app.core.elements.extract import extract, topic_of
from app.core.elements.model import Elements
from app.core.model import Message
from app.loading.gazetteer import load_gazetteer
from app.loading.ruleset import shipped_dirs
from app.loading.tagging import DictionaryTagger


def extractor(parts: Parts) -> Callable[[Message], Elements]:
    """Raises ConfigError for tables that cannot be read."""
    gazetteer = load_gazetteer(parts.settings.rules.lexicons_dir or shipped_dirs()[1])
    tag = DictionaryTagger(parts.checker.cut)

    def elements(message: Message) -> Elements:
        return extract(message.text, message.received_at, tag, gazetteer)

    return elements


def topics(parts: Parts) -> Callable[[str], str]:
    """The topic of a message, without its other elements. Raises ConfigError."""
    gazetteer = load_gazetteer(parts.settings.rules.lexicons_dir or shipped_dirs()[1])

    def topic(text: str) -> str:
        found = topic_of(text, gazetteer)
        return found.name if found else ""

    return topic
