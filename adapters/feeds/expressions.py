"""Short words for building DuckDB expressions; data enters as literals only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

import duckdb
from sqlglot import exp

from engine.plan.relation import storage_type, table

Row = tuple[object, ...]


def run(connection: duckdb.DuckDBPyConnection, query: exp.Expression) -> list[Row]:
    """All rows of a query or statement."""
    rows: list[Row] = connection.execute(query.sql("duckdb", copy=False)).fetchall()
    return rows


def text(value: str) -> exp.Literal:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expression:
    """A whole number literal."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def texts(values: Iterable[str]) -> exp.Expression:
    """A list literal of texts."""
    return exp.Array(expressions=[text(value) for value in values])


def call(function: str, *arguments: exp.Expression) -> exp.Anonymous:
    """A call of a DuckDB function by its DuckDB name."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def concatenated(*parts: exp.Expression) -> exp.Expression:
    """Texts after one another; NULL if one is."""
    return reduce(lambda left, right: exp.DPipe(this=left, expression=right), parts)


def matches(value: exp.Expression, pattern: str) -> exp.Expression:
    """Whether a whole text fits a regular expression; NULL for no text."""
    return call("regexp_full_match", value, text(pattern))


def is_missing(value: exp.Expression) -> exp.Expression:
    """Whether there is no value."""
    return exp.Is(this=value if isinstance(value, exp.Column) else exp.Paren(this=value), expression=exp.Null())


def is_given(value: exp.Expression) -> exp.Expression:
    """Whether there is a value."""
    return exp.Not(this=exp.Paren(this=is_missing(value)))


def is_one_of(value: exp.Expression, values: Sequence[str]) -> exp.Expression:
    """Whether a value is among some texts."""
    return exp.In(this=value, expressions=[text(one) for one in values])


def try_cast(value: exp.Expression, type_name: str) -> exp.Expression:
    """The value in another type, or NULL where it does not fit."""
    return exp.TryCast(this=value, to=storage_type(type_name))


def cast(value: exp.Expression, type_name: str) -> exp.Expression:
    """The value in another type."""
    return exp.Cast(this=value, to=storage_type(type_name))


def when(condition: exp.Expression, then: exp.Expression, otherwise: exp.Expression | None = None) -> exp.Case:
    """One value if a condition holds, another (or NULL) if not."""
    case = exp.Case(ifs=[exp.If(this=condition, true=then)])
    if otherwise is not None:
        case.set("default", otherwise)
    return case


def _and(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.And(this=exp.Paren(this=left), expression=exp.Paren(this=right))


def _or(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.Or(this=exp.Paren(this=left), expression=exp.Paren(this=right))


def both(*conditions: exp.Expression) -> exp.Expression:
    """All conditions; true for none."""
    return reduce(_and, conditions) if conditions else exp.true()


def either(*conditions: exp.Expression) -> exp.Expression:
    """Any of some conditions; false for none."""
    return reduce(_or, conditions) if conditions else exp.false()


def certainly(condition: exp.Expression) -> exp.Expression:
    """The condition, with not known counted as no."""
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def create_table(name: str, query: exp.Query) -> exp.Create:
    """A statement that stores a query as a new table."""
    return exp.Create(this=table(name), kind="TABLE", expression=query, replace=True)


def empty_table(name: str, shape: Iterable[tuple[str, str]]) -> exp.Create:
    """A statement that makes an empty table of columns of a name and a storage type."""
    columns = [
        exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=storage_type(storage))
        for column, storage in shape
    ]
    return exp.Create(this=exp.Schema(this=table(name), expressions=columns), kind="TABLE", replace=True)


def insert_into(name: str, query: exp.Query) -> exp.Insert:
    """A statement that adds a query's rows to a table."""
    return exp.Insert(this=table(name), expression=query)


def drop_table(name: str) -> exp.Drop:
    """A statement that forgets a table, if there is one."""
    return exp.Drop(tables=[table(name)], kind="TABLE", exists=True)
