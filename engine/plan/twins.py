"""Duplicates: rows that agree on some fields and lie close on another; of each connected group the earliest stays."""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.ruleset import Adjustment, Kind
from engine.plan.facts import PARTED, parted_facts
from engine.plan.numbers import Value
from engine.plan.relation import Origin, Relation, column, named, table
from engine.plan.values.days import acts_within
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame
from engine.plan.world import World


def make_twins(world: World, adjustment: Adjustment, name: str, rule: Origin) -> None:
    """Facts excluded as the later of twins, and the fact of the group that stays (`kept`).

    Among rows that agree, sorted by the field that may differ, a gap wider than allowed starts a new group: with one
    field of closeness, connected components are runs. A fact of a closed period stays as it is; of open ones the
    first by the action's field, then by identity.
    """
    kind = world.ruleset.kinds[adjustment.grain.rows[0]]
    if adjustment.twins is None:
        raise InternalError(f"adjustment {adjustment.name} excludes a twin and says of what")
    frame = fact_frame(world, kind.name, _as_sent(world, kind), "adjustment")
    frame.filter(acts_within(frame, kind))
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


def _as_sent(world: World, kind: Kind) -> str:
    """Everything known of a kind; a fact that was parted is there itself, and its parts are not."""
    parting = [one for one in world.ruleset.adjustments.values() if one.action.form in ("split", "replace")]
    names = [exp.Literal.string(one.name) for one in parting if one.grain.rows == (kind.name,)]
    known, name = world.known(kind.name), f"{kind.name} as sent"
    if not names:
        return known
    if not world.has(name):
        made = world.relation(known)
        ours = exp.Coalesce(this=exp.In(this=column("made-by"), expressions=names), expressions=[exp.false()])
        query: exp.Query = exp.select(*(column(one) for one in made.column_names)).from_(table(known))
        query = query.where(exp.Not(this=ours))
        if world.executor_has(PARTED):
            query = exp.union(query, parted_facts(world, kind), distinct=False)
        world.add(Relation(name, made.grain, made.columns, query, made.origin, stored=False))
    return name


def _recent(world: World, kind: Kind, frame: Frame, within: int) -> exp.Expr:
    """Whether a closed fact lies close enough to the first open one to be a twin of any."""
    on = kind.record.on or ""
    first = exp.select(exp.Min(this=column(on))).from_(table(world.facts(kind.name))).subquery()
    return exp.GTE(this=frame.column(on), expression=exp.Sub(this=first, expression=exp.Literal.number(str(within))))


def _order(by: list[exp.Expr]) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=one, nulls_first=True) for one in by])
