"""Near-identical replies: the same words, whatever the numbers, spaces and marks in them."""

import hashlib
import re
import unicodedata

_NUMBER = re.compile(r"\d+")


def likeness(text: str) -> str:
    """The same for replies that differ only in numbers, width, case, spacing and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(one for one in folded if unicodedata.category(one)[0] in "LNS")
    return hashlib.sha256(_NUMBER.sub("0", kept).encode(errors="replace")).hexdigest()[:32]
