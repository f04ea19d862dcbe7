"""Grids as values: tables, parameters, the chart of accounts. A grid is never read until it is square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from dsl import syntax
from dsl.span import Span
from engine.model.binding.algebra import agree, fitted, said_type
from engine.model.binding.answers import bind_exceptions
from engine.model.binding.asker import Asker
from engine.model.binding.expressions import bind
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import (
    ACCOUNT_TYPES,
    NATURES,
    PERSON_ROLE,
    SEVERITIES,
    TEXT,
    UNKNOWN,
    one_of,
    type_named,
)
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, Grain, KeyOf, Literal
from engine.model.ruleset import Account, Band, CellTest, Meta, Parameter, Table, TableRow

ACCOUNT_COLUMNS = ("role", "account", "title", "type", "normal", "nature")
SEVERITY = one_of("severity", SEVERITIES)


def square(world: World, grid: syntax.Grid) -> bool:
    """Whether every row has as many cells as the head; each that has not is T001."""
    width, behind = len(grid.head.cells), len(grid.head.outputs)
    good = True
    for row in grid.rows:
        if (len(row.cells), len(row.outputs)) != (width, behind):
            world.error(
                "T001",
                f"this row has {len(row.cells) + len(row.outputs)} cells, the head has {width + behind}",
                row.span,
                "a grid is read only when every row has a cell for each column",
            )
            good = False
    return good


def cell_name(cell: syntax.Cell) -> str:
    """The word a cell holds: a name, a number or a date as written, a string's text."""
    if isinstance(cell, syntax.Quoted):
        return cell.text
    return " ".join(cell.span.text.split())


# ---- tables ----------------------------------------------------------------------------------------------------------


def output_types(world: World, versions: Sequence[syntax.Table]) -> dict[str, DataType]:
    """The type of each output: its term, severities, roles, a path's last field, else the closed list of its cells."""
    found: dict[str, DataType] = {}
    for at, name in enumerate(versions[0].decides):
        cells = [row.outputs[at] for table in versions for row in table.grid.rows if len(row.outputs) > at]
        found[name.text] = world.terms.get(name.text) or _type_of_cells(world, name.text, cells)
    return found


def _type_of_cells(world: World, name: str, cells: list[syntax.Cell]) -> DataType:
    if name == "severity":
        return SEVERITY
    words: list[str] = []
    for cell in cells:
        if isinstance(cell, syntax.AnyCell):
            continue
        if isinstance(cell, syntax.Quoted):
            return TEXT
        value = cell.values[0] if isinstance(cell, syntax.ValueCell) else None
        if isinstance(value, syntax.Ref) and len(value.parts) > 1:
            return world.terms.get(value.parts[-1].text, TEXT)
        if isinstance(value, syntax.Measure | syntax.Percent):
            return bind(world, Asker(name, Grain("once", (), (), (), "")), value).type
        if not isinstance(value, syntax.Ref):
            return TEXT
        words.append(value.text)
    if words and all(word in world.roles for word in words):
        return PERSON_ROLE
    return one_of(name, dict.fromkeys(words))


def bind_table(
    world: World, node: syntax.Table, grain: Grain, meta: Meta, later: Sequence[tuple[syntax.Table, Meta]] = ()
) -> Table:
    """A table: inputs bound in its grain, a test for each cell before `=>`, a value for each behind it; the rows of
    later versions of it behind its own."""
    name = node.name.text
    asker = Asker(f"table {name}", grain)
    head = node.grid.head
    inputs = tuple(_input(world, asker, cell) for cell in head.cells[1:])
    outputs = tuple((output.text, world.declared_type(output.text)) for output in node.decides)
    if [cell_name(cell) for cell in head.outputs] != [output for output, _ in outputs]:
        world.error(
            "T001",
            f"`{name}` decides {', '.join(o for o, _ in outputs)}, and its columns say otherwise",
            head.span,
            "name the columns behind `=>` in the order of `decides`",
        )
    rows: list[TableRow] = []
    for version, its in ((node, meta), *later):
        own: list[TableRow] = []
        if square(world, version.grid):
            for row in version.grid.rows:
                own.append(_table_row(world, asker, row, inputs, outputs, own))
        rows += own if not later else _of_version(own, its, {row.name for row in rows})
    return Table(name, node.name.span, meta, grain, inputs, outputs, tuple(rows))


def _of_version(rows: Sequence[TableRow], meta: Meta, taken: set[str]) -> list[TableRow]:
    """Rows with the dates of their version; one whose name an earlier version has is told apart by its date."""
    names = [f"{row.name} from {meta.effective_from}" if row.name in taken else row.name for row in rows]
    return [replace(row, name=name, meta=meta) for row, name in zip(rows, names, strict=True)]


def _input(world: World, asker: Asker, cell: syntax.Cell) -> Expression:
    if isinstance(cell, syntax.ValueCell) and len(cell.values) == 1:
        return bind(world, asker, cell.values[0])
    world.error("T001", "the head of a table names its inputs", cell.span, "write a name or `absolute NAME`")
    return Literal(UNKNOWN, cell.span, False, "")


def _table_row(
    world: World,
    asker: Asker,
    row: syntax.Row,
    inputs: tuple[Expression, ...],
    outputs: tuple[tuple[str, DataType], ...],
    before: list[TableRow],
) -> TableRow:
    name = cell_name(row.cells[0])
    if any(one.name == name for one in before):
        world.error("T605", f"a row `{name}` is there already", row.cells[0].span, "rename one of them")
    cells = tuple(_cell_test(world, asker, cell, value) for cell, value in zip(row.cells[1:], inputs, strict=False))
    values = tuple(_output(world, asker, cell, type_) for cell, (_, type_) in zip(row.outputs, outputs, strict=False))
    return TableRow(name, row.cells[0].span, cells, values)


def _cell_test(world: World, asker: Asker, cell: syntax.Cell, value: Expression) -> CellTest:
    if isinstance(cell, syntax.AnyCell):
        if cell.word == "nobody":
            world.error("T001", "`nobody` can stand only behind `=>`", cell.span, "write `any`")
        return CellTest("any" if cell.word != "missing" else "missing", "", (), cell.span)
    if isinstance(cell, syntax.CompareCell):
        bound = _cell_value(world, asker, cell.value, value.type)
        agree(world, value, bound, cell.value.span, "compare")
        return CellTest("compare", cell.operator, (bound,), cell.span)
    if isinstance(cell, syntax.RangeCell):
        low, high = range_ends(world, asker, cell, value.type)
        agree(world, value, high, cell.high.span, "compare")
        return CellTest("range", "", (low, high), cell.span)
    if isinstance(cell, syntax.Quoted):
        return CellTest("values", "", (Literal(TEXT, cell.span, False, cell.text),), cell.span)
    bounds = tuple(_cell_value(world, asker, one, value.type) for one in cell.values)
    for bound in bounds:
        agree(world, value, bound, bound.span, "compare")
    return CellTest("values", "", bounds, cell.span)


def _cell_value(world: World, asker: Asker, node: syntax.Expression, type_: DataType) -> Expression:
    return fitted(bind(world, asker, node, type_), type_)


def range_ends(world: World, asker: Asker, cell: syntax.RangeCell, type_: DataType) -> tuple[Expression, Expression]:
    """The two ends of `A to under B`; the lower has the unit of the upper."""
    high = _cell_value(world, asker, cell.high, type_)
    low = Literal(high.type, cell.low.span, False, cell.low.value)
    if isinstance(high, Literal) and isinstance(high.value, Decimal) and high.value <= cell.low.value:
        world.error("T001", "an empty range: it must end above where it begins", cell.span, "exchange the two ends")
    return low, high


def _output(world: World, asker: Asker, cell: syntax.Cell, type_: DataType) -> Expression | None:
    if isinstance(cell, syntax.AnyCell):
        if cell.word != "nobody":
            world.error("T001", f"`{cell.word}` is no outcome", cell.span, "write a value, or `nobody`")
        return None
    if type_.family is Family.TEXT and type_ != UNKNOWN:
        if isinstance(cell, syntax.Quoted):
            return Literal(TEXT, cell.span, False, cell.text)
        value = cell.values[0] if isinstance(cell, syntax.ValueCell) else None
        if isinstance(value, syntax.Number):
            return Literal(TEXT, cell.span, False, value.written)
    if not isinstance(cell, syntax.ValueCell) or len(cell.values) != 1:
        world.error("T001", "an outcome is one value", cell.span, "write one value for each cell behind `=>`")
        return None
    bound = fitted(bind(world, asker, cell.values[0], type_), type_)
    agree(world, Literal(type_, cell.span, False, ""), bound, cell.span, "choose")
    return bound


# ---- parameters ------------------------------------------------------------------------------------------------------


def bind_parameter(world: World, node: syntax.Parameter, grain: Grain, meta: Meta) -> Parameter:
    """A parameter: columns by value, key or band; rows by from-date; exceptions read their asker's names."""
    name = node.name.text
    asker = Asker(f"parameter {name}", grain)
    type_ = world.declared_type(name)
    key = node.scope.names[0] if node.scope else None
    key_type = grain.keys[0].type if key is not None else None
    bands = tuple(_band(world, asker, cell, key_type, world.band_types.get(name)) for cell in node.grid.head.cells[1:])
    alone = len(bands) == 1 and bands[0].name == "any"
    column_key = None
    if key is not None and key_type is not None and not alone:
        column_key = KeyOf(key_type, key.span, False, key.text)
        _columns_complete(world, node, key_type, bands)
    if node.band_of is not None:
        _bands_complete(world, node, bands, world.band_types.get(name, UNKNOWN))
    rows, spans = _parameter_rows(world, asker, node, type_)
    exceptions = bind_exceptions(world, asker, name, type_)
    return Parameter(
        name, node.name.span, meta, type_, column_key, key.text if key else "", world.band_types.get(name), bands,
        rows, spans, node.review_by, exceptions, grain,
    )  # fmt: skip


def parameter_type(world: World, node: syntax.Parameter) -> DataType:
    """The type a parameter says it is. Reports T101 for none."""
    found = type_named(node.type.text, world.registers)
    if found is None:
        world.error(
            "T101", f"no type `{node.type.text}`", node.type.span, "say rate, money, price, quantity, number or days"
        )
        return UNKNOWN
    return found


def _band(world: World, asker: Asker, cell: syntax.Cell, key_type: DataType | None, band: DataType | None) -> Band:
    if isinstance(cell, syntax.AnyCell):
        return Band("any", None, None)
    if band is not None:
        return _range_band(world, asker, cell, band)
    name = cell_name(cell)
    if key_type is not None and key_type.family is Family.ENUMERATION and name not in key_type.values:
        help_text = did_you_mean(name, key_type.values) or f"a {key_type.domain} is one of {', '.join(key_type.values)}"
        world.error("T208", f"`{name}` is no {key_type.domain}", cell.span, help_text)
    return Band(name, None, None)


def _range_band(world: World, asker: Asker, cell: syntax.Cell, type_: DataType) -> Band:
    name = cell_name(cell)
    if isinstance(cell, syntax.RangeCell):
        low, high = range_ends(world, asker, cell, type_)
        ends = (_number(low), _number(high))
    elif isinstance(cell, syntax.CompareCell):
        end = _number(_cell_value(world, asker, cell.value, type_))
        ends = {"under": (None, end), "at-least": (end, None)}.get(cell.operator, (None, None))
        if cell.operator not in ("under", "at-least"):
            world.error("T209", f"`{name}` is no band", cell.span, "write `under A`, `A to under B`, `at least B`")
    else:
        ends = (None, None)
        world.error("T209", f"`{name}` is no band", cell.span, "write `under A`, `A to under B`, `at least B`")
    return Band(name, *ends)


def _number(value: Expression) -> Decimal | None:
    return value.value if isinstance(value, Literal) and isinstance(value.value, Decimal) else None


def _bands_complete(world: World, node: syntax.Parameter, bands: tuple[Band, ...], type_: DataType) -> None:
    if not bands or type_ == UNKNOWN:
        return
    head = node.grid.head
    if bands[0].low is not None and bands[0].low > 0:
        world.error(
            "T209",
            f"the first band begins at {bands[0].name}, not at the least value",
            head.cells[1].span,
            f"add a band `under {bands[0].low}`",
        )
    for cell, before, after in zip(head.cells[2:], bands, bands[1:], strict=False):
        if before.high != after.low:
            world.error(
                "T209",
                f"`{after.name}` does not begin where `{before.name}` ends",
                cell.span,
                "let bands follow one another without gap",
            )
    if bands[-1].high is not None:
        world.error(
            "T209", f"the last band ends at {bands[-1].name}", head.cells[-1].span, "end with a band `at least ...`"
        )


def _columns_complete(world: World, node: syntax.Parameter, type_: DataType, bands: tuple[Band, ...]) -> None:
    names = [band.name for band in bands]
    for at, name in enumerate(names):
        if name in names[:at]:
            world.error(
                "T605", f"a column `{name}` is there already", node.grid.head.cells[at + 1].span, "keep one of them"
            )
    if type_.family is Family.ENUMERATION and "any" not in names:
        lacking = [value for value in type_.values if value not in names]
        if lacking:
            world.error(
                "T604",
                f"`{node.name.text}` has no column for {', '.join(lacking)}",
                node.name.span,
                f"add `add column | {lacking[0]} | VALUE |` in the overlay, or a column here",
            )


def _parameter_rows(
    world: World, asker: Asker, node: syntax.Parameter, type_: DataType
) -> tuple[tuple[tuple[date, tuple[Expression, ...]], ...], tuple[Span, ...]]:
    found: dict[date, tuple[tuple[Expression, ...], Span]] = {}
    if square(world, node.grid):
        for row in node.grid.rows:
            day = bind_day(world, row.cells[0])
            if day is None:
                continue
            if day in found:
                world.error("T605", f"a row from {day} is there already", row.cells[0].span, "keep one of them")
            values = tuple(_parameter_cell(world, asker, cell, type_) for cell in row.cells[1:])
            found[day] = (values, row.span)
    ordered = sorted(found.items())
    return tuple((day, values) for day, (values, _) in ordered), tuple(span for _, (_, span) in ordered)


def bind_day(world: World, cell: syntax.Cell) -> date | None:
    """The date a cell holds. Reports T001 where it holds none."""
    value = cell.values[0] if isinstance(cell, syntax.ValueCell) and len(cell.values) == 1 else None
    if isinstance(value, syntax.DateLiteral):
        return value.value
    world.error("T001", f"`{cell_name(cell)}` is no date", cell.span, "write a date such as 2026-02-01")
    return None


def _parameter_cell(world: World, asker: Asker, cell: syntax.Cell, type_: DataType) -> Expression:
    if isinstance(cell, syntax.ValueCell) and len(cell.values) == 1:
        bound = fitted(bind(world, asker, cell.values[0], type_), type_)
        agree(world, Literal(type_, cell.span, False, ""), bound, cell.span, "choose")
        return bound
    world.error("T001", f"`{cell_name(cell)}` is no value of {said_type(type_)}", cell.span, "write one value")
    return Literal(type_, cell.span, False, Decimal(0))


# ---- accounts --------------------------------------------------------------------------------------------------------


def bind_accounts(world: World, node: syntax.Accounts) -> dict[str, Account]:
    """The chart: one account for each role."""
    names = tuple(cell_name(cell) for cell in node.grid.head.cells)
    if names != ACCOUNT_COLUMNS:
        world.error(
            "T001",
            "the columns of `accounts` are " + ", ".join(ACCOUNT_COLUMNS),
            node.grid.head.span,
            "write them in this order",
        )
        return {}
    found: dict[str, Account] = {}
    if not square(world, node.grid):
        return found
    for row in node.grid.rows:
        role, number, title, type_, normal, nature = (cell_name(cell) for cell in row.cells)
        if role in found:
            world.error("T605", f"a row `{role}` is there already", row.cells[0].span, "keep one of them")
            continue
        _one_of(world, row.cells[3], type_, ACCOUNT_TYPES)
        _one_of(world, row.cells[4], normal, ("debit", "credit"))
        _one_of(world, row.cells[5], nature, NATURES)
        found[role] = Account(role, number, title, type_, normal, nature == "monetary", row.span)
    return found


def _one_of(world: World, cell: syntax.Cell, text: str, known: tuple[str, ...]) -> None:
    if text not in known:
        world.error(
            "T001",
            f"`{text}` cannot stand here",
            cell.span,
            did_you_mean(text, known) or f"write one of {', '.join(known)}",
        )
