"""Values that an example expects by name: an amount, a decision or a table's outcome, for each row of its own grain."""

from __future__ import annotations

from dataclasses import dataclass

from dsl import syntax
from dsl.span import Span
from engine.model.datatypes import DataType, Family
from engine.model.expression import LEDGER_ROWS, Expression, Grain, ItemOf, KeyOf
from engine.model.ruleset import Allocation, Amount, Decision, Ruleset, Table
from engine.plan.facts import PERIOD
from engine.plan.numbers import Value, shown
from engine.plan.refusals.offered import why_not
from engine.plan.refusals.reading import Reading
from engine.plan.refusals.refusing import Refusals
from engine.plan.relation import Origin, Relation
from engine.plan.values.frame import Frame
from engine.plan.values.frames import frame_of
from engine.plan.values.tables import table_of, type_of
from engine.plan.world import World


@dataclass(frozen=True, slots=True)
class Expected:
    """A value as an example asks for it: the item that gives it, and the value read on the date that governs it."""

    item: Amount | Decision | Table | Allocation
    node: ItemOf
    grain: Grain


def expected_value(ruleset: Ruleset, name: str, span: Span) -> Expected | None:
    """The value of a name that stands for one; None where it stands for something else."""
    shared = ruleset.allocations.get(name)
    if shared is not None:
        row = shared.grain.rows[0] if shared.shares.over == PERIOD else shared.shares.over
        parts = Grain("rows", (row,), (), shared.shares.part_grain.keys, shared.grain.calendar)
        return Expected(shared, ItemOf(shared.type, span, False, name, (), None), parts)
    item = ruleset.amounts.get(name) or ruleset.decisions.get(name) or table_of(ruleset, name)
    if item is None:
        return None
    type_ = item.type if isinstance(item, Decision) else type_of(ruleset, name)
    as_of: Expression | None = None
    if isinstance(item, Decision) and item.as_of:
        as_of = KeyOf(DataType(Family.DATE), span, False, item.as_of)
    return Expected(item, ItemOf(type_, span, False, name, (), as_of), item.grain)


def read_expected(ruleset: Ruleset, reading: Reading, refusals: Refusals, made: frozenset[str]) -> None:
    """Refuse what examples expect and no run makes, and what stands in the way of working a value out by itself."""
    for example in ruleset.examples:
        for expect in example.expects:
            _read_one(ruleset, reading, refusals, expect, made)


def _read_one(
    ruleset: Ruleset,
    reading: Reading,
    refusals: Refusals,
    expect: syntax.ExpectRows | syntax.ExpectNoOther,
    made: frozenset[str],
) -> None:
    name, span = expect.name.text, expect.name.span
    if _is_made(ruleset, name):
        return
    found = expected_value(ruleset, name, span)
    if found is None:
        refusals.add(span, f"`expect {name}`: an example sees what a run makes", _instead(ruleset, name))
        return
    reason = why_not(ruleset, found.grain, made)
    if reason:
        refusals.add(span, f"`expect {name}`: {reason}", "expect what reads it")
        return
    rows = reading.rows_of(found.grain, made)
    if isinstance(found.node.as_of, KeyOf) and found.node.as_of.name not in rows.keys:
        day = found.node.as_of.name
        refusals.add(span, f"`expect {name}`: it is decided as of {day}, which its rows lack", "expect what reads it")
        return
    reading.value(found.node, rows, found.grain)


def _is_made(ruleset: Ruleset, name: str) -> bool:
    """Whether a run makes a relation that an example may read by this name."""
    items = (ruleset.journals, ruleset.controls, ruleset.reports, ruleset.reconciliations)
    records = (ruleset.kinds, ruleset.registers)
    always = name in LEDGER_ROWS or (name == "layer" and bool(ruleset.layers))
    return always or any(name in one for one in (*items, *records))


def _instead(ruleset: Ruleset, name: str) -> str:
    if name in ruleset.tables:
        return f"expect one of its outcomes: {', '.join(f'`{output}`' for output, _ in ruleset.tables[name].outputs)}"
    if name in ruleset.parameters:
        return "expect an amount that reads it"
    if ruleset.stock is not None and name in ruleset.stock.buckets:
        return "expect a reconciliation that compares it, or `layer`"
    return "expect a journal, a control, a report, a reconciliation, an amount, an allocation, a decision or `layer`"


def make_expected(world: World, found: Expected, columns: tuple[str, ...]) -> Relation:
    """The value under its own name, beside those of `columns` that its rows have."""
    frame = frame_of(world, found.grain)
    value = shown(frame.lower(found.node, found.grain), world.half)
    outputs = [(name, one) for name in columns if (one := _beside(world, frame, name)) is not None]
    outputs.append((found.node.item, value))
    name = f"expected {found.node.item}"
    return frame.relation(name, (), outputs, Origin(name, found.node.span))


def make_expected_corrections(world: World, columns: tuple[str, ...]) -> Relation:
    """Corrections of closed periods with the columns that an example asks for."""
    frame = frame_of(world, Grain("corrections", ("correction",), (), (), ""))
    found = ((name, _beside(world, frame, f"correction.{name}")) for name in columns or ("amount",))
    outputs = [(name, value) for name, value in found if value is not None]
    return frame.relation("expected correction", (), outputs, Origin("correction"))


def _beside(world: World, frame: Frame, name: str) -> Value | None:
    row, _, field = name.rpartition(".")
    if (row, field) in frame.fields:
        return shown(frame.field(row, field), world.half)
    return frame.key(name) if name in frame.keys or name == "period" else None
