"""WeChat's XML: written as the platform writes it, read back strictly."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

Value: TypeAlias = "str | int | Mapping[str, Value] | Sequence[Value]"
"""An element's content. A sequence becomes <item> elements."""


class NotXml(ValueError):
    """The bytes are no XML document of the shape <xml>...</xml>, or an element is doubled."""


def write(fields: Mapping[str, Value]) -> bytes:
    """<xml> with a child for each field; texts in CDATA, numbers bare."""
    return f"<xml>{_children(fields)}</xml>".encode()


def cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _children(fields: Mapping[str, Value]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: Value) -> str:
    if isinstance(value, str):
        return cdata(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return _children(value)
    return "".join(f"<item>{_content(item)}</item>" for item in value)


def read(body: bytes) -> dict[str, Value]:
    """The children of <xml>; <item> children become a list. Raises NotXml."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotXml("not well-formed") from error
    if root.tag != "xml":
        raise NotXml("the root is not <xml>")
    content = _read(root)
    if not isinstance(content, dict):
        raise NotXml("<xml> has no children")
    return content


def _read(element: object) -> Value:
    children = list(element)  # type: ignore[call-overload]
    if not children:
        return str(element.text or "")  # type: ignore[attr-defined]
    names = [child.tag for child in children]
    if set(names) == {"item"}:
        return [_read(child) for child in children]
    if len(set(names)) != len(names):
        raise NotXml("an element is doubled")
    return {child.tag: _read(child) for child in children}
