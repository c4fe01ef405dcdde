"""Searching holds: along their order where that is quick, else by an index of what they say.

A word that many holds have is found at the head of the queue; collecting all that have it would take long.
A word that few have is found by its pairs; walking the queue for it would. Which of the two it is shows in
a look at the head of the queue, not in a planner's guess. A wrong look costs time alone: either way ends
with all that match, or with as many as were asked for, in order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, and_, bindparam, select

from app.ports import HoldFilter
from app.storage.columns import storable
from app.storage.hold_filters import (
    DECIDED_ORDER,
    QUEUE_ORDER,
    Columns,
    conditions,
    is_open,
    matching,
    order_of,
)
from app.storage.paging import SortKey, bound_after, onward, ordered, place_at, place_of, values_of
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
AMPLE = 1.5
"""Times as many places as what was seen says are needed."""
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
    if is_open(wanted) is None:  # no index has the open and the decided in one order
        return _collected(connection, wanted, most, _said(connection), in_order=in_order)
    seen = _Seen(wanted.after)
    for number in (GLANCE, LOOK - GLANCE):
        if number > 0 and not seen.is_all and len(seen.found) < most:
            _look(connection, wanted, number, seen)
    if most * LOOK < len(seen.found) * WALK:
        _walk(connection, wanted, most, seen)
    if not seen.is_all and len(seen.found) < most:
        rest = replace(wanted, after=seen.after)
        missing = most - len(seen.found)
        seen.found += _collected(connection, rest, missing, seen.said, in_order=in_order)
    return seen.found[:most]


@dataclass(slots=True)
class _Seen:
    """Of the holds along their order."""

    after: str
    """The place that was reached."""
    places: int = 0
    found: list[str] = field(default_factory=list)
    """The ids of those that match."""
    said: list[str] = field(default_factory=list)
    """The texts of those that were looked at."""
    is_all: bool = False
    """Nothing comes after that place."""


def _look(connection: Connection, wanted: HoldFilter, number: int, seen: _Seen) -> None:
    """The next `number` holds, word by word."""
    of, bound = _ahead(wanted, seen.after, number)
    keys = _keys(wanted, of)
    asked = select(of.id, of.search, and_(*conditions(wanted, of)), *(key.column for key in keys))
    rows = connection.execute(ordered(asked, keys), bound).all()
    seen.found += [row[0] for row in rows if row[2]]
    seen.said += [row[1] for row in rows]
    seen.places += number
    seen.is_all = len(rows) < number
    if rows:
        seen.after = place_at(rows[-1][3:])


def _walk(connection: Connection, wanted: HoldFilter, most: int, seen: _Seen) -> None:
    while not seen.is_all and seen.places < WALK and len(seen.found) < most:
        step = min(WALK - seen.places, _step(most - len(seen.found), seen))
        of, bound = _ahead(wanted, seen.after, step)
        query = ordered(matching(select(of.id), wanted, of), _keys(wanted, of)).limit(most - len(seen.found))
        seen.found += connection.execute(query, bound).scalars()
        seen.places += step
        if len(seen.found) < most:
            after = _place(connection, wanted, seen.after, step)
            seen.is_all, seen.after = not after, after or seen.after


def _step(missing: int, seen: _Seen) -> int:
    """So many places that what is missing is likely among them, and as many as were seen at least.

    A further step is two trips to the database more; places that were not needed cost little.
    """
    places_for_one = seen.places / max(1, len(seen.found))
    return max(STEP, seen.places, round(AMPLE * missing * places_for_one))


def _place(connection: Connection, wanted: HoldFilter, after: str, number: int) -> str:
    """Where the place is, `number` further on; empty where nothing comes after it."""
    queue = ordered(select(holds).where(holds.c.open == is_open(wanted)), order_of(wanted), after)
    return place_of(connection, queue, order_of(wanted), number)


def _ahead(wanted: HoldFilter, after: str, number: int) -> tuple[Columns, Mapping[str, Any]]:
    """The next `number` holds along the order, whatever they say, and what to bind. Raises Invalid."""
    keys = order_of(wanted)
    bound = {"places": number, **(values_of(after, keys) if after else {})}
    return _along(is_open(wanted) is True, further=bool(after)), bound


@cache
def _along(open_ones: bool, *, further: bool) -> Columns:
    """Holds along their order, which an index has. With a limit a subquery stands by itself.

    Neither database then mixes its plan with that of the filters around it. Made once, and whole before two
    threads share it: to make it takes as long as to ask it.
    """
    keys = QUEUE_ORDER if open_ones else DECIDED_ORDER
    walked = select(*_ASKED_OF).where(holds.c.open == open_ones)
    if further:
        walked = walked.where(bound_after(keys))
    return ordered(walked, keys).limit(bindparam("places", type_=Integer)).subquery().c


# --- by the index -----------------------------------------------------------------------------


def _said(connection: Connection) -> Sequence[str]:
    """What some holds say."""
    return list(connection.execute(select(holds.c.search).order_by(holds.c.created_at).limit(LOOK)).scalars())


def _collected(
    connection: Connection, wanted: HoldFilter, most: int, said: Sequence[str], *, in_order: bool
) -> list[str]:
    """Of those that have the pairs which tell most, going by what some holds `said`."""
    among = select(*_ASKED_OF)
    if pairs := telling(storable(wanted.text), said):
        among = candidates(among, pairs, connection.dialect.name).offset(0)
    of = among.subquery().c
    query = matching(select(of.id), wanted, of)
    query = (ordered if in_order else onward)(query, _keys(wanted, of), wanted.after)
    return list(connection.execute(query.limit(most)).scalars())


def _keys(wanted: HoldFilter, of: Columns) -> Sequence[SortKey]:
    return [key.of(of) for key in order_of(wanted)]
