"""Amendments: the edits of an overlay applied to one item of the texts below it."""

from __future__ import annotations

from dataclasses import replace

from dsl import syntax
from dsl.diagnostics import Diagnostics

FAMILY_OF: dict[type, str] = {
    syntax.Role: "role",
    syntax.Citation: "citation",
    syntax.Calendar: "calendar",
    syntax.Rates: "rates",
    syntax.Unit: "unit",
    syntax.Book: "book",
    syntax.Register: "register",
    syntax.Kind: "kind",
    syntax.Layers: "layers",
    syntax.Accounts: "accounts",
    syntax.Reconciliation: "reconciliation",
    syntax.Adjustment: "adjustment",
    syntax.Control: "control",
    syntax.Table: "table",
    syntax.Decision: "decision",
    syntax.Exception_: "exception",
    syntax.Parameter: "parameter",
    syntax.Amount: "amount",
    syntax.Allocation: "allocation",
    syntax.Journal: "journal",
    syntax.Report: "report",
    syntax.Close: "close",
    syntax.Scenario: "scenario",
}
"""The word each family of items begins with."""

PLURAL_OF = {
    "table": "tables",
    "parameter": "parameters",
    "accounts": "accounts",
    "layers": "layers",
    "calendar": "calendars",
    "register": "registers",
    "kind": "kinds",
}
"""The families that can be amended, as `overlays may change` names them."""

GRID_ITEMS = (syntax.Table, syntax.Parameter, syntax.Accounts)
GridItem = syntax.Table | syntax.Parameter | syntax.Accounts


def amended(item: syntax.AnyItem, amendment: syntax.Amend, diagnostics: Diagnostics) -> syntax.AnyItem:
    """The item with every edit applied in the order written; an edit of another family's kind is T002."""
    for edit in amendment.edits:
        after = _edited(item, edit, diagnostics)
        if after is None:
            diagnostics.error(
                "T002",
                f"this edit does not fit {amendment.family.text} `{amendment.name.text}`",
                edit.span,
                _fitting(item),
            )
        else:
            item = after
    return _with_meta(item, amendment.meta)


def _edited(item: syntax.AnyItem, edit: syntax.Edit, diagnostics: Diagnostics) -> syntax.AnyItem | None:
    if isinstance(item, GRID_ITEMS) and isinstance(edit, syntax.WithdrawRow):
        return _without_row(item, edit, diagnostics)
    if isinstance(item, GRID_ITEMS) and isinstance(edit, syntax.AddRow):
        return _with_row(item, edit, diagnostics)
    if isinstance(item, syntax.Table) and isinstance(edit, syntax.AddInput):
        return _with_input(item, edit)
    if isinstance(item, syntax.Parameter) and isinstance(edit, syntax.AddColumn):
        return _with_column(item, edit, diagnostics)
    if isinstance(item, syntax.Register | syntax.Kind) and isinstance(edit, syntax.FieldLine):
        return replace(item, fields=(*item.fields, edit))
    if isinstance(item, syntax.Layers) and isinstance(edit, syntax.Policy):
        return replace(item, policies=with_policy(item.policies, edit))
    if isinstance(item, syntax.Calendar) and isinstance(edit, syntax.CalendarLine):
        kept = tuple(line for line in item.lines if _calendar_question(line) != _calendar_question(edit))
        return replace(item, lines=(*kept, edit))
    return None


def _fitting(item: syntax.AnyItem) -> str:
    if isinstance(item, syntax.Table):
        return "write `add row`, `withdraw row` or `add input`"
    if isinstance(item, syntax.Parameter):
        return "write `add row`, `withdraw row` or `add column`"
    if isinstance(item, syntax.Accounts):
        return "write `add row` or `withdraw row`"
    if isinstance(item, syntax.Layers):
        return "write a phrase of `layers`"
    return "write a line as the item itself has it"


# ---- grids -----------------------------------------------------------------------------------------------------------


def cell_text(cell: syntax.Cell) -> str:
    """What a cell says, as one line of text: the name of a row, the date of a parameter's row."""
    if isinstance(cell, syntax.Quoted):
        return cell.text
    return " ".join(cell.span.text.split())


def _row_at(item: GridItem, name: str) -> int | None:
    for at, row in enumerate(item.grid.rows):
        if row.cells and cell_text(row.cells[0]) == name:
            return at
    return None


def _without_row(item: GridItem, edit: syntax.WithdrawRow, diagnostics: Diagnostics) -> GridItem:
    name = cell_text(edit.name)
    at = _row_at(item, name)
    if at is None:
        known = ", ".join(cell_text(row.cells[0]) for row in item.grid.rows if row.cells)
        diagnostics.error("T101", f"no row `{name}` to withdraw", edit.name.span, f"the rows are {known}")
        return item
    rows = (*item.grid.rows[:at], *item.grid.rows[at + 1 :])
    return replace(item, grid=replace(item.grid, rows=rows))


def _with_row(item: GridItem, edit: syntax.AddRow, diagnostics: Diagnostics) -> GridItem:
    name = cell_text(edit.row.cells[0])
    if _row_at(item, name) is not None:
        diagnostics.error(
            "T605",
            f"a row `{name}` is there already",
            edit.row.cells[0].span,
            f"withdraw it first: `withdraw row {name}`",
        )
        return item
    return replace(item, grid=replace(item.grid, rows=(*item.grid.rows, edit.row)))


def _with_input(item: syntax.Table, edit: syntax.AddInput) -> syntax.Table:
    """One more input, the last before `=>`; every row there is holds `any` in it."""
    head = replace(item.grid.head, cells=(*item.grid.head.cells, syntax.ValueCell(edit.name.span, (edit.name,))))
    anything = syntax.AnyCell(edit.name.span, "any")
    rows = tuple(replace(row, cells=(*row.cells, anything)) for row in item.grid.rows)
    return replace(item, grid=replace(item.grid, head=head, rows=rows))


def _with_column(item: syntax.Parameter, edit: syntax.AddColumn, diagnostics: Diagnostics) -> syntax.Parameter:
    """One more column: its name, then one value for each from-date in order."""
    name, *values = edit.row.cells
    grid = item.grid
    if any(cell_text(cell) == cell_text(name) for cell in grid.head.cells[1:]):
        diagnostics.error("T605", f"a column `{cell_text(name)}` is there already", name.span, "keep one of them")
        return item
    if len(values) != len(grid.rows):
        dates = ", ".join(cell_text(row.cells[0]) for row in grid.rows)
        diagnostics.error(
            "T604",
            f"the column `{cell_text(name)}` has {_counted(len(values), 'value')} for "
            f"{_counted(len(grid.rows), 'from-date')}",
            edit.row.span,
            f"write one value for each: {dates}",
        )
        return item
    in_order = sorted(grid.rows, key=lambda row: cell_text(row.cells[0]))
    rows = tuple(replace(row, cells=(*row.cells, value)) for row, value in zip(in_order, values, strict=True))
    head = replace(grid.head, cells=(*grid.head.cells, name))
    return replace(item, grid=replace(grid, head=head, rows=rows))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


# ---- phrases ---------------------------------------------------------------------------------------------------------


def with_policy(policies: tuple[syntax.Policy, ...], new: syntax.Policy) -> tuple[syntax.Policy, ...]:
    """The phrase of the same form is replaced where it stood; a new one is added."""
    found = False
    after: list[syntax.Policy] = []
    for policy in policies:
        if policy_question(policy) != policy_question(new):
            after.append(policy)
        elif not found:
            after.append(new)
            found = True
    return tuple(after) if found else (*policies, new)


def policy_question(policy: syntax.Policy) -> tuple[str, ...]:
    """The question a phrase answers: two phrases with one question exclude one another."""
    if isinstance(policy, syntax.LeaveOrder | syntax.LeaveAt):
        return ("leave",)
    if isinstance(policy, syntax.LeaveBy):
        return ("leave by", policy.field.text)
    if isinstance(policy, syntax.BringBack | syntax.TakeLayer):
        return ("comes back", policy.kind.text)
    if isinstance(policy, syntax.ChangeCarried):
        return ("changes", policy.kind.text, policy.carried.text)
    if isinstance(policy, syntax.IgnoreMarked):
        return ("ignore", policy.mark.text)
    return (type(policy).__name__,)


def _calendar_question(line: syntax.CalendarLine) -> str:
    if isinstance(line, syntax.CalendarMonths | syntax.CalendarWeeks):
        return "periods"
    return type(line).__name__


def _with_meta(item: syntax.AnyItem, meta: syntax.Meta) -> syntax.AnyItem:
    """An amendment's version stands, its citations are added; its reason is told beside it, not in place of the old."""
    if not isinstance(item, syntax.Table | syntax.Parameter | syntax.Layers):
        return item
    old = item.meta
    version = meta.version if meta.version is not None else old.version
    return replace(item, meta=replace(old, version=version, cites=(*old.cites, *meta.cites)))
