"""Who reads what in a period, in the order of the close: every rule that the plan lowers, over its rows."""

from __future__ import annotations

from dataclasses import replace

from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, FieldOf, Grain, ItemOf, KeyOf
from engine.model.posting_order import trues_up
from engine.model.ruleset import Adjustment, Control, Journal, Layers, PostingLine, Reconciliation, Report, Ruleset
from engine.model.told import ADJUSTMENTS, DELIVERIES, EXCEPTIONS
from engine.plan.posting.corrections import SHARES
from engine.plan.refusals.offered import (
    BALANCES,
    HISTORY,
    KEYS,
    LAYERS,
    POSTED,
    STOCK,
    Offered,
    Shape,
    fact_rows,
    line_rows,
    measured_rows,
    slice_rows,
    why_not,
)
from engine.plan.refusals.reading import Reading
from engine.plan.refusals.reading_shares import read_allocations, read_by_period
from engine.plan.refusals.refusing import Refusals
from engine.plan.refusals.shapes import kept_digits
from engine.plan.units.changing import becomes_a_quotient
from engine.plan.values.expected import read_expected


def read_everything(ruleset: Ruleset, refusals: Refusals) -> None:
    """Refuse whatever a rule reads that is not there when the close comes to it."""
    reading = Reading(ruleset, refusals)
    made = frozenset[str]()
    for found in list(ruleset.reconciliations.values())[:1]:
        made = _reconcile(ruleset, reading, refusals, found)
    made |= {KEYS} if ruleset.stock is None else {STOCK, KEYS}
    if ruleset.reconciliations:
        made |= {HISTORY}
    for layers in ruleset.layers.values():
        _layers(ruleset, reading, layers, made)
    if ruleset.layers:
        made |= {LAYERS}
    read_allocations(ruleset, reading, refusals, made)
    read_by_period(ruleset, refusals)
    for journal in ruleset.journals.values():
        _journal(ruleset, reading, refusals, journal, made)
    _segments(ruleset, reading, made)
    made |= {BALANCES, POSTED}
    for share in SHARES:
        reading.store("correction", share, Shape(kept_digits(ruleset), kept_digits(ruleset)))
    made |= _told(ruleset, DELIVERIES, ADJUSTMENTS)
    for control in ruleset.controls.values():
        rows = _rows(ruleset, reading, refusals, control, made)
        if rows is not None:
            reading.tests(control.when, rows, control.grain)
            reading.tests(control.needs, rows, control.grain)
    made |= _told(ruleset, EXCEPTIONS)
    for report in ruleset.reports.values():
        rows = _rows(ruleset, reading, refusals, report, made) if report.shows else None
        if rows is not None:
            for _, value in report.shows:
                reading.value(value, rows, report.grain)
    read_expected(ruleset, reading, refusals, made)


def _told(ruleset: Ruleset, *told: str) -> frozenset[str]:
    """The kinds that the books tell of something."""
    return frozenset(one.name for one in ruleset.kinds.values() if one.told in told)


def _reconcile(ruleset: Ruleset, reading: Reading, refusals: Refusals, found: Reconciliation) -> frozenset[str]:
    stages = [
        [one for one in ruleset.adjustments.values() if (one.reconciliation, one.stage) == (found.name, stage)]
        for stage in found.stages
    ]
    for adjustments in stages[:-1]:
        for adjustment in adjustments:
            _adjustment(ruleset, reading, refusals, adjustment, frozenset())
    sides = Offered(frozenset(), frozenset(key.name for key in found.grain.keys), frozenset({STOCK}))
    reading.value(found.expected, sides, found.grain)
    for _, tests in found.includes:
        reading.tests(tests, sides, found.grain)
    for local in found.locals:
        known = {(found.name, name) for name in ("expected", "reported", *sides.locals)}
        step = Offered(frozenset(known), sides.keys, sides.made, locals=sides.locals)
        shape = reading.value(local.value, step, found.grain)
        sides.locals[local.name] = shape
        reading.store(found.name, local.name, shape)
    measured = frozenset({STOCK, found.name})
    rows = measured_rows(found, measured)
    for table in ruleset.tables.values():
        if table.grain.rows == (found.name,):
            for name, type_ in table.outputs:
                item = ItemOf(type_, table.span, False, name, (), None)
                reading.store(found.name, name, reading.value(item, rows, found.grain))
    made = measured | {f"{found.name} decided"}
    for adjustment in stages[-1] if stages else ():
        _adjustment(ruleset, reading, refusals, adjustment, made)
    return made


def _adjustment(
    ruleset: Ruleset, reading: Reading, refusals: Refusals, adjustment: Adjustment, made: frozenset[str]
) -> None:
    row = adjustment.grain.rows[0] if adjustment.grain.form == "rows" else ""
    if row not in (*ruleset.kinds, *ruleset.reconciliations):
        return
    changed = ruleset.kinds.get(adjustment.action.name if adjustment.action.form == "record" else row)
    if changed is not None and changed.told:
        words = f"`{adjustment.name}` on {changed.name}: what the books tell of is not adjusted"
        refusals.add(adjustment.span, words, "adjust the facts that it tells of")
        return
    if row in ruleset.reconciliations:
        if row not in made:
            refusals.add(
                adjustment.span,
                f"`{adjustment.name}` in stage {adjustment.stage}: rows of {row} are known in its last stage",
                "put it into the last stage",
            )
            return
        rows = measured_rows(ruleset.reconciliations[row], made)
        rows.adjustment = True
    else:
        rows = fact_rows(ruleset, row, made, adjustment=True)
    grain, action = adjustment.grain, adjustment.action
    reading.tests(adjustment.when, rows, grain)
    for one in adjustment.twins.agree_on if adjustment.twins is not None else ():
        reading.value(one, rows, grain)
    for cap in adjustment.caps:
        shape = reading.limit(cap, replace(rows, adjustment=False))
        if shape.over is not None:
            refusals.add(cap.limit.span, "a quotient of units", "write `rounded(...)`")
    if action.dated is not None:
        reading.value(action.dated, rows, grain)
    if action.form == "replace":
        register = ruleset.registers[action.name].record
        beside = frozenset((register.name, one.name) for one in register.columns)
        rows = replace(rows, fields=rows.fields | beside)
    if action.value is not None:
        shape = reading.value(action.value, rows, grain)
        if action.form == "replace" and shape.over is not None:
            refusals.add(action.value.span, "a quotient of units in a part", "write `rounded(...)`")
        if action.form == "record" and (shape.over is not None or (shape.scale or 0) > 3):
            refusals.add(
                action.value.span, "a quantity of more than three digits behind the point", "write `rounded(...)`"
            )


def _layers(ruleset: Ruleset, reading: Reading, layers: Layers, made: frozenset[str]) -> None:
    for kind in (*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds):
        rows = fact_rows(ruleset, kind, made)
        for _, tests in layers.ignores:
            reading.tests(tests, rows, layers.grain)
        if kind in layers.leaving_kinds:
            for field, tests in layers.leave_by:
                if field in rows.keys:
                    reading.tests(tests, rows, Grain("rows", (kind,), (), (), ""))
    for name in layers.carried:
        shapes = [_carried(ruleset, reading, layers, kind, name, made) for kind in layers.opening_kinds]
        over = max((one.over for one in shapes if one.over is not None), default=None)
        scale = max((one.scale for one in shapes if one.scale is not None), default=None)
        reading.store("layer", name, Shape(scale, over))
        reading.store("layer", f"{name}:after", Shape(scale, over))
        if becomes_a_quotient(ruleset, layers, name):
            # What changes and may be a quotient is kept as two whole numbers (engine.plan.units.changing).
            reading.store("layer", name, Shape(0, 0))
            reading.store("layer", f"{name}:after", Shape(0, 0))
    for change in layers.changes:
        grain = Grain("layers", ("layer", change.kind), (), (), "")
        reading.value(change.value, slice_rows(ruleset, (change.kind,), made), grain)


def _carried(ruleset: Ruleset, reading: Reading, layers: Layers, kind: str, name: str, made: frozenset[str]) -> Shape:
    """What an opening fact gives a layer: a field, or an amount or decision asked for by the fact."""
    record = ruleset.kinds[kind].record
    columns = {one.name: one.type for one in record.columns}
    grain, rows = Grain("rows", (kind,), (), (), ""), fact_rows(ruleset, kind, made)
    if name in columns:
        return reading.value(FieldOf(columns[name], layers.span, False, kind, name), rows, grain)
    if name in ruleset.amounts:
        return reading.value(ItemOf(ruleset.amounts[name].type, layers.span, False, name, (), None), rows, grain)
    decision = ruleset.decisions[name]
    keys = tuple((key.name, KeyOf(key.type, layers.span, False, key.name)) for key in decision.grain.keys)
    on = decision.as_of if decision.as_of in columns else record.on or ""
    as_of: Expression | None = FieldOf(DataType(Family.DATE), layers.span, False, kind, on) if decision.as_of else None
    return reading.value(ItemOf(decision.type, layers.span, False, name, keys, as_of), rows, grain)


def _journal(ruleset: Ruleset, reading: Reading, refusals: Refusals, journal: Journal, made: frozenset[str]) -> None:
    rows = _rows(ruleset, reading, refusals, journal, made | {BALANCES} if trues_up(journal) else made)
    if rows is None:
        return
    reading.tests(journal.when, rows, journal.grain)
    for local in journal.locals:
        rows.locals[local.name] = reading.value(local.value, rows, journal.grain)
    reading.value(journal.posts_on, rows, journal.grain)
    for line in journal.lines:
        value = line.value if isinstance(line, PostingLine) else line.target
        reading.value(line.role, rows, journal.grain)
        if reading.value(value, rows, journal.grain).over is not None:
            refusals.add(value.span, "a quotient in a line", "write `rounded(...)`")


def _segments(ruleset: Ruleset, reading: Reading, made: frozenset[str]) -> None:
    rows = line_rows(made)
    for table in ruleset.tables.values():
        for name, type_ in table.outputs if table.grain.form == "lines" else ():
            reading.value(ItemOf(type_, table.span, False, name, (), None), rows, table.grain)


def _rows(
    ruleset: Ruleset, reading: Reading, refusals: Refusals, item: Control | Journal | Report, made: frozenset[str]
) -> Offered | None:
    """The rows an item of its own is worked out for; None, and refused, where there are none."""
    reason = why_not(ruleset, item.grain, made)
    if reason:
        refusals.add(item.span, f"`{item.name}`: {reason}", "")
        return None
    return reading.rows_of(item.grain, made)
