"""Small pieces of SQL that frames and relations share, and the check that no guard is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlglot import exp

from engine.plan.numbers import Value
from engine.plan.relation import Relation, cast, column, named, table
from engine.plan.world import RunStopped, World


class Guarded(Protocol):
    """A condition that must never be true, with the sentence that says why the run stopped."""

    @property
    def code(self) -> str:
        """The diagnostic code."""

    @property
    def message(self) -> str:
        """The sentence."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules involved."""


def equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Equality of keys: missing equals itself."""
    return exp.NullSafeEQ(this=left, expression=right)


def with_alias(condition: exp.Expr, old: str, new: str) -> exp.Expr:
    """A condition whose columns of alias `old` speak of `new`."""
    copied = condition.copy()
    for found in copied.find_all(exp.Column):
        if found.table == old:
            found.set("table", exp.to_identifier(new, quoted=True))
    return copied


def scale_of(storage: str) -> int | None:
    """Digits behind the point of a column type; None where it is no number."""
    if storage.startswith("DECIMAL"):
        return int(storage.rstrip(")").split(",")[1])
    return 0 if storage in ("BIGINT", "INTEGER") else None


def as_stored(value: Value) -> exp.Expr:
    """The SQL of a value cast to the type its column declares."""
    return cast(value.sql, value.storage)


WITNESS = ("company", "partner", "part", "posting-date", "event-kind")
"""Columns that say which row is meant where a relation has no key of its own."""


def stop_where_broken(
    world: World, relation: Relation, guards: Sequence[Guarded], said: Callable[[Guarded], str]
) -> None:
    """RunStopped with the first row (in the grain's order) that breaks a guard; `said` ends the guard's sentence."""
    number = column("guard")
    shown = relation.grain or tuple(name for name in WITNESS if name in relation.column_names)
    query = (
        exp.select(number, *(column(name) for name in shown))
        .from_(table(relation.name))
        .where(exp.NEQ(this=number.copy(), expression=exp.Literal.number("0")))
        .order_by(*(column(name) for name in (*shown, "guard")))
        .limit(1)
    )
    found = world.executor.rows(query)
    if found:
        guard = guards[int(str(found[0][0])) - 1]
        witness = ", ".join(
            f"{name} {value}" for name, value in zip(shown, found[0][1:], strict=True) if value is not None
        )
        where = f"; first at {witness}" if witness else ""
        raise RunStopped(guard.code, f"{guard.message}{said(guard)}{where}".replace("\x1f", " "), guard.rules)


def running_sums(daily: exp.Query, keys: Sequence[str], beside: Sequence[tuple[str, exp.Expr]] = ()) -> exp.Query:
    """Daily sums to running ones, each valid from its day until the next day that has any.

    `beside` names further columns and what runs over the days for each.
    """
    parts = [column(name, "d") for name in keys]
    order = exp.Order(expressions=[exp.Ordered(this=column("day", "d"))])

    def over(function: exp.Expr) -> exp.Expr:
        return exp.Window(this=function, partition_by=[part.copy() for part in parts], order=order.copy())

    return exp.select(
        *(named(part.copy(), part.name) for part in parts),
        named(column("day", "d"), "valid-from"),
        named(over(exp.Lead(this=column("day", "d"))), "valid-until"),
        named(over(exp.Sum(this=column("total", "d"))), "total"),
        named(over(exp.Sum(this=column("rows", "d"))), "rows"),
        *(named(over(function), name) for name, function in beside),
    ).from_(daily.subquery(exp.to_identifier("d", quoted=True)))


def in_force(day: exp.Expr) -> exp.Expr:
    """Whether a running sum (of alias `@`) is the one in force on a day."""
    since = exp.LTE(this=column("valid-from", "@"), expression=day.copy())
    until = column("valid-until", "@")
    open_end = exp.or_(
        exp.Is(this=until, expression=exp.Null()), exp.GT(this=until.copy(), expression=day.copy()), copy=False
    )
    return exp.and_(since, exp.Paren(this=open_end), copy=False)


def running(
    function: exp.Expr, partition: Sequence[exp.Expr], order: Sequence[exp.Expr], before: bool = False
) -> exp.Expr:
    """A window function over the rows of a partition in an order, missing first: from the first row through this one,
    or with `before` through the one before."""
    ordered = [one if isinstance(one, exp.Ordered) else exp.Ordered(this=one, nulls_first=True) for one in order]
    last = exp.Literal.number("1") if before else "CURRENT ROW"
    side = "PRECEDING" if before else None
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=last, end_side=side)
    return exp.Window(this=function, partition_by=list(partition), order=exp.Order(expressions=ordered), spec=spec)
