"""The exceptions of a run, read from its relations: rows that broke a control or that a reconciliation left open, and
units sold beyond stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from sqlglot import exp

from engine.model.checks.governance import VALUE
from engine.model.expression import Literal
from engine.model.ruleset import Control, Reconciliation
from engine.model.walk import operands
from engine.plan.controls import control_name, holds_label, operand_label
from engine.plan.relation import column, table
from engine.plan.unresolved import tables_of, unresolved
from engine.plan.world import World
from engine.run.conditions import CONTROL, RECONCILIATION, Raised, Row, digest_of
from engine.run.oversold import oversold
from engine.run.said import number, place, said, words_of

DECIDED = ("severity", "treatment", "approver")
"""Outputs of a reconciliation's tables that the page of a close knows by name."""

Cells = Mapping[str, object]


def read_exceptions(world: World) -> tuple[Raised, ...]:
    """Every exception of a run: those of controls in the order of the rules, those of reconciliations, then units sold
    beyond stock; rows in quarantine are the books' to tell of.

    A row of a reconciliation is one while expected and reported differ after the last stage, also where nothing was
    reported, or while a table's outcome for it is one that `hard close needs no open` names.
    """
    found: list[Raised] = []
    for control in world.ruleset.controls.values():
        if world.has(control_name(control)):
            found += _of_control(world, control)
    for reconciliation in world.ruleset.reconciliations.values():
        if world.has(reconciliation.name):
            found += _of_reconciliation(world, reconciliation)
    return (*found, *oversold(world))


# ---- controls --------------------------------------------------------------------------------------------------------


def _of_control(world: World, control: Control) -> list[Raised]:
    made = world.relation(control_name(control))
    columns = [one for one in made.column_names if one != "guard"]
    chosen = [column(one) for one in columns]
    rows = world.executor.rows(exp.select(*chosen).from_(table(made.name)).order_by(*(one.copy() for one in chosen)))

    def raised(row: Row, cells: list[Cells]) -> Raised:
        more = f" (first of {len(cells):,} rows)" if len(cells) > 1 else ""
        sentence = f"{_words(control, cells[0])}{more}"
        content = [text for one in cells for name, text in _texts(one) if name not in made.grain]
        about = (control.code, control.severity, control.role)
        return Raised(
            CONTROL, control.name, row, *about[:2], (), about[2], None, sentence,
            digest_of((sentence, *about, *content)), str(place(control.span)),
        )  # fmt: skip

    return _grouped(made.grain, (dict(zip(columns, one, strict=True)) for one in rows), raised)


def _words(control: Control, cells: Cells) -> str:
    """The tests of a control that do not hold in a row, with what they found."""
    found: list[str] = []
    for index, test in enumerate(control.needs.tests):
        holds = cells[holds_label(index)]
        if holds is True:
            continue
        values = {
            at: (_value(cells, operand_label(index, at)), one.type)
            for at, one in enumerate(operands(test))
            if at == 0 or not isinstance(one, Literal)
        }
        found.append(words_of(test, holds if isinstance(holds, bool) else None, values).words)
    return "; ".join(found)


def _value(cells: Cells, label: str) -> object:
    """A value of a row; a quotient is stored as two numbers."""
    value, over = cells[label], cells.get(f"{label}:over")
    if isinstance(value, Decimal) and isinstance(over, Decimal) and over:
        return (value / over).quantize(Decimal("0.000001"))
    return value


# ---- reconciliations -------------------------------------------------------------------------------------------------


def _of_reconciliation(world: World, found: Reconciliation) -> list[Raised]:
    tables = tables_of(world, found)
    outputs = [name for one in tables for name, _ in one.outputs]
    made = world.relation(found.name)
    columns = [one for one in made.column_names if one != "guard"]
    rows = world.executor.rows(unresolved(world, found, columns))
    names = (*columns, "left expected", "left reported")

    def raised(row: Row, cells: list[Cells]) -> Raised:
        one = cells[0]
        decided = {name: str(one[name]) for name in outputs if one.get(name) is not None}
        severity, _, owner = (decided.get(name, "") for name in DECIDED)
        outcomes = tuple(value for name, value in decided.items() if name not in ("severity", "approver"))
        sentence = _difference(one["left expected"], one["left reported"])
        content = [text for each in cells for name, text in _texts(each) if name not in made.grain]
        return Raised(
            RECONCILIATION, found.name, row, "", severity, outcomes, owner, _worth(one), sentence,
            digest_of((sentence, *content)), str(place(found.span)),
        )  # fmt: skip

    return _grouped(made.grain, (dict(zip(names, one, strict=True)) for one in rows), raised)


def _worth(cells: Cells) -> Decimal | None:
    """What a difference is worth; nothing is known of it where nothing was reported."""
    value = cells.get(VALUE)
    return value if isinstance(value, Decimal) and cells["left reported"] is not None else None


def _difference(expected: object, reported: object) -> str:
    if not isinstance(expected, Decimal):
        return f"expected nothing, reported {said(reported)}"
    if not isinstance(reported, Decimal):
        return f"expected {said(expected)} units, no report"
    difference = reported - expected
    sign = "+" if difference > 0 else ""
    return f"expected {said(expected)}, reported {said(reported)}: {sign}{number(difference)} units"


# ---- both ------------------------------------------------------------------------------------------------------------


def _grouped(
    grain: tuple[str, ...], rows: Iterable[Cells], raised: Callable[[Row, list[Cells]], Raised]
) -> list[Raised]:
    """One exception for each key: rows that nothing tells apart are one."""
    found: dict[Row, list[Cells]] = {}
    for cells in rows:
        found.setdefault(tuple((name, _key(cells[name])) for name in grain), []).append(cells)
    return [raised(row, cells) for row, cells in found.items()]


def _key(value: object) -> str | None:
    return None if value is None else said(value)


def _texts(cells: Cells) -> list[tuple[str, str | None]]:
    """Every cell as a text that is equal for equal values, however they are stored."""
    return [
        (name, None if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value))
        for name, value in cells.items()
    ]
