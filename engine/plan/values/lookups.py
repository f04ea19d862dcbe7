"""What a row looks up elsewhere: registers by key and date, stock by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import BucketOf, Expression, FactField, RegisterField
from engine.model.schema import IDENTITY_SEPARATOR
from engine.plan.fragments import in_force, running_sums
from engine.plan.numbers import Value, stored
from engine.plan.relation import cast, column, named, table
from engine.plan.units.stock import make_daily_stock
from engine.plan.values.frame import IN_CURRENCY, Frame
from engine.plan.world import date_literal

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
    if frame.world.converts and (node.register, name) == ("company", "currency"):
        reporting = exp.Literal.string(frame.world.ruleset.head.currency)
        return replace(found, sql=exp.Coalesce(this=found.sql, expressions=[reporting]))
    if frame.world.converts and found.type.family in IN_CURRENCY and not found.type.domain:
        return replace(found, currency=column("currency", alias))
    return frame.in_currency(found)


def fact_field(frame: Frame, node: FactField, lower: Lower) -> Value:
    """A field of the fact that a reference names, of all known by the period's end; missing where there is none."""
    record = frame.world.ruleset.kinds[node.kind].record
    on = {name: lower(key).sql for name, key in node.keys}
    if "identity" in on:
        on["identity"] = referred(frame, node.kind, on["identity"])
    alias = frame.join(table(frame.world.known(node.kind)), on)
    types = {one.name: one.type for one in record.columns}
    return stored(column(node.name, alias), types.get(node.name, node.type))


def referred(frame: Frame, kind: str, reference: exp.Expr) -> exp.Expr:
    """The identity that a reference to a fact means: the keys of the fact parted by `/`, without the company, which is
    the row's own where it has one."""
    identity = frame.world.ruleset.kinds[kind].record.identity
    if len(identity) == 1:
        return reference
    parts = [reference, exp.Literal.string("/"), exp.Literal.string(IDENTITY_SEPARATOR)]
    keys: exp.Expr = exp.Anonymous(this="REPLACE", expressions=parts)
    if identity[0] == "company" and "company" in frame.keys:
        company = exp.Coalesce(this=frame.key("company").sql, expressions=[exp.Literal.string("")])
        keys = exp.DPipe(this=exp.DPipe(this=company, expression=parts[2].copy()), expression=keys)
    whole = exp.Anonymous(this="CONTAINS", expressions=[reference.copy(), parts[2].copy()])
    return exp.Case().when(whole, reference.copy()).else_(keys)


def bucket(frame: Frame, node: BucketOf, lower: Lower) -> Value:
    """Units in a bucket at the end of a day, over the stock keys named; no row is none.

    The day is the one named, else the row's own, else the period's last; of days before those that are known, missing.
    """
    day = frame.date.copy() if node.on is None else lower(node.on).sql
    keys = {name: lower(key).sql for name, key in node.keys}
    if day.sql() != date_literal(frame.world.period.end).sql():
        return _on_day(frame, node.bucket, keys, day)
    grouped = (
        exp.select(*(column(name) for name in keys))
        .select(exp.alias_(exp.Sum(this=column("closing")), exp.to_identifier("closing", quoted=True)))
        .from_(table(frame.world.facts("stock")))
        .where(exp.EQ(this=column("bucket"), expression=exp.Literal.string(node.bucket)))
        .group_by(*(column(name) for name in keys))
    )
    alias = frame.join(grouped, keys)
    return _units(column("closing", alias))


def _units(sql: exp.Expr) -> Value:
    zero = exp.Literal.number("0")
    return Value(cast(exp.Coalesce(this=sql, expressions=[zero]), "DECIMAL(38,3)"), DataType(Family.QUANTITY), 3)


def _on_day(frame: Frame, name: str, keys: dict[str, exp.Expr], day: exp.Expr) -> Value:
    """Units at the end of a day: what moved up to it, on top of what was handed over."""
    world = frame.world
    source = make_daily_stock(world)
    group = [column(one) for one in keys]
    total = named(exp.Sum(this=column("quantity")), "total")
    daily = exp.select(*group, column("day"), total, named(exp.Count(this=exp.Star()), "rows"))
    daily = daily.from_(table(source)).where(
        exp.EQ(this=column("bucket"), expression=exp.Literal.string(name)), copy=False
    )
    daily = daily.group_by(*(one.copy() for one in group), column("day"), copy=False)
    alias = frame.join(running_sums(daily, list(keys)), keys, in_force(day))
    found = _units(column("total", alias))
    if not world.follows:
        return found
    known = exp.GTE(this=day.copy(), expression=date_literal(world.period.start - timedelta(days=1)))
    return Value(exp.Case().when(known, found.sql).else_(exp.Null()), found.type, found.scale)
