"""A long reply in pieces that the platform takes, cut where a sentence ends."""

import re

from app.core.model import Reply, Text

MOST_PIECES = 5
"""So many messages the platform takes after one of the citizen's; who needs more is asked to be brief."""

_SENTENCE = re.compile(r"[^。！？!?…；;\n]*(?:[。！？!?…；;\n]+[”’」』）)]*|\Z)")
_CLAUSE = re.compile(r"[^，、,：: ]*(?:[，、,：: ]+|\Z)")


def pieces_of(reply: Reply, most_bytes: int) -> tuple[Reply, ...]:
    """The reply itself where it fits, has other parts than one text, or would take too many pieces.

    Joined, the pieces are the text, but for white space at the cuts. `most_bytes`: of one piece in UTF-8.
    """
    if len(reply.parts) != 1 or not isinstance(reply.parts[0], Text):
        return (reply,)
    text = reply.parts[0].text
    if _size(text) <= most_bytes:
        return (reply,)
    packed = [one.strip() for one in _packed(text, most_bytes)]
    pieces = [one for one in packed if one]
    return tuple(map(Reply.of, pieces)) if 1 < len(pieces) <= MOST_PIECES else (reply,)


def _packed(text: str, most_bytes: int) -> list[str]:
    """As much in each piece as fits."""
    pieces = [""]
    for sentence in _small_enough(text, most_bytes):
        if _size(pieces[-1]) + _size(sentence) <= most_bytes:
            pieces[-1] += sentence
        else:
            pieces.append(sentence)
    return pieces


def _small_enough(text: str, most_bytes: int) -> list[str]:
    """Sentences; of one that is too long clauses; of a clause that is too long single characters."""
    found: list[str] = []
    for sentence in _SENTENCE.findall(text):
        if _size(sentence) <= most_bytes:
            found.append(sentence)
            continue
        for clause in _CLAUSE.findall(sentence):
            found += [clause] if _size(clause) <= most_bytes else list(clause)
    return found


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
