"""What a row looks up elsewhere: registers by key and date, stock by key; and small pieces of SQL that frames share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import BucketOf, Expression, RegisterField
from engine.plan.numbers import Value, cast, stored
from engine.plan.relation import Relation, column, table
from engine.plan.world import RunStopped, World

if TYPE_CHECKING:
    from engine.plan.frame import Frame, Guard

Lower = Callable[[Expression], Value]


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


def register_field(frame: Frame, node: RegisterField, lower: Lower) -> Value:
    """A field of the register row that the keys name and the date selects; of the row itself (no name) its first key."""
    register = frame.world.ruleset.registers[node.register]
    keys = {name: lower(key).sql for name, key in zip(register.record.identity, node.keys, strict=True)}
    extra: exp.Expr | None = None
    if register.history:
        day = frame.date if node.on is None else lower(node.on).sql
        since = exp.GTE(this=day.copy(), expression=column("valid-from", "@"))
        until = exp.LT(this=day.copy(), expression=column("valid-until", "@"))
        extra = exp.and_(since, until, copy=False)
    alias = frame.join(table(node.register), keys, extra)
    name = node.name or register.record.identity[0]
    return stored(column(name, alias), register.record.column(name).type)


def bucket(frame: Frame, node: BucketOf, lower: Lower) -> Value:
    """Units in a bucket at the end of the period, over the stock keys named; no row is none."""
    if node.on is not None:
        day = lower(node.on).sql
        if day.sql() != frame.date.sql():
            raise InternalError("stock on a date other than the period's end reached the plan")
    keys = {name: lower(key).sql for name, key in node.keys}
    grouped = (
        exp.select(*(column(name) for name in keys))
        .select(exp.alias_(exp.Sum(this=column("closing")), exp.to_identifier("closing", quoted=True)))
        .from_(table(frame.world.facts("stock")))
        .where(exp.EQ(this=column("bucket"), expression=exp.Literal.string(node.bucket)))
        .group_by(*(column(name) for name in keys))
    )
    alias = frame.join(grouped, keys)
    units = DataType(Family.QUANTITY)
    zero = exp.Literal.number("0")
    return Value(cast(exp.Coalesce(this=column("closing", alias), expressions=[zero]), "DECIMAL(38,3)"), units, 3)


def stop_where_broken(world: World, relation: Relation, guards: Sequence[Guard]) -> None:
    """RunStopped with the first row (in the grain's order) that breaks a guard."""
    number = column("guard")
    query = (
        exp.select(number, *(column(name) for name in relation.grain))
        .from_(table(relation.name))
        .where(exp.NEQ(this=number.copy(), expression=exp.Literal.number("0")))
        .order_by(*(column(name) for name in (*relation.grain, "guard")))
        .limit(1)
    )
    found = world.executor.rows(query)
    if found:
        guard = guards[int(str(found[0][0])) - 1]
        witness = ", ".join(f"{name} {value}" for name, value in zip(relation.grain, found[0][1:], strict=True) if value is not None)
        raise RunStopped(guard.code, f"{guard.message}; first at {witness}".replace("\x1f", " "), guard.rules)
