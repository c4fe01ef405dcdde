"""Searching holds: along their order where that is quick, else by an index of what they say.

A word that many holds have is found at the head of the queue; collecting all that have it would take long.
A word that few have is found by its pairs; walking the queue for it would. Which of the two it is shows in
a look at the head of the queue, not in a planner's guess. A wrong look costs time alone: either way ends
with all that match, or with as many as were asked for, in order.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from app.ports import HoldFilter
from app.storage.columns import storable
from app.storage.hold_filters import Columns, conditions, is_open, matching, order_of
from app.storage.paging import SortKey, onward, ordered, place_of
from app.storage.pairs import candidates, telling
from app.storage.schema import holds

GLANCE = 120
"""Places that are looked at first: a page of what every second hold says is among them."""
LOOK = 500
"""Places whose words tell how common a word is."""
STEP = 500
"""Places of each further step, at least."""
WALK = 12_000
"""Most places that are walked. So far it is for a page of 50 with a word that 4 in 1,000 have; to collect
those of a million holds takes as long."""
_ASKED_OF = [
    holds.c[name]
    for name in (
        *("id", "open", "state", "channel", "severity", "claimed_by", "claimed_until", "categories"),
        *("likeness", "search", "due_at", "created_at", "decided_at"),
    )
]
"""What filters and orders look at; the rest of a row is long."""


def first(connection: Connection, wanted: HoldFilter, most: int, *, in_order: bool = True) -> Sequence[str]:
    """The ids of the first `most` that match, text and all; not `in_order`: of any so many.

    Raises Invalid.
    """
    has_order = is_open(wanted) is not None
    if has_order and most <= GLANCE:
        _, found = _look(connection, wanted, GLANCE)
        if len(found) >= most:
            return found[:most]
    said, found = _look(connection, wanted, LOOK)
    if has_order:
        seen, likely = LOOK, most * LOOK < len(found) * WALK
        wanted = replace(wanted, after=_place(connection, wanted, LOOK))
        while likely and wanted.after and seen < WALK and len(found) < most:
            step = _step(most - len(found), seen / max(1, len(found)), WALK - seen)
            found += _ids(connection, wanted, most - len(found), _head(wanted).limit(step))
            seen += step
            if len(found) < most:
                wanted = replace(wanted, after=_place(connection, wanted, step))
        if not wanted.after or len(found) >= most:
            return found[:most]
    else:
        found = []  # not in their order
    among = select(*_ASKED_OF)
    if pairs := telling(storable(wanted.text), said):
        among = candidates(among, pairs, connection.dialect.name).offset(0)
    return found + _ids(connection, wanted, most - len(found), among, in_order=in_order)


def _step(missing: int, places_for_one: float, left: int) -> int:
    """So many places that what is missing is likely among them: each step is two trips to the database."""
    return min(left, max(STEP, round(1.25 * missing * places_for_one)))


def _look(connection: Connection, wanted: HoldFilter, number: int) -> tuple[Sequence[str], list[str]]:
    """What the next `number` holds say; the ids of those that match."""
    of = _head(wanted).limit(number).subquery().c
    query = select(of.id, of.search, and_(*conditions(wanted, of)))
    rows = connection.execute(ordered(query, _keys(wanted, of), wanted.after)).all()
    return [row[1] for row in rows], [row[0] for row in rows if row[2]]


def _head(wanted: HoldFilter) -> Select[Any]:
    """Holds along the order, whatever they say: an index has them so."""
    walked = select(*_ASKED_OF)
    if is_open(wanted) is None:  # no index has the open and the decided in one order
        return walked.order_by(holds.c.created_at)
    return ordered(walked.where(holds.c.open == is_open(wanted)), order_of(wanted), wanted.after)


def _place(connection: Connection, wanted: HoldFilter, number: int) -> str:
    """Where that place of the order is, for `after`; empty where nothing comes after it."""
    return place_of(connection, _head(wanted), order_of(wanted), number)


def _ids(
    connection: Connection, wanted: HoldFilter, most: int, among: Select[Any], *, in_order: bool = True
) -> list[str]:
    """Of those `among` which the holds are looked for. With a limit or an offset a subquery stands by itself.

    Neither database then mixes its plan with that of the filters.
    """
    of = among.subquery().c
    query = matching(select(of.id), wanted, of)
    query = (ordered if in_order else onward)(query, _keys(wanted, of), wanted.after)
    return list(connection.execute(query.limit(most)).scalars())


def _keys(wanted: HoldFilter, of: Columns) -> Sequence[SortKey]:
    return [key.of(of) for key in order_of(wanted)]
