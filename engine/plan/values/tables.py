"""Tables as columns: one test for each row, the outputs of the row that holds, and a guard that exactly one does."""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, ItemOf
from engine.model.ruleset import CellTest, Ruleset, Table, TableRow
from engine.plan.numbers import Value, aligned, compare
from engine.plan.relation import case
from engine.plan.values.effective import governing_day, guard_governed, in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import empty

_OPERATORS: dict[str, type[exp.Binary]] = {
    "at-least": exp.GTE,
    "at-most": exp.LTE,
    "under": exp.LT,
    "before": exp.LT,
    "over": exp.GT,
    "after": exp.GT,
}


def table_of(ruleset: Ruleset, output: str) -> Table | None:
    """The table that decides an output."""
    return next((table for table in ruleset.tables.values() if any(name == output for name, _ in table.outputs)), None)


def type_of(ruleset: Ruleset, name: str) -> DataType:
    """The type of a table's output, an amount, or a reconciliation's local or side, by name."""
    table = table_of(ruleset, name)
    if table is not None:
        return dict(table.outputs)[name]
    if name in ruleset.amounts:
        return ruleset.amounts[name].type
    for reconciliation in ruleset.reconciliations.values():
        label = name.removeprefix(f"{reconciliation.name}.")
        for local in reconciliation.locals:
            if local.name == label:
                return local.value.type
        if label in ("expected", "reported"):
            return DataType(Family.QUANTITY)
    raise InternalError(f"nothing in the ruleset is called {name}")


def define_table(frame: Frame, node: ItemOf, table: Table) -> None:
    """Give every output of a table a column, in the asker's terms; the row that held is column `table:row`.

    Where the rows were decided by it before, they have them.
    """
    outputs = {name: ItemOf(type_, node.span, False, name, node.keys, node.as_of) for name, type_ in table.outputs}
    if table.name in frame.decided and not node.keys and node.as_of is None:
        for name, key in outputs.items():
            frame.remember(key, name)
        return
    keys = dict(node.keys)
    guard_governed(frame, table, table.grain, node.as_of)
    inputs = [in_terms_of(one, keys, node.as_of, table.grain) for one in table.inputs]
    frame.prepare((*inputs, node.as_of), table.grain)
    day = governing_day(frame, node.as_of)
    for row in table.rows:
        frame.prepare(tuple(cell.values for cell in row.cells), table.grain)
    hits = [_row_test(frame, row, inputs, day) for row in table.rows]
    labels = [f"{table.name}#{row.name}" for row in table.rows]
    for label, hit in zip(labels, hits, strict=True):
        frame.add_column(label, Value(hit, DataType(Family.YES_NO)))
    frame.step()
    columns = [frame.column(label) for label in labels]
    for index in range(len(table.outputs)):
        frame.prepare(tuple(row.outputs[index] for row in table.rows), table.grain)
    for index, (name, type_) in enumerate(table.outputs):
        answer = _chosen(frame, table, index, type_, columns)
        is_own = not node.keys and node.as_of is None
        frame.add_column(f"{table.name}:{name}", frame.held(frame, name, answer) if is_own else answer)
    rows = zip(table.rows, columns, strict=True)
    chosen_row = case([(hit, exp.Literal.string(row.name)) for row, hit in rows])
    frame.add_column(f"{table.name}:row", Value(chosen_row, DataType(Family.TEXT)))
    frame.step()
    _guard_one_row(frame, table, [frame.column(label) for label in labels])
    for name, _ in table.outputs:
        frame.remember(outputs[name], f"{table.name}:{name}")


def _chosen(frame: Frame, table: Table, index: int, type_: DataType, hits: list[exp.Expr]) -> Value:
    values = [_output(frame, row.outputs[index], type_) for row in table.rows]
    values = aligned(values) if all(value.scale is not None for value in values) else values
    answers = [(hit, value.sql) for hit, value in zip(hits, values, strict=True)]
    return Value(case(answers), type_, values[0].scale)


def _output(frame: Frame, cell: Expression | None, type_: DataType) -> Value:
    return Value(empty(type_.storage), type_) if cell is None else frame.value(cell)


def _row_test(frame: Frame, row: TableRow, inputs: list[Expression], day: exp.Expr) -> exp.Expr:
    tests = [
        _cell_test(frame, cell, input_) for cell, input_ in zip(row.cells, inputs, strict=True) if cell.form != "any"
    ]
    if row.meta is not None:
        tests += in_effect(row.meta, day)
    return exp.and_(*tests, copy=False) if tests else exp.true()


def _cell_test(frame: Frame, cell: CellTest, input_: Expression) -> exp.Expr:
    value = frame.value(input_)
    if cell.form == "missing":
        return exp.Is(this=value.sql, expression=exp.Null())
    bounds = [frame.value(one) for one in cell.values]
    if cell.form == "compare":
        test: exp.Expr = compare(_OPERATORS[cell.operator], value, bounds[0])
    elif cell.form == "range":
        test = exp.Paren(
            this=exp.and_(compare(exp.GTE, value, bounds[0]), compare(exp.LT, value, bounds[1]), copy=False)
        )
    else:
        test = exp.Paren(this=exp.or_(*(compare(exp.EQ, value, bound) for bound in bounds), copy=False))
    # A missing value lies in no range; an unknown one (examples only) stays unknown.
    return exp.Coalesce(this=test, expressions=[exp.false()]) if input_.perhaps else test


def _guard_one_row(frame: Frame, table: Table, hits: list[exp.Expr]) -> None:
    one, zero = exp.Literal.number("1"), exp.Literal.number("0")
    counted = [case([(hit, one)], zero) for hit in hits]
    total: exp.Expr = counted[0]
    for other in counted[1:]:
        total = exp.Add(this=total, expression=other)
    names = (f"table {table.name}",)
    two = exp.GT(this=exp.Paren(this=total), expression=one.copy())
    frame.guard("T302", f"two rows of table `{table.name}` hold at once", names, two)
    none: exp.Expr = exp.EQ(this=exp.Paren(this=total.copy()), expression=zero.copy())
    if not frame.world.strict:
        unknown = exp.or_(*(exp.Is(this=hit.copy(), expression=exp.Null()) for hit in hits), copy=False)
        none = exp.and_(none, exp.Not(this=exp.Paren(this=unknown)), copy=False)
    frame.guard("T301", f"no row of table `{table.name}` holds", names, none)
