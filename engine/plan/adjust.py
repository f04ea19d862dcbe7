"""Adjustments: one stage after another, each over what the stage before left, all of a stage at once.

An adjustment never edits facts. It yields an effect: facts excluded, facts with another date, facts counted on
another day, or facts recorded; the stage's effects together make the next relation of each kind.
"""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain
from engine.model.ruleset import Adjustment, Kind, Reconciliation
from engine.plan.facts import MADE, fact_columns, number_of, with_rows
from engine.plan.numbers import Value
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.twins import make_twins
from engine.plan.units.stock import union_all
from engine.plan.values.effective import in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame, reconciliation_frame
from engine.plan.world import World, date_literal, empty

EFFECTS = {"exclude": "excluded", "exclude-twin": "excluded", "date": "dated", "count": "counted", "record": "recorded"}
RECORDED = 10**15
"""Numbers of recorded facts are negative: -(place of the adjustment, from 1, times this, plus the period's number times
RECORDED_IN_PERIOD, plus the row). A fact may wait over hard closes, so no later period may use its number again."""
RECORDED_IN_PERIOD = 10**9
REVERSED = 5 * 10**14
"""The reversal of a recorded fact is numbered this much lower: as a period's number it would be the year 5000."""


def run_stage(world: World, reconciliation: Reconciliation, stage: str) -> None:
    """Run every adjustment of a stage and make the next relation of each kind it touched."""
    here = [
        one
        for one in world.ruleset.adjustments.values()
        if one.reconciliation == reconciliation.name and one.stage == stage
    ]
    for adjustment in here:
        _make_effect(world, adjustment)
    touched = sorted({_target(one) for one in here})
    for kind in touched:
        _apply(world, world.ruleset.kinds[kind], stage, [one for one in here if _target(one) == kind])


def effect_name(adjustment: Adjustment) -> str:
    """The relation that holds what an adjustment did."""
    return f"adjustment {adjustment.name}"


def _target(adjustment: Adjustment) -> str:
    return adjustment.action.name if adjustment.action.form == "record" else adjustment.grain.rows[0]


def _make_effect(world: World, adjustment: Adjustment) -> None:
    rule = Origin(f"adjustment {adjustment.name}", adjustment.span)
    if adjustment.action.form == "exclude-twin":
        make_twins(world, adjustment, effect_name(adjustment), rule)
        return
    frame = _rows(world, adjustment)
    dates = in_effect(adjustment.meta, frame.date)
    frame.filter(exp.and_(*dates, frame.test(adjustment.when, adjustment.grain), copy=False))
    if adjustment.action.form == "record":
        _record(world, adjustment, frame, rule)
        return
    outputs = [("fact", Value(frame.column("fact"), DataType(Family.NUMBER)))]
    if adjustment.action.form in ("date", "count"):
        if adjustment.action.value is None:
            raise InternalError(f"adjustment {adjustment.name} moves a date and says none")
        day = frame.lower(adjustment.action.value, adjustment.grain)
        outputs.append(("date", Value(_not_before(world, day.sql), day.type)))
    made = [(label, cast(value.sql, "BIGINT" if label == "fact" else "DATE")) for label, value in outputs]
    query = frame.rows_query([]).select(*(named(sql, label) for label, sql in made))
    columns = tuple((label, "BIGINT" if label == "fact" else "DATE") for label, _ in made)
    world.add(Relation(effect_name(adjustment), ("fact",), columns, query, rule))


def _not_before(world: World, day: exp.Expr) -> exp.Expr:
    """A date an adjustment gives lies no earlier than the first day of the period that gives it."""
    start = date_literal(world.period.start)
    return exp.Case().when(exp.LT(this=day, expression=start), start.copy()).else_(day.copy())


def _rows(world: World, adjustment: Adjustment) -> Frame:
    row = adjustment.grain.rows[0]
    if row in world.ruleset.reconciliations:
        frame = reconciliation_frame(world, row, world.facts(row))
        frame.mode = "adjustment"
        return frame
    kind = world.ruleset.kinds[row]
    draws_in = adjustment.action.form in ("date", "count")
    relation = world.known(row) if adjustment.action.form == "record" else world.facts(row)
    frame = fact_frame(world, row, relation, "adjustment")
    if not draws_in:
        frame.filter(exp.LTE(this=frame.column(kind.record.on or ""), expression=date_literal(world.period.end)))
    return frame


# ---- recorded facts ----------------------------------------------------------------------------------------------


def _record(world: World, adjustment: Adjustment, frame: Frame, rule: Origin) -> None:
    """A new fact of the kind named, with the row's fields of the same names."""
    kind = world.ruleset.kinds[adjustment.action.name]
    if adjustment.action.value is None:
        raise InternalError(f"adjustment {adjustment.name} records no quantity")
    dated = adjustment.action.dated
    frame.prepare((adjustment.action.value, dated), adjustment.grain)
    quantity = frame.value(adjustment.action.value)
    day = frame.value(dated).sql if dated is not None else frame.date.copy()
    own = {
        "quantity": cast(quantity.sql, "DECIMAL(18,3)"),
        kind.record.on or "": _not_before(world, day),
        **_implied(world, adjustment, frame, day),
    }
    selected: list[exp.Expr] = []
    for name, storage in fact_columns(kind.record):
        selected.append(
            named(cast(own[name] if name in own else _same_name(frame, adjustment.grain, name, storage), storage), name)
        )
    query = frame.rows_query([]).select(*selected)
    world.add(Relation(effect_name(adjustment), ("fact",), fact_columns(kind.record), query, rule))


def _same_name(frame: Frame, grain: Grain, name: str, storage: str) -> exp.Expr:
    row = grain.rows[0]
    if (row, name) in frame.fields:
        return frame.field(row, name).sql
    return frame.key(name).sql if name in frame.keys else empty(storage)


def _implied(world: World, adjustment: Adjustment, frame: Frame, day: exp.Expr) -> dict[str, exp.Expr]:
    row = adjustment.grain.rows[0]
    if row in world.ruleset.kinds:
        row_identity: exp.Expr = frame.column("identity")
        made_from: exp.Expr = frame.column("fact")
        currency: exp.Expr = frame.column("currency")
    else:
        keys = [
            exp.Coalesce(this=frame.column(key.name), expressions=[exp.Literal.string("")])
            for key in adjustment.grain.keys
        ]
        row_identity = keys[0]
        for key in keys[1:]:
            row_identity = exp.DPipe(
                this=exp.DPipe(this=row_identity, expression=exp.Literal.string("\x1f")), expression=key
            )
        made_from = empty("BIGINT")
        currency = exp.Literal.string(world.ruleset.head.currency)
    prefix = exp.Literal.string(f"{adjustment.name}\x1f{world.period.name}\x1f")
    identity = exp.DPipe(this=prefix, expression=row_identity)
    index = sorted(world.ruleset.adjustments).index(adjustment.name)
    period = world.period.year * 100 + world.period.number
    base = exp.Literal.number(str(RECORDED * (index + 1) + RECORDED_IN_PERIOD * period))
    number = exp.Neg(this=exp.Paren(this=exp.Add(this=base, expression=number_of([row_identity.copy()]))))
    return {
        "identity": identity,
        "currency": currency,
        "known-at": date_literal(world.period.end),
        "version": exp.Literal.number("1"),
        "mark": exp.Literal.string(adjustment.mark) if adjustment.mark else empty("VARCHAR"),
        "made-by": exp.Literal.string(adjustment.name),
        "made-from": made_from,
        "counted-on": _not_before(world, day.copy()),
        "fact": number,
    }


# ---- the stage's result ------------------------------------------------------------------------------------------


def _apply(world: World, kind: Kind, stage: str, adjustments: list[Adjustment]) -> None:
    """The kind's facts after a stage: without the excluded, with new dates, with what was recorded."""
    before = world.facts(kind.name)
    columns = fact_columns(kind.record)
    changed: dict[str, exp.Expr] = {}
    query = exp.select().from_(table(before, "f"))
    for form, name in (("dated", kind.record.on or ""), ("counted", "counted-on")):
        effects = [one for one in adjustments if EFFECTS[one.action.form] == form]
        if effects:
            rows = union_all(
                [exp.select(column("fact"), column("date")).from_(table(effect_name(one))) for one in effects]
            )
            same = exp.EQ(this=column("fact", form), expression=column("fact", "f"))
            query = query.join(
                rows.subquery(exp.to_identifier(form, quoted=True)), on=same, join_type="left", copy=False
            )
            changed[name] = exp.Coalesce(this=column("date", form), expressions=[column(name, "f")])
            if form == "dated":
                changed["counted-on"] = exp.Coalesce(this=column("date", form), expressions=[column("counted-on", "f")])
    query = query.select(*(named(changed[name], name) if name in changed else column(name, "f") for name, _ in columns))
    excluded = [one for one in adjustments if EFFECTS[one.action.form] == "excluded"]
    if excluded:
        rows = union_all([exp.select(column("fact")).from_(table(effect_name(one))) for one in excluded])
        query = query.where(exp.Not(this=exp.In(this=column("fact", "f"), query=rows.subquery())))
    recorded = [effect_name(one) for one in adjustments if EFFECTS[one.action.form] == "recorded"]
    rule = Origin(f"kind {kind.name} after stage {stage}", kind.span)
    name = f"{kind.name} after {stage}"
    after = with_rows(world, query, recorded, kind)
    world.add(Relation(name, ("fact",), columns, after, rule, stored=kind.name in world.few))
    world.current[kind.name] = name


def handed_adjustments(world: World) -> dict[str, exp.Query]:
    """What a hard close must remember of its adjustments: facts excluded, facts re-dated, facts recorded, facts to
    reverse.

    Queries by the relation the next run is given: `handed excluded`, `handed dated`, `handed recorded KIND`, `handed
    KIND`.
    """
    found: dict[str, list[exp.Query]] = {}
    for adjustment in world.ruleset.adjustments.values():
        if not world.has(effect_name(adjustment)):
            continue
        form = EFFECTS[adjustment.action.form]
        kind = world.ruleset.kinds[_target(adjustment)]
        if form in ("excluded", "dated"):
            found.setdefault(f"handed {form}", []).append(_remembered(adjustment, kind, form))
        elif form == "recorded":
            columns = [column(name) for name, _ in fact_columns(kind.record)]
            query = exp.select(*columns).from_(table(effect_name(adjustment)))
            found.setdefault(f"handed recorded {kind.name}", []).append(query)
            if adjustment.reverses_on is not None:
                found.setdefault(f"handed {kind.name}", []).append(_reversed(world, adjustment, kind))
    _keep_earlier(world, found)
    return {name: union_all(queries) for name, queries in found.items()}


def _keep_earlier(world: World, found: dict[str, list[exp.Query]]) -> None:
    """What earlier hard closes excluded, re-dated and recorded stays remembered, and reversals that fell due in this
    run."""
    for kind in world.ruleset.kinds.values():
        if f"handed {kind.name}" in world.given:
            columns = [column(one) for one, _ in fact_columns(kind.record)]
            query = exp.select(*columns).from_(table(f"handed {kind.name}"))
            found.setdefault(f"handed recorded {kind.name}", []).append(query)
    for name in sorted(world.given):
        if name in ("handed excluded", "handed dated"):
            names = ["kind", "identity", *(["date"] if name == "handed dated" else [])]
        elif name.startswith("handed recorded "):
            kind = world.ruleset.kinds[name.removeprefix("handed recorded ")]
            names = [one for one, _ in fact_columns(kind.record)]
        else:
            continue
        found.setdefault(name, []).append(exp.select(*(column(one) for one in names)).from_(table(name)))


def _remembered(adjustment: Adjustment, kind: Kind, form: str) -> exp.Query:
    loaded = f"{kind.name} as loaded"
    same = exp.EQ(this=column("fact", "e"), expression=column("fact", "f"))
    dated = [column("date", "e")] if form == "dated" else []
    selected = [named(cast(exp.Literal.string(kind.name), "VARCHAR"), "kind"), column("identity", "f"), *dated]
    return (
        exp.select(*selected).from_(table(effect_name(adjustment), "e")).join(table(loaded, "f"), on=same, copy=False)
    )


def _reversed(world: World, adjustment: Adjustment, kind: Kind) -> exp.Query:
    """The opposite movement on the first day of the next period, linked by its identity to what it undoes."""
    start = date_literal(world.calendar.next(world.period).start)
    changed: dict[str, exp.Expr] = {
        "quantity": exp.Neg(this=column("quantity")),
        kind.record.on or "": start,
        "counted-on": start.copy(),
        "identity": exp.DPipe(this=exp.Literal.string("reversal\x1f"), expression=column("identity")),
        "fact": exp.Sub(this=column("fact"), expression=exp.Literal.number(str(REVERSED))),
    }
    selected = [
        named(cast(changed[name], storage), name) if name in changed else column(name)
        for name, storage in (*kind.record.stored, *MADE)
    ]
    return exp.select(*selected).from_(table(effect_name(adjustment)))
