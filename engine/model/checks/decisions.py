"""Decisions and tables as far as no proof is needed: outcomes nobody reads (T304), cells nobody wrote (T301)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from dsl.diagnostics import Diagnostics
from engine.model.binding.terms import UNKNOWN
from engine.model.datatypes import Family
from engine.model.expression import (
    ComparisonOf,
    Expression,
    FieldOf,
    ItemOf,
    Literal,
    OneOfTest,
)
from engine.model.ruleset import CellTest, Decision, Ruleset, Table
from engine.model.walk import tests_under


def check_decisions(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Report outcomes that nothing explains or reads, and table columns that leave values out."""
    read = _outcomes_read(ruleset)
    for decision in ruleset.decisions.values():
        _outcomes(decision, read[decision.name], diagnostics)
    for table in ruleset.tables.values():
        for at, value in enumerate(table.inputs):
            _column(table, value, [row.cells[at] for row in table.rows if len(row.cells) > at], diagnostics)


# ---- outcomes --------------------------------------------------------------------------------------------------------


def _outcomes(decision: Decision, read: frozenset[str], diagnostics: Diagnostics) -> None:
    for outcome in decision.type.values:
        if outcome not in read and not _explained(decision, outcome):
            diagnostics.warning(
                "T304",
                f"outcome `{outcome}` of `{decision.name}` is read by nothing, and no `why` explains it",
                decision.span,
                f"read it in a journal's `when`, or say why `{outcome}` needs nothing",
            )


def _explained(decision: Decision, outcome: str) -> bool:
    usual = isinstance(decision.usual, Literal) and decision.usual.value == outcome
    if (usual or not isinstance(decision.usual, Literal)) and decision.meta.why:
        return True
    return any(
        rule.meta.why and (not isinstance(rule.value, Literal) or rule.value.value == outcome)
        for rule in decision.exceptions
    )


def _outcomes_read(ruleset: Ruleset) -> dict[str, frozenset[str]]:
    """By decision, the outcomes that a test outside it names, of the decision or of layers that carry it."""
    found: dict[str, set[str]] = {name: set() for name in ruleset.decisions}
    for holder in _holders(ruleset):
        for test in tests_under(holder):
            if not isinstance(test, ComparisonOf | OneOfTest):
                continue
            decision = ruleset.decisions.get(_decision_read(test.left))
            if decision is not None and decision is not holder:
                found[decision.name].update(_named(test, decision))
    for table in ruleset.tables.values():
        for value in table.inputs:
            decision = ruleset.decisions.get(_decision_read(value))
            if decision is not None:
                found[decision.name].update(decision.type.values)
    return {name: frozenset(outcomes) for name, outcomes in found.items()}


def _holders(ruleset: Ruleset) -> Iterator[object]:
    for mapping in (
        ruleset.journals,
        ruleset.amounts,
        ruleset.allocations,
        ruleset.parameters,
        ruleset.controls,
        ruleset.adjustments,
        ruleset.layers,
        ruleset.reconciliations,
        ruleset.decisions,
    ):
        yield from mapping.values()


def _decision_read(value: Expression) -> str:
    if isinstance(value, FieldOf):
        return value.name if value.row == "layer" else ""
    return value.item if isinstance(value, ItemOf) else ""


def _named(test: ComparisonOf | OneOfTest, decision: Decision) -> tuple[str, ...]:
    """The outcomes a test tells apart; one that is negated, or compares with a field, tells all apart."""
    options = test.options if isinstance(test, OneOfTest) else (test.right,)
    plain = not test.negated if isinstance(test, OneOfTest) else test.operator == "is"
    literals = [str(option.value) for option in options if isinstance(option, Literal)]
    return tuple(literals) if plain and len(literals) == len(options) else decision.type.values


# ---- tables ----------------------------------------------------------------------------------------------------------


def _column(table: Table, value: Expression, cells: list[CellTest], diagnostics: Diagnostics) -> None:
    """What no cell of a column takes, no row can take: values of a closed list, stretches of a number, missing."""
    if value.type == UNKNOWN or not cells or any(cell.form == "any" for cell in cells):
        return
    gap = ""
    if value.perhaps and not any(cell.form == "missing" for cell in cells):
        gap = "missing"
    elif value.type.family is Family.ENUMERATION:
        taken = {one.value for cell in cells for one in cell.values if isinstance(one, Literal)}
        gap = next((one for one in value.type.values if one not in taken), "")
    elif value.type.is_numeric:
        gap = _gap(cells)
    if gap:
        text = " ".join(value.span.text.split())
        diagnostics.error(
            "T301", f"no row of `{table.name}` takes {text} {gap}", table.span, "add a row, or write `any` in one"
        )


Stretch = tuple[Decimal | None, Decimal | None]


def _gap(cells: list[CellTest]) -> str:
    """The first stretch that no cell takes; a bound two cells both leave out is not told here, the run guards it."""
    found = (_stretch(cell) for cell in cells if cell.form != "missing")
    stretches = sorted(found, key=lambda one: (one[0] is not None, one[0] or Decimal(0)))
    if not stretches:
        return ""
    reached: Decimal | None = None
    first = stretches[0][0]
    # Counts and sizes begin at 0, so a first bound at or below it leaves nothing out.
    if first is not None and first > 0:
        return f"under {first}"
    for low, high in stretches:
        if reached is not None and low is not None and low > reached:
            return f"{reached} to under {low}"
        if high is None:
            return ""
        reached = high if reached is None else max(reached, high)
    return f"at least {reached}"


def _stretch(cell: CellTest) -> Stretch:
    ends = [one.value for one in cell.values if isinstance(one, Literal) and isinstance(one.value, Decimal)]
    if cell.form == "range" and len(ends) == 2:
        return ends[0], ends[1]
    if cell.form == "compare" and ends:
        return (None, ends[0]) if cell.operator in ("under", "at-most") else (ends[0], None)
    return (ends[0], ends[0]) if ends else (None, None)
