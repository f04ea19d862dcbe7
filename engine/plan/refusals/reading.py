"""What the plan would read for an expression, followed through every item: names without a value, digits run out.

The walk is the one that lowering takes (engine.plan.values.lower), with the same substitution of keys, over `Offered`
rows in place of frames.
"""

from __future__ import annotations

from dsl.diagnostics import Label
from dsl.span import Span
from engine.model.books import BOOK
from engine.model.datatypes import SCALES, DataType, Family
from engine.model.expression import (
    AbsoluteOf,
    AggregateOf,
    Arithmetic,
    AtExtreme,
    BandOf,
    BucketOf,
    ChoiceOf,
    ComparisonOf,
    Converted,
    ExistsTest,
    Expression,
    FieldOf,
    Grain,
    ItemOf,
    KeyOf,
    LedgerBalance,
    Literal,
    LocalOf,
    Minus,
    MissingTest,
    MomentOf,
    OneOfTest,
    Otherwise,
    PeriodTest,
    RegisterField,
    RoundedOf,
    Source,
    TestOf,
    TestsOf,
)
from engine.model.ruleset import (
    Allocation,
    Amount,
    Cap,
    Decision,
    ExceptionRule,
    Parameter,
    Reconciliation,
    Ruleset,
    Table,
)
from engine.plan.facts import PERIOD
from engine.plan.numbers import SUMMED_DIGITS
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.refusals.offered import (
    STOCK,
    Offered,
    Shape,
    asks_by_event,
    rows_of,
    why_no_sum,
    why_no_window,
    why_not,
    why_not_used_up,
)
from engine.plan.refusals.refusing import Refusals
from engine.plan.refusals.shapes import Digits, converted_shape, kept_digits, literal_shape, said, shape_of
from engine.plan.values.lower import digits_of
from engine.plan.values.substitute import in_terms_of, parts
from engine.plan.values.tables import table_of

ONCE = Grain("once", (), (), (), "")


class Reading:
    """Walks what rules read; each value's shape comes back, so that callers see quotients and scales."""

    def __init__(self, ruleset: Ruleset, refusals: Refusals) -> None:
        self._ruleset = ruleset
        self._minor = kept_digits(ruleset)
        self._refusals = refusals
        self._known: dict[tuple[object, int], Shape] = {}
        self._kept: dict[int, Offered] = {}
        self._stored: dict[tuple[str, str], Shape] = {}
        self._asked: list[Span] = []
        self._digits = Digits(self._refuse)

    def store(self, row: str, name: str, shape: Shape) -> None:
        """Remember the shape of a value that rows are stored with: a reconciliation's local, what layers carry."""
        self._stored[(row, name)] = shape

    def stored(self, row: str, name: str) -> Shape:
        """The shape remembered for a stored value."""
        return self._stored.get((row, name), Shape())

    def value(self, node: Expression, rows: Offered, scope: Grain) -> Shape:
        """The shape of an expression bound at `scope`, read in `rows`."""
        self._kept[id(rows)] = rows
        return self._value(in_terms_of(node, {}, None, scope), rows, scope)

    def tests(self, node: TestsOf | None, rows: Offered, scope: Grain) -> None:
        """Tests bound at `scope`."""
        self._kept[id(rows)] = rows
        keyed = in_terms_of(node, {}, None, scope)
        for test in keyed.tests if keyed is not None else ():
            self._test(test, rows, scope)

    # ---- values ------------------------------------------------------------------------------------------------------

    def _value(self, node: Expression, rows: Offered, scope: Grain) -> Shape:
        match node:
            case Literal():
                return literal_shape(node)
            case KeyOf():
                return self._key(node, rows)
            case FieldOf():
                return self._field(node, rows)
            case LocalOf():
                return rows.locals.get(node.name, shape_of(node.type))
            case RegisterField():
                for key in node.keys:
                    self._value(key, rows, scope)
                if node.on is not None:
                    self._value(node.on, rows, scope)
                return shape_of(node.type)
            case BucketOf():
                return self._bucket(node, rows, scope)
            case MomentOf():
                if node.unit not in ("period", "quarter", "year"):
                    self._refuse(
                        node.span, f"`{said(node.span)}`: a period is no {node.unit}", "name an edge of the period"
                    )
                return Shape()
            case ItemOf() | AggregateOf():
                found = self._known.get((node, id(rows)))
                if found is None:
                    self._known[(node, id(rows))] = shape_of(node.type)
                    self._asked.append(node.span)
                    found = self._item(node, rows, scope) if isinstance(node, ItemOf) else self._aggregate(node, rows)
                    self._asked.pop()
                    self._known[(node, id(rows))] = found
                return found
            case _:
                return self._computed(node, rows, scope)

    def _computed(self, node: Expression, rows: Offered, scope: Grain) -> Shape:
        match node:
            case Arithmetic():
                return self._arithmetic(node, rows, scope)
            case Minus():
                return self._value(node.operand, rows, scope)
            case AbsoluteOf():
                return self._value(node.value, rows, scope)
            case Converted():
                self._value(node.currency, rows, scope)
                self._value(node.on, rows, scope)
                shape = converted_shape(self._ruleset, node, self._value(node.value, rows, scope))
                return self._digits.held(shape, node.span)
            case AtExtreme():
                return self._extreme(node, rows, scope)
            case BandOf():
                return self._band(node, rows, scope)
            case LedgerBalance():
                return self._balance(node, rows, scope)
            case RoundedOf():
                self._value(node.value, rows, scope)
                return Shape(digits_of(node.type, self._minor))
            case ChoiceOf():
                left, right = self._value(node.left, rows, scope), self._value(node.right, rows, scope)
                self._digits.compared(left, right, node.span)
                return self._digits.aligned((left, right), node.span)
            case Otherwise():
                self.tests(node.when, rows, scope)
                both = (self._value(node.value, rows, scope), self._value(node.otherwise, rows, scope))
                return self._digits.aligned(both, node.span)
            case _:
                # What has no value in this version was refused where it is written.
                for inner in parts(node):
                    if inner is not node and isinstance(inner, ItemOf | AggregateOf):
                        self._value(inner, rows, scope)
                return shape_of(node.type)

    def _extreme(self, node: AtExtreme, rows: Offered, scope: Grain) -> Shape:
        source = self._source(node.source, node.span, rows, scope)
        if source is None:
            return shape_of(node.type)
        if asks_by_event(self._ruleset, scope) and not rows.adjustment:
            self._refuse(node.span, f"`{said(node.span)}`: it is known as at the period's end", "add `period`")
        self.value(node.by, source, node.source.grain)
        shape = self.value(node.value, source, node.source.grain)
        if shape.over is not None:
            self._refuse(node.value.span, f"`{said(node.value.span)}`: a quotient is not kept", "round it")
        return shape

    def _band(self, node: BandOf, rows: Offered, scope: Grain) -> Shape:
        of = self._value(node.of, rows, scope)
        for key in node.value.keys if isinstance(node.value, RegisterField | ItemOf) else ():
            self._value(key[1] if isinstance(key, tuple) else key, rows, scope)
        if of.over is not None:
            self._refuse(node.of.span, f"`{said(node.of.span)}`: a quotient lies in no band", "round it")
        cells = self._ruleset.parameters[node.value.item].rows if isinstance(node.value, ItemOf) else ()
        held = [literal_shape(cell) for _, row in cells for cell in row if isinstance(cell, Literal)]
        scale = max((one.scale or 0 for one in held), default=SCALES.get(node.value.type.family, 0))
        return self._digits.held(Shape(scale + (of.scale or 0)), node.span) if node.through else Shape(scale)

    def _balance(self, node: LedgerBalance, rows: Offered, scope: Grain) -> Shape:
        for name, key in node.keys:
            if name not in DIMENSIONS and key.type.family is not Family.DATE:
                self._refuse(node.span, f"`{said(node.span)}` for each `{name}`: balances are not kept by it", "")
            self._value(key, rows, scope)
        self._value(node.role, rows, scope)
        return Shape(self._minor)

    def _key(self, node: KeyOf, rows: Offered) -> Shape:
        if node.name in rows.keys or ("layer", node.name) in rows.fields or node.name == "period":
            return shape_of(node.type)
        if node.name == BOOK and self._ruleset.books:
            return Shape()
        self._refuse(node.span, f"`{said(node.span)}`: {self._no_key(node.name)}", "")
        return shape_of(node.type)

    def _no_key(self, name: str) -> str:
        if name in ("day", "week", "quarter", "year"):
            return f"a row belongs to a period; which {name} it lies in is not known"
        if name == "scenario":
            return "rules do not ask which scenario they run under"
        return f"the rows that read it have no `{name}`"

    def _field(self, node: FieldOf, rows: Offered) -> Shape:
        name = "opened" if (node.row, node.name) == ("layer", "age") else node.name
        if (node.row, name) not in rows.fields:
            if node.row in ("day", "period"):
                self._refuse(
                    node.span, f"`{said(node.span)}`: days and periods are no rows", f"write `period {node.name}`"
                )
            else:
                self._refuse(node.span, f"`{said(node.span)}`: {node.row}.{node.name} is not there when it is read", "")
        return self._stored.get((node.row, node.name), shape_of(node.type))

    def _bucket(self, node: BucketOf, rows: Offered, scope: Grain) -> Shape:
        for _, key in node.keys:
            self._value(key, rows, scope)
        if STOCK not in rows.made:
            self._refuse(node.span, f"stock `{node.bucket}`: this early in the close stock is not added up", "")
        elif node.on is not None:
            self._value(node.on, rows, scope)
        return Shape(SCALES[Family.QUANTITY])

    def _arithmetic(self, node: Arithmetic, rows: Offered, scope: Grain) -> Shape:
        left, right = self._value(node.left, rows, scope), self._value(node.right, rows, scope)
        if Family.DATE in (node.left.type.family, node.right.type.family):
            days = right if node.left.type.family is Family.DATE else left
            if days.over is not None or (days.scale or 0) > 0:
                self._refuse(node.span, "a date moved by a part of a day", "move it by whole days")
            return shape_of(node.type)
        if left.scale is None or right.scale is None:
            return shape_of(node.type)
        first, second, under, over = left.scale, right.scale, left.over or 0, right.over or 0
        quotient = left.over is not None or right.over is not None
        if node.operator == "/":
            second, over, quotient = over, second, True
        scale = first + second if node.operator in "*/" else max(first + over, second + under)
        return self._digits.held(Shape(scale, under + over if quotient else None), node.span)

    # ---- tests -------------------------------------------------------------------------------------------------------

    def _test(self, node: TestOf, rows: Offered, scope: Grain) -> None:
        match node:
            case ComparisonOf():
                left, right = self._value(node.left, rows, scope), self._value(node.right, rows, scope)
                self._digits.compared(left, right, node.span)
            case OneOfTest():
                for one in (node.left, *node.options):
                    self._value(one, rows, scope)
            case MissingTest():
                self._value(node.left, rows, scope)
            case ExistsTest():
                self._exists(node, rows, scope)
            case PeriodTest():
                self._value(node.left, rows, scope)
                if isinstance(node.period, KeyOf) and node.period.name != "period":
                    self._refuse(
                        node.span, f"`{said(node.span)}`: dates are compared with a period", "write `is period`"
                    )

    def _exists(self, node: ExistsTest, rows: Offered, scope: Grain) -> None:
        if node.source.grain.rows and node.source.grain.rows[0] in self._ruleset.reconciliations:
            self._refuse(node.span, f"`{said(node.span)}`: only facts and registers are looked for", "")
            return
        self._source(node.source, node.span, rows, scope)
        if node.before is not None:
            self._value(node.before, rows, scope)

    # ---- items -------------------------------------------------------------------------------------------------------

    def _item(self, node: ItemOf, rows: Offered, scope: Grain) -> Shape:
        ruleset, name = self._ruleset, node.item
        if name in ruleset.parameters:
            return self._parameter(node, ruleset.parameters[name], rows, scope)
        if name in ruleset.allocations:
            return self._share(node, ruleset.allocations[name], rows, scope)
        table, amount = table_of(ruleset, name), ruleset.amounts.get(name)
        item = ruleset.decisions.get(name) or amount or table
        absent = _absent_row(item.grain, rows) if item is not None else ""
        if absent and absent not in ruleset.reconciliations:
            self._refuse(node.span, f"`{said(node.span)}`: {absent} is not joined to the rows that read it", "")
            return shape_of(node.type)
        if name in ruleset.decisions:
            return self._decision(node, ruleset.decisions[name], rows)
        if amount is not None and not self._of_other_rows(amount.grain, rows):
            return self._amount(node, amount, rows)
        if table is not None and not self._of_other_rows(table.grain, rows):
            return self._table(node, table, rows)
        return self._reconciled(node, rows, scope)

    def _of_other_rows(self, grain: Grain, rows: Offered) -> bool:
        return any(row in self._ruleset.reconciliations and not rows.has_row(row) for row in grain.rows)

    def _share(self, node: ItemOf, allocation: Allocation, rows: Offered, scope: Grain) -> Shape:
        for _, key in node.keys:
            self._value(key, rows, scope)
        part = allocation.grain.rows[0] if allocation.shares.over == PERIOD else allocation.shares.over
        if all(name == PERIOD for name, _ in node.keys) and not rows.has_row(part):
            self._refuse(node.span, f"`{said(node.span)}`: {part} is not joined to the rows that read it", "")
        cents = allocation.shares.leftover == "cents"
        return Shape(self._minor if cents else 0)

    def _parameter(self, node: ItemOf, parameter: Parameter, rows: Offered, scope: Grain) -> Shape:
        for _, value in node.keys:
            self._value(value, rows, scope)
        if node.as_of is not None:
            self._value(node.as_of, rows, scope)
        cells = [self._value(cell, rows, scope) for _, row in parameter.rows for cell in row]
        grid = Shape(max((one.scale or 0 for one in cells), default=SCALES.get(parameter.type.family, 0)))
        answers = [self._exception(rule, dict(node.keys), node.as_of, ONCE, rows) for rule in parameter.exceptions]
        return self._digits.aligned((grid, *answers), node.span)

    def _decision(self, node: ItemOf, decision: Decision, rows: Offered) -> Shape:
        as_of = node.as_of if decision.as_of_moment is None else decision.as_of_moment
        keys = dict(node.keys)
        if decision.as_of and as_of is not None:
            keys.setdefault(decision.as_of, as_of)
        if as_of is not None:
            self._value(as_of, rows, decision.grain)
        self._value(in_terms_of(decision.usual, keys, as_of, decision.grain), rows, decision.grain)
        for rule in decision.exceptions:
            self._exception(rule, keys, as_of, decision.grain, rows)
        return Shape()

    def _amount(self, node: ItemOf, amount: Amount, rows: Offered) -> Shape:
        keys, grain = dict(node.keys), amount.grain
        usual = self._value(in_terms_of(amount.value, keys, node.as_of, grain), rows, grain)
        usual = self._capped(usual, amount.caps, keys, node.as_of, grain, rows)
        answers = [self._exception(rule, keys, node.as_of, grain, rows) for rule in amount.exceptions]
        self.tests(in_terms_of(amount.when, keys, node.as_of, grain), rows, grain)
        return self._digits.aligned((usual, *answers), node.span)

    def _exception(
        self, rule: ExceptionRule, keys: dict[str, Expression], as_of: Expression | None, grain: Grain, rows: Offered
    ) -> Shape:
        self.tests(in_terms_of(rule.when, keys, as_of, grain), rows, grain)
        if rule.value is None:
            return Shape()
        shape = self._value(in_terms_of(rule.value, keys, as_of, grain), rows, grain)
        return self._capped(shape, rule.caps, keys, as_of, grain, rows)

    def _capped(
        self,
        shape: Shape,
        caps: tuple[Cap, ...],
        keys: dict[str, Expression],
        as_of: Expression | None,
        grain: Grain,
        rows: Offered,
    ) -> Shape:
        for cap in caps:
            if cap.form == "running":
                self._used_up(shape, cap, rows)
                continue
            limit = self._value(in_terms_of(cap.limit, keys, as_of, grain), rows, grain)
            self._digits.compared(shape, limit, cap.span)
            shape = self._digits.aligned((shape, limit), cap.span)
        return shape

    def _used_up(self, shape: Shape, cap: Cap, rows: Offered) -> None:
        if rows.adjustment:
            self._refuse(cap.span, f"`{said(cap.span)}`: facts are still adjusted when it is read", "")
        if reason := why_not_used_up(shape, self.limit(cap, rows)):
            self._refuse(cap.span, f"`{said(cap.span)}`: {reason}", "write `rounded(...)`")

    def limit(self, cap: Cap, rows: Offered) -> Shape:
        """The shape of a limit that rows use up: read in its own scope, as at the period's end."""
        scope = cap.grain or ONCE
        end = MomentOf(DataType(Family.DATE), cap.span, False, "", "period", "end")
        self._kept[id(rows)] = rows
        return self._value(in_terms_of(cap.limit, {}, end, scope), rows, scope)

    def _table(self, node: ItemOf, table: Table, rows: Offered) -> Shape:
        keys, grain = dict(node.keys), table.grain
        inputs = [self._value(in_terms_of(one, keys, node.as_of, grain), rows, grain) for one in table.inputs]
        for row in table.rows:
            for cell, input_ in zip(row.cells, inputs, strict=True):
                for value in cell.values:
                    self._digits.compared(input_, self._value(value, rows, grain), cell.span)
        at = [name for name, _ in table.outputs].index(node.item)
        shapes: list[Shape] = []
        for row in table.rows:
            output = row.outputs[at]
            if output is not None:
                shapes.append(self._value(output, rows, grain))
                if shapes[-1].over is not None:
                    self._refuse(output.span, f"`{said(output.span)}` in a table: a quotient has no cell", "round it")
        return self._digits.aligned(shapes, node.span)

    def _reconciled(self, node: ItemOf, rows: Offered, scope: Grain) -> Shape:
        """A value joined from a reconciliation's rows."""
        for found in self._ruleset.reconciliations.values():
            label = node.item.removeprefix(f"{found.name}.")
            if label not in self._columns(found, rows):
                continue
            for _, key in node.keys:
                self._value(key, rows, scope)
            return self._stored.get((found.name, label), shape_of(node.type))
        names = " or ".join(self._ruleset.reconciliations)
        self._refuse(
            node.span,
            f"`{said(node.span)}`: it is a value of rows of {names} that are not joined here",
            "read it where its rows are",
        )
        return shape_of(node.type)

    def _columns(self, found: Reconciliation, rows: Offered) -> set[str]:
        if f"{found.name} decided" not in rows.made:
            return set()
        decided = [table for table in self._ruleset.tables.values() if table.grain.rows == (found.name,)]
        names = {"expected", "reported", *(key.name for key in found.grain.keys), *(one.name for one in found.locals)}
        return names | {name for table in decided for name, _ in table.outputs}

    # ---- other rows --------------------------------------------------------------------------------------------------

    def _aggregate(self, node: AggregateOf, rows: Offered) -> Shape:
        scope = node.scope or ONCE
        source = self._source(node.source, node.span, rows, scope)
        if source is None:
            return shape_of(node.type)
        for reason, help_text in (
            why_no_window(self._ruleset, node, rows, scope),
            why_no_sum(self._ruleset, node, rows, scope),
        ):
            if reason:
                self._refuse(node.span, f"`{said(node.span)}`: {reason}", help_text)
        grain = node.source.grain
        self.tests(node.where, source, grain)
        shape = Shape(0) if node.value is None else self.value(node.value, source, grain)
        if shape.over is not None:
            shape = Shape(SUMMED_DIGITS)
        if node.function == "average":
            return Shape(shape.scale, 0)
        return Shape(0) if node.function == "count" else Shape(shape.scale)

    def _source(self, source: Source, span: Span, rows: Offered, scope: Grain) -> Offered | None:
        """The rows an aggregate ranges over, what must agree read on both sides; None where no frame serves them."""
        reason = why_not(self._ruleset, source.grain, rows.made)
        if reason:
            self._refuse(span, f"`{said(span)}`: {reason}", "")
            return None
        offered = self.rows_of(source.grain, rows.made, rows.adjustment)
        for own, asked in source.matching:
            self.value(own, offered, source.grain)
            self._value(asked, rows, scope)
        return offered

    def rows_of(self, grain: Grain, made: frozenset[str], adjustment: bool = False) -> Offered:
        """The rows of a grain that a frame serves (`why_not` is empty)."""
        found = rows_of(self._ruleset, grain, made, adjustment)
        self._kept[id(found)] = found
        return found

    def _refuse(self, span: Span, construct: str, help: str) -> None:
        asked = self._asked[0] if self._asked else span
        labels = () if asked == span else (Label(asked, "it is read here"),)
        self._refusals.add(span, construct, help, labels)


def _absent_row(grain: Grain, rows: Offered) -> str:
    """A row that an item speaks of and its reader does not have; empty where it has all."""
    wanted = ("slice",) if grain.form == "slices" else grain.rows if grain.form in ("rows", "layers") else ()
    return next((row for row in wanted if not rows.has_row(row)), "")
