"""Form fields (application/x-www-form-urlencoded) that every program reads alike: strict_json's sibling."""

import re
from urllib.parse import unquote_to_bytes

MAX_FIELDS = 50

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def parse_form(body: bytes) -> dict[str, str]:
    """Read fields, decoded once; a `+` is a blank, and UTF-8 may stand there unescaped.

    Raises ValueError, without quoting the form: a doubled field, one without a value or with no plain name,
    too many of them, a broken escape, what is not UTF-8, or a NUL, which no record can keep.
    """
    if not body:
        return {}
    pairs = body.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise ValueError("too many fields")
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition(b"=")
        text = _decoded(name)
        if not equals or not _NAME.fullmatch(text):
            raise ValueError("no form: a field has no name or no value")
        if text in found:
            raise ValueError("a field is doubled")
        found[text] = _decoded(value)
    return found


def _decoded(written: bytes) -> str:
    if _BROKEN_ESCAPE.search(written):
        raise ValueError("an escape is broken")
    try:
        written.decode("utf-8")  # half a character escaped and half of it not is read in two ways
        text = unquote_to_bytes(written.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if "\x00" in text:
        raise ValueError("a NUL")
    return text
