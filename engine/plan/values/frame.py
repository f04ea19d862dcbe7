"""A frame: rows of one grain, and the values that rules read or compute in them.

A frame begins as one relation and grows in steps. Each step joins what its expressions look up (registers, sums over
other rows) and adds columns; the next step reads them. A value of another item becomes a column of the asker's rows,
so a decision with all its exceptions is a projection, and the columns that say which rule was in play are simply
there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.books import BOOK
from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, Grain, ItemOf, LedgerBalance, Literal, TestsOf
from engine.model.ruleset import Change, Table
from engine.plan import fragments
from engine.plan.numbers import Value, decimal_type, stored
from engine.plan.relation import Origin, Relation, column, named, table
from engine.plan.world import World, date_literal

ROWS = "r"
IN_CURRENCY = (Family.MONEY, Family.PRICE)


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that must never be true in a row, with the sentence that says why the run stopped."""

    code: str
    message: str
    rules: tuple[str, ...]
    column: str
    said: str = ""
    """A column with the words that the sentence ends with, where it speaks of the row's own values."""


class Lowering(Protocol):
    """How bound expressions become SQL over a frame (engine.plan.values.lower)."""

    def prepare(self, node: object, scope: Grain) -> None:
        """Give every item, sum and `exists` inside `node` a column."""

    def value(self, node: Expression) -> Value:
        """The SQL value of a prepared expression."""

    def tests(self, node: TestsOf) -> exp.Expr:
        """Prepared tests as one SQL condition."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a frame is built with: its lowering, and frames over other rows (grain, mode, everything known or not), over
    rows of a reconciliation and over a relation of a kind's facts, and the currency of a row's company."""

    lowering: Callable[[Frame], Lowering]
    frame_of: Callable[[World, Grain, str, bool], Frame]
    history_of: Callable[[World, str], Frame]
    facts_of: Callable[[World, str, str], Frame]
    company_currency: Callable[[Frame], exp.Expr]


Moment = tuple[str, str, str]
"""An edge of a calendar span: shift, unit and edge, as in `previous quarter end`."""

Held = Callable[["Frame", str, Value], Value]
"""What stands in a column of a name where a value was found for it: that, or what an override puts there."""


def _as_found(_: Frame, __: str, value: Value) -> Value:
    return value


EVERY_DAY = "every day"
"""The mode in which facts known may also be dated after the period's end."""


class Frame:
    """Rows of `base` with the fields that names may mean there.

    `fields` maps (row, field) to a column and its type; `keys` maps a key's name likewise; `date` is the governing
    date of a row (a column, or the period's end). `mode` is 'adjustment' where sums run over everything known by the
    period's end. `period` is the one that rows belong to; where each row says its own, `moments` maps the edges of
    calendar spans to columns.
    """

    def __init__(
        self,
        world: World,
        base: str,
        fields: Mapping[tuple[str, str], tuple[str, DataType]],
        keys: Mapping[str, tuple[str, DataType]],
        date: exp.Expr | None = None,
        mode: str = "",
        *,
        tools: Tools,
    ) -> None:
        self.world = world
        self.tools = tools
        self.base = base
        self.fields = dict(fields)
        self.keys = dict(keys)
        self.date = date if date is not None else date_literal(world.period.end)
        self.mode = mode
        self.carried: tuple[str, ...] | None = None
        self.changes: tuple[Change, ...] = ()
        self.leftover_apart = False
        self.by_currency = False
        self.period = world.period
        self.moments: dict[Moment, str] = {}
        self.guards: list[Guard] = []
        self.values: dict[str, Value] = {}
        self.decided: set[str] = set()
        self.held: Held = _as_found
        self._source: exp.Expr = table(base, ROWS)
        self._joins: list[exp.Join] = []
        self._join_names: dict[str, str] = {}
        self._new: list[tuple[str, exp.Expr]] = []
        self._items: dict[object, str] = {}
        self._lowering = tools.lowering(self)

    # ---- reading -------------------------------------------------------------------------------------------------

    def column(self, name: str) -> exp.Expr:
        """A column of the rows as they are now."""
        return column(name, ROWS)

    def value_of(self, name: str) -> Value:
        """A value computed earlier in this frame, by its column's name."""
        value = self.values[name]
        over = None if value.over is None else self.column(f"{name}:over")
        return replace(value, sql=self.column(name), over=over)

    def field(self, row: str, name: str) -> Value:
        """A field of the row; InternalError where the frame's rows have none."""
        found = self.fields.get((row, name))
        if found is None:
            raise InternalError(f"rows of {self.base} have no field {row}.{name}")
        if found[0] in self.values:
            return self.in_currency(self.value_of(found[0]), row)
        return self.in_currency(stored(self.column(found[0]), found[1]), row)

    def expose(self, row: str, name: str, type_: DataType, relation: Relation, label: str = "") -> None:
        """Let a column of the base relation be read as a field, at the scale (and quotient) it was stored with."""
        label = label or name
        scale = fragments.scale_of(relation.type_of(label)) if type_.is_numeric else None
        over = f"{label}:over" if f"{label}:over" in relation.column_names else None
        over_scale = fragments.scale_of(relation.type_of(over)) or 0 if over else 0
        self.values[label] = Value(column(label), type_, scale, column(over) if over else None, over_scale)
        self.fields[(row, name)] = (label, type_)

    def take_decided(self, decided: Table, relation: Relation) -> None:
        """Let the outputs of a table be read where the base relation already has them."""
        self.decided.add(decided.name)
        for name, type_ in decided.outputs:
            scale = fragments.scale_of(relation.type_of(name)) if type_.is_numeric else None
            self.values[name] = Value(column(name), type_, scale)

    def has_row(self, row: str) -> bool:
        """Whether rows of that name can be read here."""
        return any(one == row for one, _ in self.fields)

    def key(self, name: str) -> Value:
        """A key of the rows."""
        found = self.keys.get(name)
        if found is not None:
            return self.in_currency(stored(self.column(found[0]), found[1]))
        if ("layer", name) in self.fields:
            return self.field("layer", name)
        if name == "period":
            return Value(exp.Literal.string(self.period.name), DataType(Family.PERIOD))
        if name == BOOK and self.world.book:
            return Value(exp.Literal.string(self.world.book), DataType(Family.TEXT))
        raise InternalError(f"rows of {self.base} have no key {name}")

    def moment(self, shift: str, unit: str, edge: str) -> exp.Expr:
        """An edge of a calendar span, seen from the row's period."""
        held = self.moments.get((shift, unit, edge))
        if held is not None:
            return self.column(held)
        if self.moments:
            raise InternalError(f"rows of {self.base} say their period, and not its {shift} {unit} {edge}")
        return date_literal(self.world.calendar.moment(self.period, shift, unit, edge))

    def own_currency(self, row: str = "") -> exp.Expr | None:
        """The currency of a row's own money; None where rows have none."""
        found = self.fields.get((row, "currency")) or self.keys.get("currency")
        return None if found is None else self.column(found[0])

    def in_currency(self, value: Value, row: str = "") -> Value:
        """A recorded value with the currency its type names, else that of its row."""
        if not self.world.converts or value.currency is not None or value.type.family not in IN_CURRENCY:
            return value
        named_one = value.type.domain
        if named_one == "company":
            return replace(value, currency=self.tools.company_currency(self))
        return replace(value, currency=exp.Literal.string(named_one) if named_one else self.own_currency(row))

    def carried_value(self, name: str) -> Value:
        """What a layer carries, before the slice's event; `NAME:after` is what it carries after a change."""
        return self.field("layer", name)

    # ---- computing -----------------------------------------------------------------------------------------------

    def lower(self, expression: Expression, scope: Grain) -> Value:
        """An expression bound at `scope` as SQL over the rows as they are now (items it reads become columns first)."""
        self._lowering.prepare(expression, scope)
        return self._lowering.value(expression)

    def test(self, tests: TestsOf | None, scope: Grain) -> exp.Expr:
        """Tests as a SQL condition: NULL is unknown; no tests are true."""
        if tests is None:
            return exp.true()
        self._lowering.prepare(tests, scope)
        return self._lowering.tests(tests)

    def prepare(self, node: object, scope: Grain) -> None:
        """Give what `node` reads of other items its columns; lowering it then adds no step."""
        self._lowering.prepare(node, scope)

    def value(self, expression: Expression) -> Value:
        """A prepared expression as SQL."""
        return self._lowering.value(expression)

    def tests(self, tests: TestsOf) -> exp.Expr:
        """Prepared tests as SQL."""
        return self._lowering.tests(tests)

    def add_column(self, name: str, value: Value) -> None:
        """Add a column to the step being built, without closing it."""
        self._keep(name, value)

    def _keep(self, name: str, value: Value) -> None:
        """Columns of a value: its own, `:over` of a quotient, and `:currency` where that is no column yet."""
        self._new.append((name, value.sql))
        if value.over is not None:
            self._new.append((f"{name}:over", value.over))
        own = value.currency
        if own is not None and not isinstance(own, exp.Literal) and getattr(own, "table", "") != ROWS:
            self._new.append((f"{name}:currency", own))
            value = replace(value, currency=self.column(f"{name}:currency"))
        if value.along is not None:
            labels = (f"{name}:until", f"{name}:since")
            self._new += list(zip(labels, value.along, strict=True))
            value = replace(value, along=(self.column(labels[0]), self.column(labels[1])))
        self.values[name] = value

    def define(self, name: str, value: Value) -> Value:
        """Add a column (and its `:over` where the value is a quotient) and step on; the value as a column."""
        label = name
        number = 2
        while label in self.values:
            label = f"{name}#{number}"
            number += 1
        self._keep(label, value)
        self.step()
        return self.value_of(label)

    def define_all(self, values: Sequence[tuple[str, Value]]) -> None:
        """Add several columns in one step; their SQL was lowered since the last step."""
        for name, value in values:
            if name in self.values:
                raise InternalError(f"column {name} is defined twice over {self.base}")
            self._keep(name, value)
        self.step()

    def label_of(self, value: Value) -> str:
        """The name of a column a value was read from."""
        if not isinstance(value.sql, exp.Column):
            raise InternalError("the value is not a column")
        return value.sql.name

    def step(self) -> None:
        """Close the joins and columns made since the last step; what follows reads their result."""
        if not self._new and not self._joins:
            return
        query = self._select([exp.Column(this=exp.Star(), table=exp.to_identifier(ROWS, quoted=True))])
        self._source = query.subquery(exp.to_identifier(ROWS, quoted=True), copy=False)
        self._joins, self._join_names, self._new = [], {}, []

    def filter(self, condition: exp.Expr) -> None:
        """Keep rows where a condition holds (unknown is dropped), and rows that break a guard, so that it is seen."""
        kept = (
            exp.or_(condition, *(self._as_made(guard.column) for guard in self.guards), copy=False)
            if self.guards
            else condition
        )
        query = self._select([exp.Column(this=exp.Star(), table=exp.to_identifier(ROWS, quoted=True))])
        query = query.where(kept, copy=False)
        self._source = query.subquery(exp.to_identifier(ROWS, quoted=True), copy=False)
        self._joins, self._join_names, self._new = [], {}, []

    def guard(self, code: str, message: str, rules: tuple[str, ...], broken: exp.Expr) -> None:
        """Add a condition that stops the run where it is true in any row."""
        label = f"guard#{len(self.guards) + 1}"
        value = Value(exp.Coalesce(this=broken, expressions=[exp.false()]), DataType(Family.YES_NO))
        self._new.append((label, value.sql))
        self.values[label] = value
        self.guards.append(Guard(code, message, rules, label))
        self.step()

    def watch(self, code: str, message: str, rules: tuple[str, ...], broken: exp.Expr, said: exp.Expr) -> None:
        """Add a guard while values are being lowered, without a step; `said` ends its sentence in the broken row."""
        number = len(self.guards) + 1
        guard = Guard(code, message, rules, f"guard#{number}", f"guard#{number}:said")
        never = exp.Coalesce(this=broken, expressions=[exp.false()])
        self._new += [(guard.column, never), (guard.said, said)]
        self.values[guard.column] = Value(never, DataType(Family.YES_NO))
        self.guards.append(guard)

    def _as_made(self, name: str) -> exp.Expr:
        """A column, or what it is made from while its step is still open."""
        return next((sql.copy() for label, sql in self._new if label == name), self.column(name))

    # ---- joining -------------------------------------------------------------------------------------------------

    def join(self, wanted: exp.Expr, on: dict[str, exp.Expr], extra: exp.Expr | None = None) -> str:
        """LEFT JOIN a table or subquery where its columns equal expressions over the rows; the alias it got.

        `on` maps a column of the joined rows to the expression it must equal (missing equals missing). The caller
        sees to it that at most one row agrees. `extra` speaks of the alias `@`.
        """
        key = wanted.sql() + "|" + "|".join(f"{name}={value.sql()}" for name, value in on.items())
        key += "" if extra is None else extra.sql()
        if key in self._join_names:
            return self._join_names[key]
        alias = f"j{len(self._join_names) + 1}"
        conditions: list[exp.Expr] = [fragments.equal(column(name, alias), value) for name, value in on.items()]
        if extra is not None:
            conditions.append(fragments.with_alias(extra, "@", alias))
        target = wanted.copy()
        target = (
            target.subquery(exp.to_identifier(alias, quoted=True))
            if isinstance(target, exp.Query)
            else exp.alias_(target, exp.to_identifier(alias, quoted=True), table=True)
        )
        self._joins.append(exp.Join(this=target, side="LEFT", on=exp.and_(*conditions, copy=False)))
        self._join_names[key] = alias
        return alias

    def remembered(self, key: object) -> str | None:
        """The column an item was defined as, if it was."""
        return self._items.get(key)

    def remember(self, key: object, label: str) -> None:
        """Note the column an item was defined as."""
        self._items[key] = label

    def answers(self) -> dict[str, str]:
        """Amounts and balances read so far: their names, and the columns that hold them."""
        found = {node.item: label for node, label in self._items.items() if isinstance(node, ItemOf)}
        held = [(node, label) for node, label in self._items.items() if isinstance(node, LedgerBalance)]
        roles = {f"balance of {node.role.value}": label for node, label in held if isinstance(node.role, Literal)}
        return {**found, **roles}

    # ---- finishing -----------------------------------------------------------------------------------------------

    def _select(self, first: Sequence[exp.Expr]) -> exp.Select:
        new = [named(sql, label) for label, sql in self._new]
        query = exp.select(*first, *new).from_(self._source, copy=False)
        for join in self._joins:
            query.append("joins", join)
        return query

    def rows_query(self, outputs: Sequence[tuple[str, Value]]) -> exp.Select:
        """A query of chosen values over the rows; the values were lowered since the last step."""
        selected = [named(value.sql, name) for name, value in outputs]
        return self._select_only(selected)

    def _select_only(self, selected: Sequence[exp.Expr]) -> exp.Select:
        query = exp.select(*selected).from_(self._source, copy=False)
        for join in self._joins:
            query.append("joins", join)
        return query

    def relation(
        self,
        name: str,
        grain: tuple[str, ...],
        outputs: Sequence[tuple[str, Value]],
        origin: Origin,
        stored_rows: bool = True,
    ) -> Relation:
        """The finished rows as a relation made in the world; RunStopped where a row breaks a guard."""
        flat: list[tuple[str, exp.Expr, str]] = []
        for label, value in outputs:
            flat.append((label, fragments.as_stored(value), value.storage))
            if value.over is not None:
                flat.append((f"{label}:over", value.over, decimal_type(value.over_scale)))
        if self.guards:
            flat.append(("guard", self._broken_guard(), "INTEGER"))
        query = self._select_only([named(sql, label) for label, sql, _ in flat])
        columns = tuple((label, storage) for label, _, storage in flat)
        made = self.world.add(Relation(name, grain, columns, query, origin, stored_rows or bool(self.guards)))
        if self.guards:
            fragments.stop_where_broken(self.world, made, self.guards, self._said)
        return made

    def _said(self, guard: fragments.Guarded) -> str:
        """What a broken guard says of the first row in the order of its words; '' where it says nothing."""
        if not isinstance(guard, Guard) or not guard.said:
            return ""
        words = self._as_made(guard.said)
        query = self._select_only([named(words, "said")]).where(self._as_made(guard.column))
        found = self.world.executor.rows(query.order_by(exp.Literal.number("1")).limit(1))
        return str(found[0][0]) if found else ""

    def _broken_guard(self) -> exp.Expr:
        number = exp.Case()
        for index, guard in enumerate(self.guards, start=1):
            number = number.when(self._as_made(guard.column), exp.Literal.number(str(index)))
        return number.else_(exp.Literal.number("0"))
