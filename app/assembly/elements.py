"""The elements of a citizen's request, on the words and tables of this installation."""

from collections.abc import Callable

from app.assembly.parts import Parts
from app.core.elements.extract import extract, topic_of
from app.core.elements.gazetteer import Gazetteer
from app.core.elements.model import Elements
from app.core.model import Message
from app.loading.gazetteer import NAMES, load_gazetteer
from app.loading.ruleset import shipped_dirs
from app.loading.tagging import DictionaryTagger


def extractor(parts: Parts) -> Callable[[Message], Elements]:
    """Raises ConfigError for tables that cannot be read."""
    gazetteer = _gazetteer(parts)
    tag = DictionaryTagger(lambda text: parts.following.terms.checker.cut(text))

    def elements(message: Message) -> Elements:
        return extract(message.text, message.received_at, tag, gazetteer)

    return elements


def topics(parts: Parts) -> Callable[[str], str]:
    """The topic of a message, without its other elements. Raises ConfigError."""
    gazetteer = _gazetteer(parts)

    def topic(text: str) -> str:
        found = topic_of(text, gazetteer)
        return found.name if found else ""

    return topic


def _gazetteer(parts: Parts) -> Gazetteer:
    """Of the configured lexicons; of this version's where they have none."""
    configured = parts.settings.rules.lexicons_dir
    with_names = configured is not None and (configured / NAMES).exists()
    return load_gazetteer(configured if configured and with_names else shipped_dirs()[1])
