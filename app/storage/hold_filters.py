"""What a list of holds may be asked for, and its orders."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnCollection, ColumnElement, Select, and_, not_

from app.core.records import HoldState
from app.ports import HoldFilter
from app.storage.columns import storable
from app.storage.paging import Rows, SortKey
from app.storage.schema import holds

Columns = ColumnCollection[str, Any]

QUEUE_ORDER = (
    SortKey(holds.c.due_at),
    SortKey(holds.c.severity, descending=True),
    SortKey(holds.c.created_at),
    SortKey(holds.c.id),
)
DECIDED_ORDER = (SortKey(holds.c.decided_at, descending=True), SortKey(holds.c.id, descending=True))
_OPEN = frozenset({HoldState.PENDING, HoldState.CLAIMED})


def order_of(wanted: HoldFilter) -> Sequence[SortKey]:
    return DECIDED_ORDER if is_open(wanted) is False else QUEUE_ORDER


def is_open(wanted: HoldFilter) -> bool | None:
    """Whether open holds alone are asked for, or decided ones alone; None: both. An index begins with it."""
    states = frozenset(wanted.states)
    if not states or (states & _OPEN and states - _OPEN):
        return None
    return bool(states & _OPEN)


def matching(query: Select[Rows], wanted: HoldFilter, of: Columns = holds.c) -> Select[Rows]:
    """Narrow `query`, over holds or some of them, to those that are asked for."""
    return query.where(*conditions(wanted, of))


def conditions(wanted: HoldFilter, of: Columns) -> Sequence[ColumnElement[bool]]:
    return list(_conditions(wanted, of))


def _conditions(wanted: HoldFilter, of: Columns) -> Iterator[ColumnElement[bool]]:
    states = frozenset(wanted.states)
    if is_open(wanted) is not None:
        yield of.open == is_open(wanted)
    if states and states != _OPEN:
        yield of.state.in_([state.value for state in wanted.states])
    if wanted.channels is not None:
        yield of.channel.in_(wanted.channels)
    if wanted.severity is not None:
        yield of.severity == wanted.severity.rank
    if wanted.claimed_by:
        yield of.claimed_by == wanted.claimed_by
    if wanted.claims_as_of is not None:
        live = and_(of.state == HoldState.CLAIMED.value, of.claimed_until > wanted.claims_as_of)
        yield live if wanted.claimed_by else not_(live)
    if wanted.category:
        yield of.categories.contains(f" {wanted.category} ", autoescape=True)
    if wanted.likeness:
        yield of.likeness == wanted.likeness
    if wanted.text:
        yield _says(of, storable(wanted.text))


def _says(of: Columns, words: str) -> ColumnElement[bool]:
    """In capitals or not. Words that know no capitals, as Chinese, are compared as they are: to make small
    letters of each text takes four times as long as to look for the words in it."""
    has_case = words.lower() != words.upper()
    says: ColumnElement[bool] = (of.search.icontains if has_case else of.search.contains)(
        words, autoescape=True
    )
    return says
