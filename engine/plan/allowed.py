"""What the SQL of relations may consist of: kinds of nodes, functions, and tables that were made for the run.

The language has no word for SQL, so nothing a rule says should ever become a statement, a function or a table of its
own. This module holds that, whatever mistake is made in a lowering: the text of a query is written from a table of the
kinds of nodes that relations are built of, and every other kind, function or table is an InternalError. The check is
made while the text is written and costs no second walk: nodes not on the list have no writer at all.

Texts and names of rules stand in quotes only. What is outside of quotes holds no second statement and no comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from functools import cache

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generator import Generator

from dsl.diagnostics import InternalError

NODES: frozenset[type[exp.Expr]] = frozenset(
    {
        *(exp.Abs, exp.Add, exp.Alias, exp.And, exp.Anonymous, exp.ArgMax, exp.Array, exp.Between, exp.Boolean),
        *(exp.Case, exp.Cast, exp.Coalesce, exp.Column, exp.Count, exp.CTE, exp.Cube, exp.DPipe, exp.DataType),
        *(exp.DataTypeParam, exp.DenseRank, exp.Distinct, exp.EQ, exp.Exists, exp.Explode, exp.FirstValue, exp.From),
        *(exp.GT, exp.GTE, exp.GenerateSeries, exp.Greatest, exp.Group, exp.GroupingSets, exp.Having, exp.Identifier),
        *(exp.If, exp.IgnoreNulls, exp.In, exp.IntDiv, exp.Interval, exp.Is, exp.Join, exp.LT, exp.LTE, exp.Lag),
        *(exp.LastValue, exp.Lead, exp.Least, exp.Limit, exp.Literal, exp.LogicalOr, exp.Max, exp.Min, exp.Mod),
        *(exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif, exp.Or),
        *(exp.Order, exp.Ordered, exp.Paren, exp.PropertyEQ, exp.RespectNulls, exp.Rollup, exp.Round, exp.RowNumber),
        *(exp.Select, exp.Sign, exp.Star, exp.Struct, exp.Sub, exp.Subquery, exp.Sum, exp.Table, exp.TableAlias),
        *(exp.Tuple, exp.Union, exp.Var, exp.Where, exp.Window, exp.WindowSpec, exp.With),
    }
)
"""The kinds of nodes that queries of relations are built of; the functions among them are those of that name."""

FUNCTIONS = frozenset(
    {
        *("CONCAT_WS", "CONTAINS", "GCD", "GENERATE_SERIES", "ISODOW", "LIST_CONTAINS", "LIST_POSITION", "LPAD"),
        *("RANGE", "RANK", "REPLACE", "ROUND_EVEN", "STRING_SPLIT", "STRUCT_EXTRACT", "UNNEST"),
    }
)
"""Functions that are called by a name: each gives a value of its arguments and reads nothing else."""

READ_FILE = "READ_PARQUET"
"""The function that reads a file: only for files that are handed over beside the query."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch
_TYPE = re.compile(r"[A-Z0-9_ (),\[\]]+").fullmatch
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_OUTSIDE_QUOTES = (";", "--", "/*", "$", "\\", "\0")
"""What no text of a query has outside of quotes: it would end the statement, hide a part of it, or quote otherwise."""

Handler = Callable[[Generator, exp.Expr], str]


class Writer:
    """Writes queries as DuckDB's SQL, and refuses what relations cannot be built of.

    `knows` says whether a relation of this name was made for the run. Not for several threads at once.
    """

    def __init__(self, knows: Callable[[exp.Table], bool]) -> None:
        self._knows = knows
        self._tables: list[exp.Table] = []
        self._local: set[str] = set()
        self._files: Container[str] = ()
        self._types: dict[int, tuple[exp.Expr, str]] = {}
        self._generator = DuckDB().generator(comments=False)
        own = self._generator._dispatch
        self._native = dict(own)
        self._generator._dispatch = {**own, **_refused(), **self._checked()}

    def text(self, query: exp.Expr, files: Container[str] = ()) -> str:
        """The query as SQL; `files` are the paths that it may read.

        InternalError for a kind of node, a function, a file or a table that is not allowed; it names it.
        """
        if not isinstance(query, exp.Query):
            raise InternalError(f"a query may not be a {type(query).__name__}")
        self._tables, self._local, self._files = [], set(), files
        found = self._generator.generate(query, copy=False)
        for table in self._tables:
            if table.args.get("catalog") is not None:
                raise InternalError(f"a query may not name the database {table.catalog}")
            if not (table.name in self._local and not table.db) and not self._knows(table):
                raise InternalError(f"a query may not read the table {table.name}, which was not made for this run")
        _refuse_outside_quotes(found)
        return found

    def _checked(self) -> dict[type[exp.Expr], Handler]:
        """Writers of nodes whose content is looked at, before DuckDB's own writer of that node writes it."""
        return {
            exp.Anonymous: self._function,
            exp.CTE: self._common,
            exp.DataType: self._type,
            exp.Identifier: self._identifier,
            exp.Literal: self._literal,
            exp.Table: self._table,
            exp.Var: self._word,
        }

    def _write(self, node: exp.Expr) -> str:
        return self._native[type(node)](self._generator, node)

    def _function(self, _: Generator, node: exp.Expr) -> str:
        name = str(node.this).upper()
        if name not in FUNCTIONS:
            if name != READ_FILE:
                raise InternalError(f"a query may not call the function {node.this}")
            path = node.expressions[0]
            if not (isinstance(path, exp.Literal) and path.is_string and path.this in self._files):
                raise InternalError("a query may not read a file that was not handed to the run")
        return self._write(node)

    def _common(self, _: Generator, node: exp.Expr) -> str:
        self._local.add(node.alias)
        return self._write(node)

    def _table(self, _: Generator, node: exp.Expr) -> str:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self._tables.append(node)
        return self._write(node)

    def _type(self, _: Generator, node: exp.Expr) -> str:
        held = self._types.get(id(node))
        if held is None or held[0] is not node:
            held = (node, self._write(node))
            if not _TYPE(held[1]):
                raise InternalError(f"a query may not name the type {held[1]}")
            self._types[id(node)] = held
        return held[1]

    def _identifier(self, _: Generator, node: exp.Expr) -> str:
        if not node.args.get("quoted") and not _PLAIN(node.this):
            raise InternalError(f"a query may not use the name {node.this} without quotes")
        return self._write(node)

    def _literal(self, _: Generator, node: exp.Expr) -> str:
        if not node.args["is_string"] and not _NUMBER(node.this):
            raise InternalError(f"a query may not hold the number {node.this}")
        return self._write(node)

    def _word(self, _: Generator, node: exp.Expr) -> str:
        if not _PLAIN(str(node.this)):
            raise InternalError(f"a query may not hold the word {node.this}")
        return self._write(node)


@cache
def _refused() -> dict[type[exp.Expr], Handler]:
    """A writer that refuses, for every kind of node sqlglot knows that relations are not built of."""
    found: dict[type[exp.Expr], Handler] = {}
    waiting: list[type[exp.Expr]] = [exp.Expr]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind not in NODES:
            found[kind] = _refuse
    return found


def _refuse(_: Generator, node: exp.Expr) -> str:
    raise InternalError(f"a query may not hold a node {type(node).__name__}")


def _refuse_outside_quotes(text: str) -> None:
    """InternalError where a query's text is more than one statement, or has a part that is not read as it looks."""
    if any(one in text for one in _OUTSIDE_QUOTES):
        bare = _QUOTED.sub("", text)
        for one in (*_OUTSIDE_QUOTES, "'", '"'):
            if one in bare:
                raise InternalError(f"a query may not hold {one!r} outside of quotes")
    if "\0" in text:
        raise InternalError("a query may not hold a zero character")
