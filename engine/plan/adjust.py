"""Adjustments: one stage after another, each over what the stage before left, all of a stage at once.

An adjustment never edits facts. It yields an effect: facts excluded, facts with another date, facts counted on
another day, facts recorded, or the parts that stand in the place of facts; the stage's effects together make the next
relation of each kind.
"""

from __future__ import annotations

from datetime import date

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain
from engine.model.ruleset import Adjustment, Kind, Reconciliation
from engine.plan.facts import MADE, PARTED, SETTLED, early_kinds, fact_columns, number_of, with_rows
from engine.plan.numbers import Value
from engine.plan.parting import make_parts, originals_of
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.twins import make_twins
from engine.plan.units.stock import union_all
from engine.plan.values.days import acts_within
from engine.plan.values.effective import in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame, reconciliation_frame
from engine.plan.within_limit import keep_within_limits
from engine.plan.world import RunStopped, World, date_literal, empty

EFFECTS = {
    "exclude": "excluded", "exclude-twin": "excluded", "date": "dated", "count": "counted", "record": "recorded",
    "split": "parted", "replace": "parted",
}  # fmt: skip
MAKING = ("recorded", "parted")
"""Effects that are facts; the others speak of facts that are there."""
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
    keep_within_limits(world, adjustment, frame)
    if adjustment.action.form == "record":
        _record(world, adjustment, frame, rule)
        return
    if EFFECTS[adjustment.action.form] == "parted":
        make_parts(world, adjustment, frame, effect_name(adjustment), _first_number(world, adjustment))
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
    if adjustment.action.form == "record":
        frame.filter(exp.LTE(this=frame.column(kind.record.on or ""), expression=date_literal(world.period.end)))
    elif not draws_in:
        frame.filter(acts_within(frame, kind))
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
    query = frame.rows_query([]).select(*selected, copy=False)
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
    base = exp.Literal.number(str(_first_number(world, adjustment)))
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


def _first_number(world: World, adjustment: Adjustment) -> int:
    """What the numbers of the facts that an adjustment makes in a period begin behind, without their sign."""
    index = sorted(world.ruleset.adjustments).index(adjustment.name)
    period = world.period.year * 100 + world.period.number
    return RECORDED * (index + 1) + RECORDED_IN_PERIOD * period


# ---- the stage's result ------------------------------------------------------------------------------------------


def _refuse_touched_twice(world: World, stage: str, adjustments: list[Adjustment]) -> None:
    """A fact that others stand in the place of is touched by nothing else in its stage: the run stops and names it."""
    touching = [one for one in adjustments if EFFECTS[one.action.form] != "recorded"]
    for parting in (one for one in adjustments if EFFECTS[one.action.form] == "parted"):
        for other in (one for one in touching if one is not parting):
            whole = exp.select(column("identity")).from_(table(f"{effect_name(parting)} of"))
            for effect in (parting, other):
                whole = whole.where(exp.In(this=column("fact"), query=_gone(effect).subquery()))
            for (identity,) in world.executor.rows(whole.order_by(column("identity")).limit(1)):
                fact = str(identity).replace("\x1f", " ").strip()
                both = f"`{parting.name}` and `{other.name}` both act on {fact} in stage {stage}"
                rules = (f"adjustment {parting.name}", f"adjustment {other.name}")
                raise RunStopped("T424", f"{both}; put one of them into another stage", rules)


def _apply(world: World, kind: Kind, stage: str, adjustments: list[Adjustment]) -> None:
    """The kind's facts after a stage: without the excluded, with new dates, with what was recorded."""
    _refuse_touched_twice(world, stage, adjustments)
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
    gone = [_gone(one) for one in adjustments if EFFECTS[one.action.form] in ("excluded", "parted")]
    if gone:
        rows = union_all(gone)
        query = query.where(exp.Not(this=exp.In(this=column("fact", "f"), query=rows.subquery())))
    recorded = [effect_name(one) for one in adjustments if EFFECTS[one.action.form] in MAKING]
    rule = Origin(f"kind {kind.name} after stage {stage}", kind.span)
    name = f"{kind.name} after {stage}"
    after = with_rows(world, query, recorded, kind)
    world.add(Relation(name, ("fact",), columns, after, rule, stored=kind.name in world.few))
    world.current[kind.name] = name


def _gone(adjustment: Adjustment) -> exp.Select:
    """The facts that an adjustment left out, or put others in the place of."""
    if EFFECTS[adjustment.action.form] == "parted":
        return originals_of(effect_name(adjustment))
    return exp.select(column("fact")).from_(table(effect_name(adjustment)))


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
        if form in ("excluded", "dated", "parted"):
            kept = "excluded" if form == "parted" else form
            found.setdefault(f"handed {kept}", []).append(_remembered(adjustment, kind, form))
        if form == "parted":
            found.setdefault(PARTED, []).append(_remembered(adjustment, kind, form))
        if form in ("excluded", "parted") and kind.name in early_kinds(world.ruleset):
            found.setdefault(SETTLED, []).append(_remembered(adjustment, kind, form, world.period.end))
        if form == "recorded" and adjustment.reverses_on is not None:
            found.setdefault(f"handed {kind.name}", []).append(_reversed(world, adjustment, kind))
    makes = {_target(one) for one in world.ruleset.adjustments.values() if EFFECTS[one.action.form] in MAKING}
    for kind in world.ruleset.kinds.values():
        if kind.name in makes or f"handed {kind.name}" in world.given:
            _hand_made(world, kind, found)
    _keep_earlier(world, found)
    return {name: union_all(queries) for name, queries in found.items()}


def _hand_made(world: World, kind: Kind, found: dict[str, list[exp.Query]]) -> None:
    """Facts that adjustments made and that stand after the last stage: those of the period are remembered, those of
    later days are open in the next."""
    source = _before_the_end(world, kind)
    by_adjustment = exp.Not(this=exp.Is(this=column("made-by"), expression=exp.Null()))
    ahead = [(f"handed {kind.name}", exp.GT)] if kind.name in early_kinds(world.ruleset) else []
    for name, falls in ((f"handed recorded {kind.name}", exp.LTE), *ahead):
        day = falls(this=column(kind.record.on or ""), expression=date_literal(world.period.end))
        query = exp.select(*(column(one) for one, _ in fact_columns(kind.record))).from_(table(source))
        found.setdefault(name, []).append(query.where(by_adjustment.copy(), day))


def _before_the_end(world: World, kind: Kind) -> str:
    """A kind's facts after the last stage, those of later days included."""
    stages = [stage for one in world.ruleset.reconciliations.values() for stage in one.stages]
    names = [f"{kind.name} after {stage}" for stage in reversed(stages)]
    return next((one for one in (*names, f"{kind.name} as loaded") if world.has(one)), kind.name)


def _keep_earlier(world: World, found: dict[str, list[exp.Query]]) -> None:
    """What earlier hard closes excluded, re-dated, parted and recorded stays remembered."""
    for name in sorted(world.given):
        if name in ("handed excluded", "handed dated", PARTED):
            names = ["kind", "identity", *(["date"] if name == "handed dated" else [])]
        elif name == SETTLED:
            for kind in world.ruleset.kinds.values():
                found.setdefault(name, []).append(_still_ahead(world, kind))
            continue
        elif name.startswith("handed recorded "):
            kind = world.ruleset.kinds[name.removeprefix("handed recorded ")]
            names = [one for one, _ in fact_columns(kind.record)]
        else:
            continue
        found.setdefault(name, []).append(exp.select(*(column(one) for one in names)).from_(table(name)))


def _remembered(adjustment: Adjustment, kind: Kind, form: str, after: date | None = None) -> exp.Query:
    """Facts that an adjustment touched, by identity; `after` a day, only those dated later."""
    loaded = f"{kind.name} as loaded"
    touched: exp.Expr = table(effect_name(adjustment), "e")
    if form == "parted":
        touched = originals_of(effect_name(adjustment)).subquery(exp.to_identifier("e", quoted=True))
    same = exp.EQ(this=column("fact", "e"), expression=column("fact", "f"))
    dated = [column("date", "e")] if form == "dated" else []
    selected = [named(cast(exp.Literal.string(kind.name), "VARCHAR"), "kind"), column("identity", "f"), *dated]
    query = exp.select(*selected).from_(touched).join(table(loaded, "f"), on=same, copy=False)
    if after is None:
        return query
    return query.where(exp.GT(this=column(kind.record.on or "", "f"), expression=date_literal(after)))


def _still_ahead(world: World, kind: Kind) -> exp.Query:
    """Facts settled by a closed period that no close has consumed by their own date yet."""
    same = exp.EQ(this=column("identity", "p"), expression=column("identity", "i"))
    own = exp.EQ(this=column("kind", "p"), expression=exp.Literal.string(kind.name))
    later = exp.GT(this=column(kind.record.on or "", "i"), expression=date_literal(world.period.end))
    query = exp.select(column("kind", "p"), column("identity", "p")).distinct().from_(table(SETTLED, "p"))
    return query.join(table(f"input {kind.name}", "i"), on=exp.and_(same, own, copy=False), copy=False).where(later)


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
