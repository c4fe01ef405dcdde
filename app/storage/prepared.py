"""Statements compiled once and run by the driver: the few that every message costs.

SQLAlchemy's own execution looks each statement up, and names each row's parameters, anew: at the usual
batch of a few messages that took three times as long as the database itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Insert | Update | Delete


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    parameters: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    """Names in the order of the text, each with what its type does to a value."""
    constants: Mapping[str, Any]
    """What the statement itself compares with."""
    positional: bool

    def row(self, values: Mapping[str, Any]) -> Any:
        if self.constants:
            values = {**self.constants, **values}
        bound = [values[name] if bind is None else bind(values[name]) for name, bind in self.parameters]
        if self.positional:
            return tuple(bound)
        return dict(zip((name for name, _ in self.parameters), bound, strict=True))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write whose only parameters are the named ones of `rows`. `by_dialect` for one that differs."""

    by_dialect: Mapping[str, Statement]
    _compiled: dict[str, _Compiled] = field(default_factory=dict, init=False, compare=False)

    @classmethod
    def of(cls, statement: Statement) -> "Prepared":
        return cls({"sqlite": statement, "postgresql": statement})

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it for each row, in order; how many rows of the table it has changed in all."""
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = _compile(self.by_dialect[connection.dialect.name], connection.dialect)
            self._compiled[connection.dialect.name] = compiled
        return connection.exec_driver_sql(compiled.text, [compiled.row(values) for values in rows]).rowcount


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # it is one for everything but DDL
    names = compiled.positiontup or list(compiled.bind_names.values())
    known = {name: bind for bind, name in compiled.bind_names.items()}
    binds = (known[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
    return _Compiled(
        str(compiled),
        tuple(zip(names, binds, strict=True)),
        {name: bind.value for name, bind in known.items() if not bind.required},
        positional=compiled.positiontup is not None,
    )
