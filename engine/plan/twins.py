"""Duplicates: rows that agree on some fields and lie close on another; of each connected group the earliest stays."""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.ruleset import Adjustment, Kind
from engine.plan.numbers import Value
from engine.plan.relation import Origin, Relation, column, named, table
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame
from engine.plan.world import World, date_literal


def make_twins(world: World, adjustment: Adjustment, name: str, rule: Origin) -> None:
    """Facts excluded as the later of twins, and the fact of the group that stays (`kept`).

    Among rows that agree, sorted by the field that may differ, a gap wider than allowed starts a new group: with one
    field of closeness, connected components are runs. A fact of a closed period stays as it is; of open ones the
    first by the action's field, then by identity.
    """
    kind = world.ruleset.kinds[adjustment.grain.rows[0]]
    if adjustment.twins is None:
        raise InternalError(f"adjustment {adjustment.name} excludes a twin and says of what")
    frame = fact_frame(world, kind.name, world.known(kind.name), "adjustment")
    frame.filter(exp.LTE(this=frame.column(kind.record.on or ""), expression=date_literal(world.period.end)))
    keys = [
        (f"key {index}", frame.lower(one, adjustment.grain))
        for index, one in enumerate(adjustment.twins.agree_on, start=1)
    ]
    is_open = exp.In(
        this=frame.column("fact"), query=exp.select(column("fact")).from_(table(world.facts(kind.name))).subquery()
    )
    frame.filter(exp.or_(is_open, _recent(world, kind, frame, adjustment.twins.within), copy=False))
    frame.define("#closed", Value(exp.Not(this=is_open.copy()), DataType(Family.YES_NO)))
    own: list[tuple[str, Value]] = [(label, value) for label, value in keys]
    frame.define_all(own)
    agree = [column(label, "t") for label, _ in keys]
    field, first_by = column(adjustment.twins.field, "t"), column(adjustment.action.by, "t")
    order = _order([field, column("identity", "t")])
    gap = exp.Sub(
        this=field.copy(), expression=exp.Window(this=exp.Lag(this=field.copy()), partition_by=agree, order=order)
    )
    apart = exp.GT(this=exp.Paren(this=gap), expression=exp.Literal.number(str(adjustment.twins.within)))
    begins = exp.Case().when(apart, exp.Literal.number("1")).else_(exp.Literal.number("0"))
    rows = frame.rows_query([]).select(exp.Column(this=exp.Star(), table=exp.to_identifier("r", quoted=True)))
    marked = exp.select(
        *agree,
        column("fact", "t"),
        column("identity", "t"),
        column("#closed", "t"),
        field.copy(),
        first_by.copy(),
        named(begins, "begins"),
    )
    marked = marked.from_(rows.subquery(exp.to_identifier("t", quoted=True)))
    total = exp.Sum(this=column("begins", "t"))
    group = exp.Window(this=total, partition_by=[one.copy() for one in agree], order=order.copy())
    grouped = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("t", quoted=True)), named(group, "group"))
    grouped = grouped.from_(marked.subquery(exp.to_identifier("t", quoted=True)))
    parts = [*(one.copy() for one in agree), column("group", "t")]
    closed_first = exp.Ordered(this=column("#closed", "t"), desc=True, nulls_first=False)
    stays = exp.Order(
        expressions=[closed_first, *_order([first_by.copy(), field.copy(), column("identity", "t")]).expressions]
    )
    kept = exp.Window(this=exp.FirstValue(this=column("fact", "t")), partition_by=parts, order=stays)
    chosen = exp.select(column("fact", "t"), column("#closed", "t"), named(kept, "kept")).from_(
        grouped.subquery(exp.to_identifier("t", quoted=True))
    )
    query = exp.select(column("fact"), column("kept")).from_(chosen.subquery("chosen"))
    query = query.where(exp.NEQ(this=column("fact"), expression=column("kept")), exp.Not(this=column("#closed")))
    world.add(Relation(name, ("fact",), (("fact", "BIGINT"), ("kept", "BIGINT")), query, rule))


def _recent(world: World, kind: Kind, frame: Frame, within: int) -> exp.Expr:
    """Whether a closed fact lies close enough to the first open one to be a twin of any."""
    on = kind.record.on or ""
    first = exp.select(exp.Min(this=column(on))).from_(table(world.facts(kind.name))).subquery()
    return exp.GTE(this=frame.column(on), expression=exp.Sub(this=first, expression=exp.Literal.number(str(within))))


def _order(by: list[exp.Expr]) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=one, nulls_first=True) for one in by])
