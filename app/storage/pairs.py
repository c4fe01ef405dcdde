"""Searching by pairs of neighbouring characters: a text holds another only if it holds all its pairs.

Most Chinese words have two characters; an index of words would need to know where they end, one of three
characters finds none of them. PostgreSQL keeps its pairs in a GIN index (migration 0010), SQLite in a table
of its full-text search (migration 0014). Either tells candidates; whether a text is in another exactly as
it was asked for is compared after that.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, column, func, table, text

from app.storage.schema import holds

ENOUGH = 4
"""Pairs that an index is asked for: each further one is one more list to walk, and seldom rules more out."""
COMMON = 0.25
"""Of the texts: a pair that more of them have rules little out, and its list is long."""
_UNIT = 4
"""Hexadecimal digits of one character of UTF-16, or half of one beyond it."""

_hold_words = table("hold_words", column("number"), column("hold_id"))
_hold_pairs = table("hold_pairs", column("rowid"))
_MATCH = text("hold_pairs MATCH :pairs")


def pairs_of(words: str) -> str:
    """The pairs in `words` as SQLite's index is given them: eight digits each, between spaces.

    Written in digits, no tokenizer takes a comma for an end or ä for a. Small letters are as good as
    capitals where SQLite's LIKE thinks so: in ASCII. What was indexed must be taken out with the same pairs:
    a change here needs a migration that makes the index anew.
    """
    units = words.encode().lower().decode().encode("utf-16-be").hex()  # bytes.lower knows ASCII alone
    starts = range(0, len(units) - _UNIT, _UNIT)
    return " ".join(dict.fromkeys(units[start : start + 2 * _UNIT] for start in starts))


def telling(words: str, texts: Sequence[str]) -> Sequence[str]:
    """Of the pairs in `words` some that rule most out, going by how many of `texts` have them.

    None for fewer than two characters: then no index helps.
    """
    pairs = dict.fromkeys(words[start : start + 2] for start in range(len(words) - 1))
    lowered = [one.lower() for one in texts]
    share = {pair: sum(pair.lower() in one for one in lowered) / max(1, len(lowered)) for pair in pairs}
    rarest = sorted(pairs, key=share.__getitem__)[:ENOUGH]
    return [pair for pair in rarest if share[pair] <= max(COMMON, share[rarest[0]])]


def candidates(query: Select[Any], pairs: Sequence[str], dialect: str) -> Select[Any]:
    """`query`, over holds, of those that have all of `pairs`; at least one."""
    if dialect == "postgresql":  # the database folds them as it has folded what is in its index
        folded: list[ColumnElement[Any]] = [func.pairs_of(pair) for pair in pairs]
        asked = reduce(lambda some, one: some.op("||")(one), folded)
        return query.where(func.pairs_of(holds.c.search).op("@>")(asked))
    found = _hold_pairs.join(_hold_words, _hold_words.c.number == _hold_pairs.c.rowid)
    match = _MATCH.bindparams(bindparam("pairs", " ".join(map(pairs_of, pairs))))
    return query.select_from(found.join(holds, holds.c.id == _hold_words.c.hold_id)).where(match)
