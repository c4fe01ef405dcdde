"""A reply's part <-> Weibo's `type` and `data`, the same for passive answers and the send API.

Source: open.weibo.com/wiki, 发送被动响应消息 and Send_Customer_Service_Message.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from app.core.model import Card, Cards, Part, Position, Text
from app.core.strict_json import parse_object

MAX_CARDS = 8
"""Articles in one message, by the platform's own sample SDK."""

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,12})?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Form:
    """One message as Weibo names it; `data` is its JSON, not yet URL-encoded."""

    type: str
    data: str


def form_of(part: Part) -> Form | None:
    """None: Weibo has no form for this part."""
    match part:
        case Text(text):
            return _form("text", {"text": text})
        case Cards(cards):
            return _form("articles", {"articles": [_article(card) for card in cards]})
        case Position(longitude, latitude):
            return _form("position", {"longitude": longitude, "latitude": latitude})
        case _:
            return None


def part_of(type_name: str, encoded: str) -> Part:
    """Read what a vendor wrote; `encoded` is JSON under one level of URL encoding.

    A `+` is a blank and what needs no escape may stand bare, as in the platform's own reading. Raises
    ValueError, which never quotes the reply.
    """
    if type_name not in _READERS:
        raise ValueError("type is none that a passive answer can have")
    if _BROKEN_ESCAPE.search(encoded):
        raise ValueError("data is not URL-encoded")
    return read_part(type_name, unquote_plus(encoded, errors="strict"))


def read_part(type_name: str, data: str) -> Part:
    """`data` is JSON as it is. Raises ValueError, which never quotes it."""
    if type_name not in _READERS:
        raise ValueError("type is none that a message can have")
    return _READERS[type_name](parse_object(data))


def url_encoded(form: Form) -> str:
    return quote(form.data, safe="")


def _form(type_name: str, data: Mapping[str, object]) -> Form:
    return Form(type_name, json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def _article(card: Card) -> dict[str, str]:
    return {
        "display_name": card.title,
        "summary": card.description,
        "image": card.picture_url,
        "url": card.url,
    }


def _read_text(data: Mapping[str, object]) -> Part:
    text = _words(data, "text")
    if not text.strip():
        raise ValueError("the text is empty")
    return Text(text)


def _read_articles(data: Mapping[str, object]) -> Part:
    articles = data.get("articles")
    if not isinstance(articles, list) or not articles:
        raise ValueError("articles is no list, or an empty one")
    return Cards(tuple(_read_card(article) for article in articles))


def _read_card(article: object) -> Card:
    if not isinstance(article, dict):
        raise ValueError("an article is no object")
    return Card(
        title=_words(article, "display_name"),
        description=_words(article, "summary"),
        url=_words(article, "url"),
        picture_url=_words(article, "image"),
    )


def _read_position(data: Mapping[str, object]) -> Part:
    return Position(_degrees(data, "longitude"), _degrees(data, "latitude"))


def _words(data: Mapping[str, object], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(f"{name} is no text")
    return value


def _degrees(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    degrees = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(degrees, str) or not _DEGREES.fullmatch(degrees):
        raise ValueError(f"{name} is no number of degrees")
    return degrees


_READERS = {"text": _read_text, "articles": _read_articles, "position": _read_position}
