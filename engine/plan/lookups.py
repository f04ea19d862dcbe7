"""What a row looks up elsewhere: registers by key and date, stock by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import BucketOf, Expression, FactField, RegisterField
from engine.plan.frame import IN_CURRENCY, Frame
from engine.plan.numbers import Value, stored
from engine.plan.relation import cast, column, table

Lower = Callable[[Expression], Value]


def register_field(frame: Frame, node: RegisterField, lower: Lower) -> Value:
    """A field of the register row that the keys name and the date selects; of the row itself (no name) its first
    key."""
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
    found = stored(column(name, alias), register.record.column(name).type)
    if frame.world.converts and found.type.family in IN_CURRENCY and not found.type.domain:
        return replace(found, currency=column("currency", alias))
    return frame.in_currency(found)


def fact_field(frame: Frame, node: FactField, lower: Lower) -> Value:
    """A field of the fact that a reference names, of all known by the period's end; missing where there is none."""
    record = frame.world.ruleset.kinds[node.kind].record
    on = {name: lower(key).sql for name, key in node.keys}
    alias = frame.join(table(frame.world.known(node.kind)), on)
    types = {one.name: one.type for one in record.columns}
    return stored(column(node.name, alias), types.get(node.name, node.type))


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
