"""The rows of a reconciliation that ask for a decision once every stage is through."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from dsl import syntax
from engine.model.ruleset import Reconciliation, Table
from engine.plan.fragments import equal
from engine.plan.relation import column, named, table
from engine.plan.world import World


def tables_of(world: World, found: Reconciliation) -> list[Table]:
    """The tables that decide over the rows of a reconciliation."""
    return [one for one in world.ruleset.tables.values() if found.name in one.grain.rows]


def blocking_outcomes(close: syntax.Close | None) -> tuple[str, ...]:
    """The outcomes of tables of which none may be open at a hard close."""
    lines = close.lines if close is not None else ()
    return tuple(
        name.text
        for line in lines
        if isinstance(line, syntax.HardNeeds) and line.form == "no-open"
        for name in line.names
    )


def unresolved(world: World, found: Reconciliation, columns: Iterable[str]) -> exp.Query:
    """Rows whose sides differ after the last stage, or whose outcome a hard close may not leave open, in order of their
    keys: the columns asked for, `left expected` and `left reported`."""
    residual = f"{found.name} residual"
    left = residual if world.has(residual) else found.name
    keys = [key.name for key in found.grain.keys]
    same = exp.and_(*(equal(column(key, "l"), column(key, "d")) for key in keys), copy=False)
    sides = [named(column(side, "l"), f"left {side}") for side in ("expected", "reported")]
    differ = exp.NullSafeNEQ(this=column("expected", "l"), expression=column("reported", "l"))
    ordered = [exp.Ordered(this=column(key, "d"), nulls_first=True) for key in keys]
    return (
        exp.select(*(column(one, "d") for one in columns), *sides)
        .from_(table(found.name, "d"))
        .join(table(left, "l"), on=same, copy=False)
        .where(exp.or_(differ, *_blocked(world, found), copy=False))
        .order_by(*ordered)
    )


def _blocked(world: World, found: Reconciliation) -> list[exp.Expr]:
    """Whether a row has an outcome that a hard close may not leave open."""
    wanted, have = blocking_outcomes(world.ruleset.close), world.relation(found.name).column_names
    return [
        exp.EQ(this=column(name, "d"), expression=exp.Literal.string(outcome))
        for one in tables_of(world, found)
        for name, type_ in one.outputs
        for outcome in wanted
        if name in have and outcome in type_.values
    ]
