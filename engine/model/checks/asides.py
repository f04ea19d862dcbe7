"""Scenarios and examples: the names they speak of exist, and their grids are square."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from engine.model.binding.algebra import agree, fitted
from engine.model.binding.asker import Asker
from engine.model.binding.expressions import bind
from engine.model.binding.grains import fields_of, grain_of, layer_fields, own_fields
from engine.model.binding.grids import cell_name, square
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.world import World
from engine.model.books import BOOK
from engine.model.datatypes import DataType, Family
from engine.model.expression import LEDGER_ROWS, Expression, Grain, Literal
from engine.model.merging import Merged
from engine.model.ruleset import Ruleset

POSTED = ("side", "role", "amount", "booked", BOOK, "period", "account", "journal", "event-date", "posting-date")
OF_A_RUN = (BOOK, "period")
"""What tells apart the same row of several books and periods."""
GIVEN = ("known-at", "currency", "mark")


def check_asides(world: World, merged: Merged, ruleset: Ruleset) -> None:
    """Report unknown names in scenarios and examples."""
    for scenario in ruleset.scenarios.values():
        _scenario(world, merged, ruleset, scenario)
    for example in ruleset.examples:
        for given in example.givens:
            _given(world, given)
        if example.under is not None:
            _known(world, example.under, ruleset.scenarios, "scenario")
        for expect in example.expects:
            if isinstance(expect, syntax.ExpectRows):
                _expected(world, ruleset, expect)
            elif expect.name.text not in _expectable(world, ruleset):
                _known(world, expect.name, _expectable(world, ruleset), "journal, control, report, row or value")


# ---- scenarios -------------------------------------------------------------------------------------------------------


def _scenario(world: World, merged: Merged, ruleset: Ruleset, scenario: syntax.Scenario) -> None:
    _known(world, scenario.on, [name for name, _ in merged.lineage], "ruleset")
    shown = (*ruleset.accounts, *world.declared)
    for line in scenario.lines:
        if isinstance(line, syntax.SetParameter):
            _known(world, line.name, ruleset.parameters, "parameter")
            _answer(world, scenario, line)
        elif isinstance(line, syntax.ReplaceItem):
            _known(world, line.name, world.declared, "value")
            _answer(world, scenario, line)
        elif isinstance(line, syntax.InLayers):
            _known(world, line.layers, ruleset.layers, "layers")
        elif isinstance(line, syntax.ShowsBy):
            for name in line.names:
                _known(world, name, shown, "account role or value")
        elif line.kind.text not in world.kinds:
            _known(world, line.kind, world.kinds, "kind")
        elif isinstance(line, syntax.Project):
            bind_projection(world, line)
        else:
            pool = [key.name for key in projected_grain(world, line).keys if key.name != "week"]
            for name in line.each:
                _known(world, name, pool, "key of the pools")


def _answer(world: World, scenario: syntax.Scenario, line: syntax.SetParameter | syntax.ReplaceItem) -> None:
    """What a scenario sets must be what the item answers."""
    declared = world.declared.get(line.name.text)
    if declared is None:
        return
    type_, _ = world.type_of(declared.name, line.name.span)
    value = fitted(bind(world, Asker(f"scenario {scenario.name.text}", declared.grain), line.value, type_), type_)
    agree(world, Literal(type_, line.name.span, False, ""), value, line.value.span, "choose")


def bind_projection(world: World, line: syntax.Project) -> tuple[Expression, Grain]:
    """What is projected for each pool and week, bound; T202 where it is no quantity."""
    grain = projected_grain(world, line)
    value = bind(world, Asker(f"projection of {line.kind.text}", grain), line.at)
    agree(world, Literal(DataType(Family.QUANTITY), line.span, False, ""), value, line.at.span, "project")
    return value, grain


def projected_grain(world: World, line: syntax.Project | syntax.ProjectTrend) -> Grain:
    """What a projection has one quantity for: the keys of a pool, and the week."""
    scopes = [layers.scope for layers in world.layers.values()]
    week = syntax.Name(line.span, "week")
    names = (*(scopes[0].names if scopes else ()), syntax.Ref(line.span, (week,)))
    return grain_of(world, syntax.Scope(line.span, "names", names))


# ---- examples --------------------------------------------------------------------------------------------------------


def _given(world: World, given: syntax.Given) -> None:
    name = given.name.text
    if not square(world, given.grid):
        return
    columns = given.grid.head.cells
    if name in world.declared and world.declared[name].family == "parameter":
        return
    if name in world.rates:
        allowed: Iterable[str] = ("currency", "date", "rate")
    elif name in world.records:
        record = world.records[name]
        allowed = (name, *(column.name for column in record.columns), *GIVEN)
    else:
        _known(world, given.name, (*world.records, *world.rates, *world.declared), "register, kind, parameter or rates")
        return
    for column in columns:
        _column(world, column, tuple(allowed), name)


def _expected(world: World, ruleset: Ruleset, expect: syntax.ExpectRows) -> None:
    name = expect.name.text
    if name not in _expectable(world, ruleset):
        _known(world, expect.name, _expectable(world, ruleset), "journal, control, report, row or value")
        return
    if square(world, expect.grid):
        allowed = tuple(_columns(world, ruleset, name))
        for column in expect.grid.head.cells if allowed else ():
            _column(world, column, allowed, name)


def _expectable(world: World, ruleset: Ruleset) -> tuple[str, ...]:
    return (
        *ruleset.journals,
        *ruleset.controls,
        *ruleset.reports,
        *ruleset.reconciliations,
        *ruleset.tables,
        *world.declared,
        *world.buckets,
        *world.records,
        *LEDGER_ROWS,
        "layer",
        "override",
    )


def _columns(world: World, ruleset: Ruleset, name: str) -> Iterable[str]:
    """The columns a wanted row may name; nothing where the row has none known before the run."""
    if name == "layer":
        yield from (*OF_A_RUN, *layer_fields(world))
    elif name in ruleset.reconciliations or name in world.records:
        yield from own_fields(world, name)
        if name in ruleset.reconciliations:
            yield from (output for table in ruleset.tables.values() for output, _ in table.outputs)
            yield from (one for one, declared in world.declared.items() if name in declared.grain.rows)
    elif name in ruleset.journals:
        grain = ruleset.journals[name].grain
        yield from (*POSTED, *fields_of(world, grain), *(key.name for key in grain.keys))
        yield from (output for table in ruleset.tables.values() for output, _ in table.outputs)
        yield from (f"layer.{field}" for field in layer_fields(world))
        yield from (name for name in (*world.registers, *world.terms))
    elif name in LEDGER_ROWS:
        yield from (*OF_A_RUN, *own_fields(world, name))
    elif name in ruleset.reports:
        report = ruleset.reports[name]
        yield from (*OF_A_RUN, *(key.name for key in report.grain.keys), *(shown for shown, _ in report.shows))
        yield from ("role", "movement", "amount") if report.rolls else ()
    elif name in world.declared:
        grain = world.declared[name].grain
        yield from (*OF_A_RUN, name, *fields_of(world, grain), *(key.name for key in grain.keys))
        yield from (f"layer.{field}" for field in layer_fields(world)) if grain.form in ("slices", "layers") else ()


def _column(world: World, cell: syntax.Cell, allowed: tuple[str, ...], of: str) -> None:
    name = cell_name(cell)
    if name not in allowed:
        help_text = did_you_mean(name, allowed) or f"name a field of {of}"
        world.error("T101", f"{of} has no column `{name}`", cell.span, help_text)


def _known(world: World, name: syntax.Name | syntax.Ref, known: Iterable[str], word: str) -> None:
    names = tuple(known)
    if name.text not in names:
        world.error(
            "T101", f"no {word} `{name.text}`", name.span, did_you_mean(name.text, names) or f"declare the {word}"
        )
