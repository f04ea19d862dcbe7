"""Relations of the layer plan, written as the SQL an auditor would read.

The text is constant: nothing of the data or the rules is ever in it, so it is parsed into expressions once and can be
sent to any dialect. What a policy decides is a choice between relations, or a literal put in as an expression.
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp, parse_one

from dsl.diagnostics import InternalError
from engine.plan.relation import Origin, Relation

Columns = tuple[tuple[str, str], ...]


@cache
def query(text: str) -> exp.Query:
    """A query from constant SQL text, parsed once and never to be edited; InternalError where it is anything else."""
    parsed = parse_one(text, dialect="duckdb")
    if not isinstance(parsed, exp.Query):
        raise InternalError(f"not a query: {text}")
    return parsed


def written(
    name: str, grain: tuple[str, ...], columns: Columns, text: str, origin: Origin, *, stored: bool = True
) -> Relation:
    """A relation whose query is constant SQL text."""
    return Relation(name, grain, columns, query(text), origin, stored)


def bigints(*names: str) -> Columns:
    """Columns that are all whole numbers: ids, offsets, positions."""
    return tuple((name, "BIGINT") for name in names)
