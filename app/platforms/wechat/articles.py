"""A draft's articles as WeChat keeps them -> what a person can read, and a pin that any change breaks.

Source: developers.weixin.qq.com, 草稿箱 draft/add and draft/get.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

from app.core.errors import DecodeError
from app.core.model import Article, Opaque, Part, Reply
from app.core.strict_json import parse_object

MOST_ARTICLES = 8
FIELDS: Mapping[str, type] = {
    "title": str,
    "author": str,
    "digest": str,
    "content": str,
    "content_source_url": str,
    "thumb_media_id": str,
    "show_cover_pic": int,
    "need_open_comment": int,
    "only_fans_can_comment": int,
}
"""What a vendor may write. The platform adds addresses of its own, which change at every reading."""

_BLOCKS = frozenset({"p", "br", "div", "section", "li", "tr", "td", "h1", "h2", "h3", "h4", "blockquote"})
_SPOKEN = frozenset({"href", "alt", "title", "data-text", "data-title", "data-desc"})
"""Attributes that lead a reader somewhere, or that a phone reads aloud."""


def draft_written(body: bytes, *, new: bool) -> bytes:
    """A vendor's draft/add, or draft/update, with the fields that we know alone. Raises DecodeError."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    articles = fields.get("articles")
    if new:
        if not isinstance(articles, list) or not 0 < len(articles) <= MOST_ARTICLES:
            raise DecodeError(f"articles: a list of 1 to {MOST_ARTICLES}")
        return _json({"articles": [_written(article) for article in articles]})
    media_id, index = fields.get("media_id"), fields.get("index", 0)
    if not isinstance(media_id, str) or type(index) is not int:
        raise DecodeError("media_id or index is none")
    return _json({"media_id": media_id, "index": index, "articles": _written(articles)})


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def _written(article: object) -> Mapping[str, object]:
    if not isinstance(article, dict):
        raise DecodeError("articles: a list of objects")
    if article.get("article_type", "news") != "news":
        raise DecodeError("article_type: only news can be checked")
    known = {name: article[name] for name in FIELDS if article.get(name) is not None}
    wrong = sorted(name for name, value in known.items() if type(value) is not FIELDS[name])
    if wrong or not known.get("title") or not known.get("content"):
        raise DecodeError(f"an article lacks title or content, or is wrong in: {', '.join(wrong) or 'none'}")
    return known


def reply_of(items: Sequence[Mapping[str, object]]) -> Reply:
    """All that can be read in a draft; what is no plain article cannot be, and is held."""
    return Reply(tuple(_part(item) for item in items))


def pin_of(items: Sequence[Mapping[str, object]]) -> str:
    """SHA-256 over every field that says something, hex."""
    volatile = {"url", "thumb_url"}
    kept = [{name: value for name, value in item.items() if name not in volatile} for item in items]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _part(item: Mapping[str, object]) -> Part:
    if item.get("article_type", "news") != "news":
        return Opaque(str(item.get("article_type"))[:40])
    return Article(
        title=_words(item, "title"),
        author=_words(item, "author"),
        digest=_words(item, "digest"),
        text=words_of(_words(item, "content")),
        url=_words(item, "content_source_url"),
    )


def _words(item: Mapping[str, object], name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else str(value)


def words_of(html: str) -> str:
    """Everything a reader, or a reader's phone, may come upon in it; hidden text is text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = ("".join(reader.found)).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.found.append("\n")
        for name, value in attrs:
            if name in _SPOKEN and value:
                self.found.append(f"\n{value}\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        self.found.append(data)
