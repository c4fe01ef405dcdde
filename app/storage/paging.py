"""Pages by key: a page starts after the last row of the one before, whatever came in between."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnCollection, ColumnElement, Connection, Row, Select, and_, bindparam, or_

from app.core.errors import Invalid
from app.ports import Page

T = TypeVar("T")
Rows = TypeVar("Rows", bound=tuple[Any, ...])
_PLACE = "place_"


@dataclass(frozen=True, slots=True)
class SortKey:
    column: ColumnElement[Any]
    descending: bool = False

    @property
    def order(self) -> ColumnElement[Any]:
        return self.column.desc() if self.descending else self.column.asc()

    def beyond(self, value: Any) -> ColumnElement[bool]:
        later: ColumnElement[bool] = self.column < value if self.descending else self.column > value
        return later

    def of(self, columns: ColumnCollection[str, Any]) -> "SortKey":
        """The same, of a subquery that has the column."""
        return SortKey(columns[str(self.column.key)], self.descending)


def ordered(query: Select[Rows], keys: Sequence[SortKey], after: str = "") -> Select[Rows]:
    """`query` in this order, from the place `after` on. Raises Invalid."""
    return onward(query, keys, after).order_by(*(key.order for key in keys))


def onward(query: Select[Rows], keys: Sequence[SortKey], after: str) -> Select[Rows]:
    """What of `query` comes after that place, in any order. Raises Invalid."""
    if not after:
        return query
    binds = [
        bindparam(None, value, type_=key.column.type)
        for key, value in zip(keys, _decode(after, keys), strict=True)
    ]
    return query.where(_beyond(keys, binds))


def bound_after(keys: Sequence[SortKey]) -> ColumnElement[bool]:
    """What comes after a place that is given with `values_of` when the statement is executed."""
    binds = [bindparam(f"{_PLACE}{number}", type_=key.column.type) for number, key in enumerate(keys)]
    return _beyond(keys, binds)


def values_of(after: str, keys: Sequence[SortKey]) -> Mapping[str, Any]:
    """Of the place, for `bound_after`. Raises Invalid."""
    return {f"{_PLACE}{number}": value for number, value in enumerate(_decode(after, keys))}


def page(
    connection: Connection,
    query: Select[Any],
    keys: Sequence[SortKey],
    after: str,
    limit: int,
    record_of: Callable[[Row[Any]], T],
) -> Page[T]:
    """The `limit` records after the place `after`. The last key must be unique. Raises Invalid."""
    columns = [key.column.label(f"sort_{number}") for number, key in enumerate(keys)]
    rows = connection.execute(ordered(query.add_columns(*columns), keys, after).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit and shown
    return Page(tuple(map(record_of, shown)), place_at(shown[-1][-len(keys) :]) if more else "")


def place_of(connection: Connection, query: Select[Any], keys: Sequence[SortKey], number: int) -> str:
    """Where row `number` (from 1) of `query`, which is in order, is; empty where none comes after it."""
    columns = [key.column for key in keys]
    rows = connection.execute(query.with_only_columns(*columns).offset(number - 1).limit(2)).all()
    return place_at(rows[0]) if len(rows) == 2 else ""


def _beyond(keys: Sequence[SortKey], binds: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Later in the first key, or equal in it and later in the second, and so on.

    That the first key is not earlier follows from that, but only said apart does it let an index start there.
    """
    first: ColumnElement[bool] = (
        keys[0].column <= binds[0] if keys[0].descending else keys[0].column >= binds[0]
    )
    return and_(
        first,
        or_(
            *(
                and_(
                    *(key.column == bind for key, bind in zip(keys[:depth], binds[:depth], strict=True)),
                    keys[depth].beyond(binds[depth]),
                )
                for depth in range(len(keys))
            )
        ),
    )


# --- the place, opaque to its reader ----------------------------------------------------------


def place_at(values: Sequence[Any]) -> str:
    """Of the row that has these values of the keys."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(after: str, keys: Sequence[SortKey]) -> Sequence[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        return [_value(key.column.type.python_type, value) for key, value in zip(keys, plain, strict=True)]
    except (ValueError, TypeError) as error:
        raise Invalid("after: this is not the `next` of a page of this list") from error


def _value(wanted: type, value: Any) -> Any:
    if wanted is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise TypeError(wanted)
    return value
