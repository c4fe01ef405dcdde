"""Chinese as written in the templates, or English from a gettext catalogue, as the browser's cookie says."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

COOKIE = "shenyan-language"
CHINESE, ENGLISH = "zh-CN", "en"
CATALOGUE = Path(__file__).parent / "locale" / "en" / "LC_MESSAGES" / "console.po"

LANGUAGE: ContextVar[str] = ContextVar("language", default=CHINESE)
"""Of the request that is being answered."""


def translate(text: str) -> str:
    """Itself where the catalogue has nothing better."""
    return text if LANGUAGE.get() == CHINESE else _english().get(text) or text


@cache
def _english() -> Mapping[str, str]:
    """Read at the first page in English: a few milliseconds, and nothing to build."""
    with CATALOGUE.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string}
