"""Syntax trees to a ruleset: `resolve` merges the texts, declares every name, binds every item and runs the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.binding.answers import bind_allocation, bind_amount, bind_decision, bind_meta
from engine.model.binding.books import bind_control, bind_journal, bind_report
from engine.model.binding.calendars import bind_calendar
from engine.model.binding.declaring import declare
from engine.model.binding.facts import bind_adjustment, bind_kind, bind_layers, bind_reconciliation, bind_register
from engine.model.binding.grains import grain_of
from engine.model.binding.grids import bind_accounts, bind_parameter, bind_table
from engine.model.binding.measures import bind_unit
from engine.model.binding.records import rate_record
from engine.model.binding.terms import UNKNOWN
from engine.model.binding.versions import ending, meta_of
from engine.model.binding.world import World
from engine.model.checks.asides import bind_projection, check_asides, projected_grain
from engine.model.checks.decisions import check_decisions
from engine.model.checks.governance import check_governance
from engine.model.checks.journals import check_journals
from engine.model.checks.layering import check_layers
from engine.model.checks.loops import check_loops
from engine.model.datatypes import DataType
from engine.model.merging import Merged, merge
from engine.model.ruleset import (
    Account,
    Allocation,
    Amount,
    Book,
    Citation,
    Decision,
    Head,
    Item,
    Meta,
    Parameter,
    RateSet,
    Reconciliation,
    Role,
    Ruleset,
    Stock,
    Table,
)
from engine.model.scenarios import (
    AnyProjection,
    Projection,
    TrendProjection,
    UnderScenario,
    changes_of,
    shown_by,
    under_scenario,
)

NodeType = TypeVar("NodeType", bound=syntax.Item)
BoundType = TypeVar("BoundType", bound=Item)


def resolve(texts: Sequence[syntax.RulesetText]) -> tuple[Ruleset | None, Diagnostics]:
    """One ruleset from a base and its overlays, base first: every name bound, every type known, every check run.

    Gives None where anything is an error; warnings alone do not refuse a ruleset.
    """
    diagnostics = Diagnostics()
    merged = merge(texts, diagnostics)
    if merged is None:
        return None, diagnostics
    ruleset, _ = _resolved(merged, tuple(texts), diagnostics)
    return ruleset, diagnostics


def resolve_under(ruleset: Ruleset, scenario: str) -> tuple[UnderScenario | None, Diagnostics]:
    """A ruleset as one of its scenarios changes it, checked like any other; it has no scenarios and no examples.

    KeyError where it has no scenario of that name.
    """
    diagnostics = Diagnostics()
    node = ruleset.scenarios[scenario]
    merged = merge(ruleset.trees, diagnostics)
    if merged is None:
        return None, diagnostics
    changed = replace(merged, items=under_scenario(merged.items, node))
    found, world = _resolved(changed, ruleset.trees, diagnostics)
    if found is None:
        return None, diagnostics
    lines = (line for line in node.lines if isinstance(line, syntax.Project | syntax.ProjectTrend))
    projections = tuple(_projection(world, line) for line in lines)
    changes = changes_of(node, merged.items)
    return UnderScenario(scenario, node.name.span, found, changes, projections, shown_by(node)), diagnostics


def _projection(world: World, line: syntax.Project | syntax.ProjectTrend) -> AnyProjection:
    if isinstance(line, syntax.ProjectTrend):
        each = tuple(one.text for one in line.each)
        periods, within = int(line.forward.number), int(line.within.number)
        return TrendProjection(line.kind.text, periods, each, within, projected_grain(world, line), line.span)
    value, grain = bind_projection(world, line)
    return Projection(line.kind.text, int(line.forward.number), value, grain, line.span)


def _resolved(
    merged: Merged, texts: tuple[syntax.RulesetText, ...], diagnostics: Diagnostics
) -> tuple[Ruleset | None, World]:
    world = declare(merged, diagnostics)
    ruleset = Binder(world).ruleset(merged, texts)
    check_layers(world, ruleset, diagnostics)
    check_journals(ruleset, diagnostics)
    check_decisions(ruleset, diagnostics)
    check_loops(ruleset, diagnostics)
    check_governance(world, merged, ruleset, diagnostics)
    check_asides(world, merged, ruleset)
    return (None if diagnostics.errors else ruleset), world


class Binder:
    """Binds items on demand: a value's type may need another item first, and a definition that goes round is T313."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.values: dict[str, Amount | Allocation | Decision | Parameter | Table] = {}
        self.under_way: list[str] = []
        world.type_of = self.type_of

    def type_of(self, name: str, span: Span) -> tuple[DataType, bool]:
        """The type of a declared value and whether it may be missing."""
        declared = self.world.declared[name]
        known = self.world.output_types.get(name)
        owner = declared.node.name.text
        if owner in self.under_way:
            if known is None:
                self._goes_round(owner, span)
            return known or UNKNOWN, False
        if declared.family == "output":
            assert isinstance(declared.node, syntax.Table)
            return known or UNKNOWN, _may_be_nobody(declared.node, name)
        value = self.value(owner)
        if isinstance(value, Amount):
            return value.type, value.value.perhaps
        if isinstance(value, Allocation):
            return value.type, False
        return known or UNKNOWN, False

    def value(self, name: str) -> Amount | Allocation | Decision | Parameter | Table:
        """A value item, bound once."""
        if name not in self.values:
            self.under_way.append(name)
            self.values[name] = self._bind(name)
            self.under_way.pop()
        return self.values[name]

    def _bind(self, name: str) -> Amount | Allocation | Decision | Parameter | Table:
        world, node = self.world, self.world.value_nodes[name]
        meta, later = self._meta(node), []
        if name in world.versions:
            nodes = world.versions[name]
            (_, meta), *later = zip(nodes, ending(nodes, [self._meta(one) for one in nodes]), strict=True)
        if isinstance(node, syntax.Amount):
            amounts = [(one, its) for one, its in later if isinstance(one, syntax.Amount)]
            return bind_amount(world, node, world.declared[name].grain, meta, amounts)
        if isinstance(node, syntax.Allocation):
            return bind_allocation(world, node, grain_of(world, node.scope), meta)
        if isinstance(node, syntax.Decision):
            decisions = [(one, its) for one, its in later if isinstance(one, syntax.Decision)]
            return bind_decision(world, node, world.declared[name].grain, meta, decisions)
        if isinstance(node, syntax.Parameter):
            return bind_parameter(world, node, world.declared[name].grain, meta)
        tables = [(one, its) for one, its in later if isinstance(one, syntax.Table)]
        return bind_table(world, node, grain_of(world, node.scope), meta, tables)

    def _goes_round(self, name: str, span: Span) -> None:
        loop = " -> ".join((*self.under_way[self.under_way.index(name) :], name))
        self.world.error(
            "T313", f"definition goes round: {loop}", span, "let one of them read what does not depend on it"
        )

    def _meta(self, node: syntax.Item) -> Meta:
        return bind_meta(self.world, node, meta_of(node))

    def ruleset(self, merged: Merged, trees: tuple[syntax.RulesetText, ...]) -> Ruleset:
        """Everything bound, item by item in order of the text."""
        world = self.world
        reconciliations: dict[str, Reconciliation] = self._each(
            syntax.Reconciliation, lambda node, meta: bind_reconciliation(world, node, meta)
        )
        for name in world.value_nodes:
            self.value(name)
        accounts: dict[str, Account] = {}
        for node in world.of_type(syntax.Accounts):
            accounts |= bind_accounts(world, node)
        closes = world.of_type(syntax.Close)
        return Ruleset(
            head=_head(merged),
            citations=self._each(syntax.Citation, _citation),
            roles=self._each(syntax.Role, lambda node, meta: _role(world, node, meta)),
            calendars={name: bind_calendar(world, node) for name, node in world.calendars.items()},
            rates=self._each(syntax.Rates, _rates),
            units=self._each(syntax.Unit, lambda node, meta: bind_unit(world, node, meta)),
            books=self._each(syntax.Book, lambda node, meta: _book(world, node, meta)),
            terms=dict(world.terms),
            registers={name: bind_register(world, node) for name, node in world.registers.items()},
            kinds={name: bind_kind(world, node) for name, node in world.kinds.items()},
            stock=_stock(world),
            layers=self._each(syntax.Layers, lambda node, meta: bind_layers(world, node, meta)),
            accounts=accounts,
            reconciliations=reconciliations,
            adjustments=self._each(syntax.Adjustment, lambda node, meta: bind_adjustment(world, node, meta)),
            controls=self._each(syntax.Control, lambda node, meta: bind_control(world, node, meta)),
            tables={name: one for name, one in self.values.items() if isinstance(one, Table)},
            decisions={name: one for name, one in self.values.items() if isinstance(one, Decision)},
            parameters={name: one for name, one in self.values.items() if isinstance(one, Parameter)},
            amounts={name: one for name, one in self.values.items() if isinstance(one, Amount)},
            allocations={name: one for name, one in self.values.items() if isinstance(one, Allocation)},
            journals=self._each(syntax.Journal, lambda node, meta: bind_journal(world, node, meta)),
            reports=self._each(syntax.Report, lambda node, meta: bind_report(world, node, meta)),
            close=closes[0] if closes else None,
            scenarios={node.name.text: node for node in world.of_type(syntax.Scenario)},
            examples=_own_examples(world, trees),
            texts=merged.texts,
            trees=trees,
        )

    def _each(self, family: type[NodeType], binding: Callable[[NodeType, Meta], BoundType]) -> dict[str, BoundType]:
        found: dict[str, BoundType] = {}
        for node in self.world.of_type(family):
            found.setdefault(node.name.text, binding(node, self._meta(node)))
        return found


def _own_examples(world: World, trees: tuple[syntax.RulesetText, ...]) -> tuple[syntax.Example, ...]:
    """The examples of the last text: those of its base hold for the base, and are run with it."""
    held = {id(item) for item in trees[-1].items}
    return tuple(item for item in world.items if isinstance(item, syntax.Example) and id(item) in held)


def _may_be_nobody(node: syntax.Table, output: str) -> bool:
    at = [name.text for name in node.decides].index(output)
    cells: Iterable[syntax.Cell] = (row.outputs[at] for row in node.grid.rows if len(row.outputs) > at)
    return any(isinstance(cell, syntax.AnyCell) for cell in cells)


# ---- small items -----------------------------------------------------------------------------------------------------


def _head(merged: Merged) -> Head:
    node, base = merged.head, merged.base
    return Head(
        node.name.text,
        node.version,
        node.owner.text if node.owner else "",
        base.currency.text if base.currency else "",
        node.effective_from,
        base.rounding.text if base.rounding else "",
        tuple(name.text for name in node.open_to_overlays),
        tuple(name.text for name in node.approval_by),
        base.no_self_approval or node.no_self_approval,
        int(base.overrides_lapse.number) if base.overrides_lapse else None,
        base.conversion,
        merged.lineage,
        node.span,
    )


def _citation(node: syntax.Citation, meta: Meta) -> Citation:
    texts = tuple(text.text for text in node.texts)
    return Citation(node.name.text, node.name.span, meta, texts, tuple(text.text for text in node.replaces))


def _role(world: World, node: syntax.Role, meta: Meta) -> Role:
    if node.overrides is not None and node.overrides.text not in world.reconciliations:
        world.error(
            "T101", f"no reconciliation `{node.overrides.text}`", node.overrides.span, "name what the role may override"
        )
    limit = node.limit
    return Role(
        node.name.text,
        node.name.span,
        meta,
        node.overrides.text if node.overrides else "",
        limit.number if limit else None,
        limit.unit.text if limit else "",
        tuple(word.text for word in node.needs),
    )


def _rates(node: syntax.Rates, meta: Meta) -> RateSet:
    crossed = node.crossed_through.text if node.crossed_through else ""
    quoted, days = node.quoted_to.text, int(node.stale_after.number)
    name = node.name
    record = rate_record(name.text, node.feed.text)
    return RateSet(name.text, name.span, meta, node.feed.text, quoted, days, crossed, node.from_quoted, record)


def _book(world: World, node: syntax.Book, meta: Meta) -> Book:
    base = node.on_top_of
    if base is not None and base.text not in world.books:
        world.error("T101", f"no book `{base.text}`", base.span, "declare it with `book`")
    return Book(node.name.text, node.name.span, meta, base.text if base else "", node.posts)


def _stock(world: World) -> Stock | None:
    if world.stock is None:
        return None
    grain = grain_of(world, world.stock.scope)
    return Stock(world.stock.span, tuple(key.name for key in grain.keys), world.buckets)
