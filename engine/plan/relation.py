"""A relation of the plan: one query over other relations, with its grain, its column types and its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from dsl.diagnostics import InternalError
from dsl.span import Span


@dataclass(frozen=True, slots=True)
class Origin:
    """The rule a relation came from: its name as an auditor would say it (`journal defer-on-shipment`) and its
    place."""

    rule: str
    span: Span | None = None

    def __str__(self) -> str:
        return self.rule if self.span is None else f"{self.rule}  {self.span}"


@dataclass(frozen=True)
class Relation:
    """What one row is (`name`, in the singular), the key that makes rows unique, typed columns, one query.

    `columns` maps column names, as in the language, to storage types; `query` selects exactly these, in this order, and
    names other relations as tables. `stored` asks the executor to materialise it: worth it where it is read more than
    once. The query is never edited after construction. Raises InternalError where grain and columns disagree.
    """

    name: str
    grain: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    query: exp.Query
    origin: Origin
    stored: bool = True

    def __post_init__(self) -> None:
        names = [name for name, _ in self.columns]
        if len(set(names)) != len(names):
            raise InternalError(f"relation {self.name} has a column twice: {sorted(names)}")
        missing = set(self.grain) - set(names)
        if missing:
            raise InternalError(f"relation {self.name} lacks its key {sorted(missing)}")
        selected = list(self.query.named_selects)
        if selected != names:
            raise InternalError(f"relation {self.name} declares {names} and selects {selected}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(name for name, _ in self.columns)

    def type_of(self, column: str) -> str:
        """The storage type of a column; InternalError where there is none."""
        for name, storage in self.columns:
            if name == column:
                return storage
        raise InternalError(f"relation {self.name} has no column {column}")


@lru_cache(maxsize=512)
def storage_type(storage: str) -> exp.DataType:
    """A storage type as an expression; one node stands for it in every query, as nobody changes it."""
    return exp.DataType.build(storage, dialect="duckdb")


def cast(sql: exp.Expr, storage: str) -> exp.Expr:
    """A cast to a storage type."""
    return exp.Cast(this=sql, to=storage_type(storage))


def case(answers: Sequence[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN test THEN value ... ELSE otherwise END; unlike sqlglot's builder it copies nothing."""
    branches = [exp.If(this=test, true=value) for test, value in answers]
    return exp.Case(ifs=branches, default=otherwise) if otherwise is not None else exp.Case(ifs=branches)


def _structure(fields: Mapping[str, exp.Expr]) -> exp.Struct:
    pairs = [exp.PropertyEQ(this=exp.to_identifier(name), expression=value) for name, value in fields.items()]
    return exp.Struct(expressions=pairs)


def unnested(rows: Sequence[Mapping[str, exp.Expr]], name: str) -> exp.Alias:
    """One row for each of `rows`, as a structure under a name, in the select it is listed in."""
    listed = exp.Array(expressions=[_structure(fields) for fields in rows])
    return named(exp.Anonymous(this="UNNEST", expressions=[listed]), name)


def part_of(structure: str, name: str) -> exp.Expr:
    """A named value of the structure in a column."""
    return exp.Anonymous(this="STRUCT_EXTRACT", expressions=[column(structure), exp.Literal.string(name)])


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column, of a table or alias where one is given."""
    found = exp.Column(this=exp.to_identifier(name, quoted=True))
    if table:
        found.set("table", exp.to_identifier(table, quoted=True))
    return found


def table(name: str, alias: str | None = None, namespace: str = "") -> exp.Expr:
    """A quoted relation to read from, of another executor's where its namespace is given."""
    found = exp.Table(this=exp.to_identifier(name, quoted=True))
    if namespace:
        found.set("db", exp.to_identifier(namespace, quoted=True))
    return exp.alias_(found, exp.to_identifier(alias, quoted=True), table=True) if alias else found


def named(expression: exp.Expr, name: str) -> exp.Alias:
    """An expression under a quoted name."""
    return exp.Alias(this=expression, alias=exp.to_identifier(name, quoted=True))
