"""Approved overrides as input rows: where one names a row and a column of a reconciliation, its value stands there.

An override is never an edit of a result: the run is given it beside the facts, takes its value in the place of what it
would have found itself, and everything downstream reads it. What stood there before is kept beside it, to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from engine.model.datatypes import SCALES, DataType, Family
from engine.model.ruleset import Reconciliation, Ruleset
from engine.plan.numbers import Value, at_scale, decimal_type
from engine.plan.relation import Origin, Relation, case, cast, column, named, table
from engine.plan.values.frame import Frame
from engine.plan.world import RunStopped, World

OVERRIDES = "override"
"""The relation of a run's overrides: what each put in the place of what."""

REPORTED = "reported"
"""The side of a reconciliation that can be overridden: the count that holds at the moment."""

WAS = ":was"
"""What the label of a column ends with that keeps what an override stands in the place of."""

TOLD = (
    "override", "column", "value", "unit", "period", "reason", "comment", "evidence", "evidence-sha256", "proposed-by",
    "proposed-at", "approved-by", "approved-at", "role", "approval-comment", "digest",
)  # fmt: skip
"""What is known of an override, each as text: its id, the column it names and the value, and who is behind it."""


def given_name(reconciliation: str) -> str:
    """The relation that a run is given the overrides of a reconciliation in: `TOLD`, and `key.NAME` for each key."""
    return f"override of {reconciliation}"


def key_label(name: str) -> str:
    """The column of the relation given that holds a value of the row's key, as text."""
    return f"key.{name}"


def row_keys(found: Reconciliation) -> tuple[str, ...]:
    """The keys that tell a row from others of its period."""
    return tuple(key.name for key in found.grain.keys if key.name != "period")


def overridable(ruleset: Ruleset, found: Reconciliation) -> dict[str, DataType]:
    """The columns that an override may name, with their types: what was reported, local amounts in units or money, and
    outcomes of tables that decide over the rows."""
    columns = {REPORTED: DataType(Family.QUANTITY)}
    for local in found.locals:
        if local.value.type.family in (Family.QUANTITY, Family.MONEY):
            columns[local.name] = local.value.type
    for item in ruleset.tables.values():
        if item.grain.rows == (found.name,):
            columns |= {name: type_ for name, type_ in item.outputs if type_.values}
    return columns


@dataclass(frozen=True, slots=True)
class Overriding:
    """The overrides a run was given of a reconciliation: the relation they are in, and the columns they name."""

    reconciliation: Reconciliation
    columns: frozenset[str]

    def held(self, frame: Frame, label: str, value: Value) -> Value:
        """A value of the frame's rows, or in a row that is overridden the override's; what it was stays beside it."""
        if label not in self.columns:
            return value
        if value.over is not None:
            rule = f"reconciliation {self.reconciliation.name}"
            raise RunStopped("", f"`{label}` is a quotient, which no override can stand in the place of", (rule,))
        frame.add_column(label + WAS, value)
        if value.scale is not None:
            scale = max(value.scale, digits_of(frame.world, value.type))
            value = Value(at_scale(value, scale), value.type, scale, currency=value.currency)
        alias = frame.join(self._rows(label, value), {one: frame.key(one).sql for one in row_keys(self.reconciliation)})
        instead = column("value", alias)
        chosen = exp.Case().when(exp.Is(this=instead, expression=exp.Null()), value.sql.copy()).else_(instead.copy())
        return Value(chosen, value.type, value.scale, currency=value.currency)

    def _rows(self, label: str, value: Value) -> exp.Select:
        """The rows that have another value in a column, by their keys."""
        storage = value.type.storage if value.scale is None else decimal_type(value.scale)
        keys = [named(_key(self.reconciliation, one), one) for one in row_keys(self.reconciliation)]
        query = exp.select(*keys, named(cast(column("value"), storage), "value"))
        query = query.from_(table(given_name(self.reconciliation.name)))
        return query.where(exp.EQ(this=column("column"), expression=exp.Literal.string(label)))


def digits_of(world: World, type_: DataType) -> int:
    """Digits behind the point that an overriding amount may have: thousandths of a unit, the least coin of money."""
    return world.digits if type_.family is Family.MONEY else SCALES[Family.QUANTITY]


def _key(found: Reconciliation, name: str, alias: str = "") -> exp.Expr:
    """A key of an override's row, as the reconciliation stores it."""
    type_ = next(key.type for key in found.grain.keys if key.name == name)
    return cast(column(key_label(name), alias), type_.storage)


def overriding_of(world: World, found: Reconciliation) -> Overriding | None:
    """The overrides that a run was given of a reconciliation; None where it was given none, and nothing is joined."""
    name = given_name(found.name)
    if not world.executor_has(name):
        return None
    query = exp.select(column("column")).distinct().from_(table(name)).order_by(column("column"))
    named_here = {str(row[0]) for row in world.executor.rows(query)}
    return Overriding(found, frozenset(named_here & set(overridable(world.ruleset, found))))


def take_was(frame: Frame, made: Relation) -> None:
    """Let a frame over rows that were overridden read what the overrides stand in the place of."""
    for label in made.column_names:
        if label.endswith(WAS):
            frame.values[label] = Value(column(label), DataType(Family.TEXT), kept_as=made.type_of(label))


def make_overrides(world: World, overriding: Overriding, frame: Frame) -> None:
    """`override`: what each override put in the place of what. `frame` is over the rows as they were decided.

    `counts` is false where the rules no longer have the column of an override, or the reconciliation its row.
    """
    found = overriding.reconciliation
    rule = Origin(f"overrides of {found.name}", found.span)
    were = [label for label in frame.values if label.endswith(WAS)]
    rows, keys = f"{found.name} overridden", row_keys(found)
    outputs = [*((key, frame.key(key)) for key in keys), *((label, frame.value_of(label)) for label in were)]
    here = ("here", Value(exp.true(), DataType(Family.YES_NO)))
    frame.relation(rows, keys, [*outputs, here], rule)
    was = [
        (exp.EQ(this=column("column", "o"), expression=exp.Literal.string(label.removesuffix(WAS))),
         cast(column(label, "k"), "VARCHAR"))
        for label in were
    ]  # fmt: skip
    counts = exp.and_(
        exp.Coalesce(this=column("here", "k"), expressions=[exp.false()]),
        exp.In(this=column("column", "o"), expressions=[test.expression.copy() for test, _ in was] or [exp.Null()]),
        copy=False,
    )
    same = [exp.NullSafeEQ(this=column(key, "k"), expression=_key(found, key, "o")) for key in keys]
    told = (*TOLD, *map(key_label, keys))
    query = exp.select(
        named(cast(exp.Literal.string(found.name), "VARCHAR"), "reconciliation"),
        *(column(one, "o") for one in told),
        named(cast(case(was) if was else exp.Null(), "VARCHAR"), "was"),
        named(exp.Coalesce(this=counts, expressions=[exp.false()]), "counts"),
    )
    query = query.from_(table(given_name(found.name), "o"))
    query = query.join(table(rows, "k"), on=exp.and_(*same, copy=False), join_type="left", copy=False)
    texts = tuple((one, "VARCHAR") for one in ("reconciliation", *told, "was"))
    world.add(Relation(OVERRIDES, ("override",), (*texts, ("counts", "BOOLEAN")), query, rule))
