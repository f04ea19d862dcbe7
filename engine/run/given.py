"""The `given` rows of an example as inputs of a run, and parameters whose grid an example replaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from dsl import syntax
from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal
from engine.model.identity import schema_of
from engine.model.ruleset import Band, Parameter, Ruleset
from engine.model.schema import IDENTITY_SEPARATOR, IMPLIED, Column, Measure, Record
from engine.plan.executor import Executor, Row

COMPANY = "OUR-COMPANY"
INPUT_TAIL: tuple[tuple[str, str], ...] = (("publication", "BIGINT"), ("fact", "BIGINT"))
FactRow = dict[str, object]


class UnreadableExampleError(Exception):
    """A cell or column of an example that cannot be what it should; the sentence names it."""


def cell_value(cell: syntax.Cell, type_: DataType | None) -> object:
    """What a cell of an example holds: Decimal, date, bool or text; None where it says missing."""
    if isinstance(cell, syntax.AnyCell):
        return None if cell.word == "missing" else cell.word
    if isinstance(cell, syntax.Quoted):
        return cell.text
    if not isinstance(cell, syntax.ValueCell) or len(cell.values) != 1:
        raise UnreadableExampleError(f"`{cell.span.text}` is not one value")
    return _plain(cell.values[0], type_)


def _plain(value: syntax.Expression, type_: DataType | None) -> object:
    match value:
        case syntax.Measure():
            return value.number
        case syntax.Percent() | syntax.Number():
            return value.value if type_ is None or type_.is_numeric else value.written
        case syntax.Negate():
            found = _plain(value.operand, type_)
            return -found if isinstance(found, Decimal) else found
        case syntax.DateLiteral():
            return value.value
        case syntax.PeriodLiteral():
            return value.text
        case syntax.Ref():
            if type_ is not None and type_.family is Family.YES_NO:
                return value.text == "yes"
            return value.text
    raise UnreadableExampleError(f"`{value.span.text}` is not a plain value")


def facts_given(ruleset: Ruleset, example: syntax.Example) -> dict[str, list[FactRow]]:
    """Rows by record, each with the record's columns, the implied ones and a fact number."""
    found: dict[str, list[FactRow]] = {}
    number = 0
    for given in example.givens:
        record = _record(ruleset, given.name.text)
        if record is None:
            continue
        rows = found.setdefault(record.name, [])
        for row in given.grid.rows:
            number += 1
            rows.append(_fact_row(ruleset, record, given.grid.head, row, number))
        _number_versions(rows)
    _date_undated(ruleset, found)
    _count_in_units(ruleset, example, found)
    return found


def _date_undated(ruleset: Ruleset, rows: Mapping[str, list[FactRow]]) -> None:
    """A fact whose own day is not given happened on that of the earliest fact that has one; it would else be lost."""
    kinds = [(kind.record, rows.get(kind.name, [])) for kind in ruleset.kinds.values() if kind.record.on is not None]
    days = [row.get(record.on or "") for record, held in kinds for row in held]
    first = min((one for one in days if isinstance(one, date)), default=None)
    for record, held in kinds:
        for row in held:
            on = record.on or ""
            if first is not None and row[on] is None and on not in record.identity:
                row[on] = first
                row["known-at"] = first if row["known-at"] == date(1, 1, 1) else row["known-at"]


def _count_in_units(ruleset: Ruleset, example: syntax.Example, rows: Mapping[str, list[FactRow]]) -> None:
    """Quantities that cells give in other units of measure, in units: by the registers' rows on the day of the row."""
    schema = schema_of(ruleset)
    taken = dict.fromkeys(rows, 0)
    for given in example.givens:
        record = _record(ruleset, given.name.text)
        for cells in given.grid.rows if record is not None else ():
            assert record is not None
            row = rows[record.name][taken[record.name]]
            taken[record.name] += 1
            for title, cell in zip(given.grid.head.cells, cells.cells, strict=True):
                value = cell.values[0] if isinstance(cell, syntax.ValueCell) and len(cell.values) == 1 else None
                for measure in schema.measure(value.unit.text) or () if isinstance(value, syntax.Measure) else ():
                    name = title.span.text.strip()
                    row[name] = row[name] * _factor(measure, record, row, rows)  # type: ignore[operator]  # a number


def _factor(measure: Measure, record: Record, row: FactRow, rows: Mapping[str, list[FactRow]]) -> Decimal:
    """How many of the next unit one is, in a row; UnreadableExampleError where nothing says."""
    if measure.number is not None:
        return measure.number
    day = row.get(record.on or "") or date.max
    known = [
        one
        for one in rows.get(measure.register, [])
        if one["identity"] == row.get(measure.register) and _day(one.get("date") or date.min) <= _day(day)
    ]
    latest = max(known, key=lambda one: _day(one.get("date") or date.min), default={})
    found = latest.get(measure.field)
    if not isinstance(found, Decimal):
        where = f"{measure.register} {row.get(measure.register)}"
        raise UnreadableExampleError(f"nothing says how many {measure.of} a {measure.name} of {where} is")
    return found


TEXT = "VARCHAR"
"""How texts are stored, and all that is one of a list of words."""


def _record(ruleset: Ruleset, name: str) -> Record | None:
    if name in ruleset.kinds:
        return ruleset.kinds[name].record
    for found in (ruleset.registers.get(name), ruleset.rates.get(name)):
        if found is not None:
            return found.record
    return None


def _fact_row(ruleset: Ruleset, record: Record, head: syntax.Row, row: syntax.Row, number: int) -> FactRow:
    columns = {one.name: one for one in record.columns}
    stored = dict(record.stored)
    found: FactRow = dict.fromkeys(columns)
    found.update({name: None for name, _ in (*IMPLIED, *INPUT_TAIL)})
    for title, cell in zip(head.cells, row.cells, strict=True):
        name = title.span.text.strip()
        if name == record.name and len(record.identity) == 1:
            name = record.identity[0]
        if name not in found:
            raise UnreadableExampleError(f"`{record.name}` has no column `{name}`")
        type_ = columns[name].type if name in columns else None
        found[name] = cell_value(cell, type_)
        if isinstance(found[name], str) and stored.get(name, TEXT) != TEXT:
            raise UnreadableExampleError(f"`{cell.span.text.strip()}` cannot be the {name} of a row of `{record.name}`")
    if "company" in columns and found["company"] is None:
        found["company"] = COMPANY
    identity = [("" if found[one] is None else str(found[one])) for one in record.identity]
    found["identity"] = IDENTITY_SEPARATOR.join(identity)
    found["currency"] = found["currency"] or _currency_said(ruleset, columns, head, row) or ruleset.head.currency
    found["known-at"] = found["known-at"] or found.get(record.on or "date") or date(1, 1, 1)
    found["source-file"], found["source-row"] = "example", row.span.location.line
    found["version"], found["publication"], found["fact"] = 1, 1, number
    return found


def _currency_said(ruleset: Ruleset, columns: Mapping[str, Column], head: syntax.Row, row: syntax.Row) -> str | None:
    """The currency that all cells of money of a row say; UnreadableExampleError where they say several."""
    said: dict[str, None] = {}
    for title, cell in zip(head.cells, row.cells, strict=True):
        column = columns.get(title.span.text.strip())
        value = cell.values[0] if isinstance(cell, syntax.ValueCell) and len(cell.values) == 1 else None
        if column is not None and column.type.family in (Family.MONEY, Family.PRICE) and not column.type.domain:
            said.update({value.unit.text: None} if isinstance(value, syntax.Measure) else {})
    if len(said) > 1:
        raise UnreadableExampleError(f"a row with money in {' and '.join(said)}: its money is in one currency")
    return next(iter(said), None) if ruleset.rates else None


def _number_versions(rows: list[FactRow]) -> None:
    seen: dict[object, int] = {}
    for row in rows:
        key = (row["identity"], row.get("date"))
        seen[key] = seen.get(key, 0) + 1
        row["version"] = seen[key]


def append_inputs(
    executor: Executor, ruleset: Ruleset, rows: Mapping[str, list[FactRow]], known_by: date | None
) -> None:
    """`input NAME` of every record: what was known by a day (all where None)."""
    records = [*(one.record for one in ruleset.kinds.values()), *(one.record for one in ruleset.registers.values())]
    records += [one.record for one in ruleset.rates.values()]
    for record in records:
        columns = (*record.stored, *INPUT_TAIL)
        known = [row for row in rows.get(record.name, []) if known_by is None or _day(row["known-at"]) <= known_by]
        values: list[Row] = [tuple(row[name] for name, _ in columns) for row in known]
        executor.append(f"input {record.name}", columns, values)


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise InternalError("a day is not a date")
    return value


def with_parameters(ruleset: Ruleset, example: syntax.Example) -> Ruleset:
    """The ruleset with the grids of parameters that the example gives."""
    parameters = dict(ruleset.parameters)
    for given in example.givens:
        if given.name.text in parameters:
            parameters[given.name.text] = _regridded(parameters[given.name.text], given.grid)
        elif _record(ruleset, given.name.text) is None:
            raise UnreadableExampleError(f"nothing that can be given is called `{given.name.text}`")
    return replace(ruleset, parameters=parameters)


def _regridded(parameter: Parameter, grid: syntax.Grid) -> Parameter:
    bands = tuple(Band(cell.span.text.strip(), None, None) for cell in grid.head.cells[1:])
    rows = []
    for row in grid.rows:
        since = cell_value(row.cells[0], None)
        cells = tuple(
            Literal(parameter.type, cell.span, False, _number(cell_value(cell, parameter.type)))
            for cell in row.cells[1:]
        )
        rows.append((_day(since), cells))
    return replace(parameter, bands=bands, rows=tuple(rows))


def _number(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise UnreadableExampleError(f"`{value}` is not a number")
    return value
