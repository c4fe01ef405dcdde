"""The two spellings of WeChat's bodies, XML and JSON, read strictly into one model and written from it.

Texts stay exactly as they were; numbers become their digits; element attributes mean nothing and are dropped.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from app.core import strict_json
from app.core.errors import DecodeError
from app.core.model import BodyFormat

Value: TypeAlias = "str | Mapping[str, Value] | tuple[Value, ...]"
"""A text, an element with children, or what stands there repeatedly (XML) or as an array (JSON)."""
Fields: TypeAlias = Mapping[str, Value]

MAX_DEPTH = 6
"""The deepest push known (a publish job with its articles) has 5 levels."""

ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for: most control characters, lone surrogates, U+FFFE and U+FFFF."""

WHITE_SPACE = b" \t\r\n"
"""Around a body it means nothing."""

_DECLARED_ENCODING = re.compile(r"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NUMBERS = frozenset({"CreateTime", "MsgId", "MsgID", "TimeStamp", "ArticleCount"})
"""Written bare where they are digits, as the platform writes them."""


@dataclass(frozen=True, slots=True)
class Document:
    format: BodyFormat
    fields: Fields


def sniff(body: bytes) -> BodyFormat:
    """By the first byte that is no white space. Raises DecodeError."""
    match body.lstrip(WHITE_SPACE)[:1]:
        case b"<":
            return BodyFormat.XML
        case b"{":
            return BodyFormat.JSON
    raise DecodeError("neither XML nor a JSON object")


def parse(body: bytes) -> Document:
    """Read one body. Raises DecodeError, with a text that quotes nothing of it."""
    found = sniff(body)
    try:
        text = body.strip(WHITE_SPACE).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError("not UTF-8") from error
    return Document(found, _parse_xml(text) if found is BodyFormat.XML else _parse_json(text))


def scalar(fields: Fields, name: str) -> str:
    """The text of `name`, empty where it is absent. Raises DecodeError if it is doubled or has children."""
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    raise DecodeError(f"{name} is repeated or holds more than a text")


def nested(fields: Fields, name: str) -> Fields:
    """The children of `name`, none where it is absent or empty. Raises DecodeError if it is anything else."""
    value = fields.get(name) or {}
    if isinstance(value, Mapping):
        return value
    raise DecodeError(f"{name} is repeated or holds a bare text")


def flat(fields: Fields, prefix: str = "") -> Iterator[tuple[str, str]]:
    """All texts by their dotted names; what is repeated is left out."""
    for name, value in fields.items():
        if isinstance(value, str):
            yield prefix + name, value
        elif isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")


def write(body_format: BodyFormat, fields: Fields) -> bytes:
    """Raises DecodeError for a name XML cannot spell or a character it has no place for."""
    if body_format is BodyFormat.XML:
        return _legal(f"<xml>{_xml_children(fields)}</xml>").encode()
    return json.dumps(_for_json("", fields), ensure_ascii=False, separators=(",", ":")).encode()


def _legal(text: str) -> str:
    if ILLEGAL.search(text):
        raise DecodeError("a character that XML has no place for")
    return text


# --- XML --------------------------------------------------------------------------------------


def _parse_xml(text: str) -> Fields:
    declared = _DECLARED_ENCODING.match(text)
    if declared and declared[1].lower() not in ("utf-8", "utf8"):
        raise DecodeError("declares an encoding other than UTF-8")
    try:
        root = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise DecodeError("declares a document type or an entity") from error
    except ParseError as error:
        raise DecodeError("not well-formed XML") from error
    if root.tag != "xml":
        raise DecodeError("the root is not <xml>")
    value = _from_element(root, 1)
    if isinstance(value, Mapping):
        return value
    if value.strip():
        raise DecodeError("a text beside elements")
    return {}


def _from_element(element: Element, depth: int) -> str | dict[str, Value]:
    if not len(element):
        return element.text or ""
    if depth >= MAX_DEPTH:
        raise DecodeError("nested too deeply")
    fields: dict[str, Value] = {}
    between = [element.text or ""]
    for child in element:
        value = _from_element(child, depth + 1) if len(child) else child.text or ""
        fields[child.tag] = value if child.tag not in fields else _append(fields[child.tag], value)
        between.append(child.tail or "")
    if "".join(between).strip():
        raise DecodeError("a text beside elements")
    return fields


def _append(earlier: Value, value: Value) -> tuple[Value, ...]:
    return (*earlier, value) if isinstance(earlier, tuple) else (earlier, value)


def _xml_children(fields: Fields) -> str:
    return "".join([_xml_element(name, value) for name, value in fields.items()])


def _xml_element(name: str, value: Value) -> str:
    if not _NAME.fullmatch(name):
        raise DecodeError("a name that XML cannot spell")
    if isinstance(value, Mapping):
        inner = _xml_children(value)
    elif isinstance(value, tuple):
        inner = "".join([_xml_element("item", item) for item in value])
    elif name in _NUMBERS and _is_number(value):
        inner = value
    else:
        inner = f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
    return f"<{name}>{inner}</{name}>"


# --- JSON -------------------------------------------------------------------------------------


def _parse_json(text: str) -> Fields:
    try:
        read = strict_json.parse_object(text)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    return {_legal(name): _from_json(value, 2) for name, value in read.items()}


def _from_json(read: object, depth: int) -> Value:
    if isinstance(read, list | dict) and depth > MAX_DEPTH:
        raise DecodeError("nested too deeply")
    match read:
        case dict():
            return {_legal(name): _from_json(item, depth + 1) for name, item in read.items()}
        case list():
            return tuple(_from_json(item, depth + 1) for item in read)
        case bool():
            return "true" if read else "false"
        case None:
            return ""
    return _legal(str(read))


def _for_json(name: str, value: Value) -> object:
    if isinstance(value, Mapping):
        if value.keys() == {"item"}:  # XML spells an array <X><item/>...</X>
            items = value["item"] if isinstance(value["item"], tuple) else (value["item"],)
            return [_for_json("", item) for item in items]
        return {name: _for_json(name, inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_for_json("", item) for item in value]
    return int(value) if name in _NUMBERS and _is_number(value) else _legal(value)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 20
