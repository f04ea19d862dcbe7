"""Small pieces of SQL that frames and relations share, and the check that no guard is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlglot import exp

from engine.plan.numbers import Value
from engine.plan.relation import Relation, cast, column, table
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
