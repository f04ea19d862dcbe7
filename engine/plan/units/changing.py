"""What pieces of layers keep of a carried value that changes: a decimal, or a fraction in lowest terms.

A quotient is kept as two whole numbers without a common factor, so that additions of quotients stay exact and short
however often they happen; any other value keeps the digits its layers carry.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from engine.model.expression import AggregateOf, Arithmetic, Bound, Expression, ItemOf
from engine.model.ruleset import Change, Layers, Ruleset
from engine.model.walk import walk
from engine.plan.fragments import scale_of
from engine.plan.numbers import Value, add, decimal_type, in_lowest_terms
from engine.plan.relation import Relation, cast, column
from engine.plan.values.frames import carried_type
from engine.plan.world import World

WHOLE = decimal_type(0)


def changed_names(layers: Layers) -> tuple[str, ...]:
    """Carried names that some change touches, in order of carrying."""
    touched = {change.carried for change in layers.changes}
    return tuple(name for name in layers.carried if name in touched)


def value_columns(world: World, layers: Layers) -> tuple[tuple[str, str], ...]:
    """Columns that pieces keep the changing values in; a fraction has a second one, `NAME:over`."""
    types = dict(world.relation("layer origin").columns)
    found: list[tuple[str, str]] = []
    for name in changed_names(layers):
        if f"{name}:over" in types or becomes_a_quotient(world.ruleset, layers, name):
            found += [(name, WHOLE), (f"{name}:over", WHOLE)]
        else:
            found.append((name, types[name]))
    return tuple(found)


def becomes_a_quotient(ruleset: Ruleset, layers: Layers, name: str) -> bool:
    """Whether some change may leave a carried value a quotient."""
    return any(_may_divide(ruleset, one.value) for one in layers.changes if one.carried == name)


def _may_divide(ruleset: Ruleset, expression: Expression) -> bool:
    """Whether a value may come out as a quotient: something is divided in it, or in an amount it reads."""
    return any(_divides(one) for one in _read_by(ruleset, expression, set()))


def _divides(one: Bound) -> bool:
    if isinstance(one, Arithmetic):
        return one.operator == "/"
    return isinstance(one, AggregateOf) and one.function == "average"


def _read_by(ruleset: Ruleset, node: object, seen: set[str]) -> Iterator[Bound]:
    for one in walk(node):
        yield one
        if isinstance(one, ItemOf) and one.item in ruleset.amounts and one.item not in seen:
            seen.add(one.item)
            amount = ruleset.amounts[one.item]
            answers = (amount.value, amount.caps, *((rule.value, rule.caps) for rule in amount.exceptions))
            yield from _read_by(ruleset, answers, seen)


def first_values(world: World, values: tuple[tuple[str, str], ...], alias: str) -> list[exp.Expr]:
    """What a layer carries when it opens, out of its row of `layer origin`, in the order of the columns."""
    origin = world.relation("layer origin")
    kept = dict(values)
    found: list[exp.Expr] = []
    for name in (name for name in kept if not name.endswith(":over")):
        if f"{name}:over" not in kept:
            found.append(column(name, alias))
        else:
            found += in_lowest_terms(carried_value(world, origin, name, alias, name))
    return found


def carried_value(world: World, relation: Relation, name: str, alias: str, label: str) -> Value:
    """What a relation's column `label` holds of a carried value, as a quotient where it has one's second column."""
    scale, over = scale_of(relation.type_of(label)), f"{label}:over"
    type_ = carried_type(world, name)
    if over not in relation.column_names:
        return Value(column(label, alias), type_, scale)
    over_scale = scale_of(relation.type_of(over)) or 0
    return Value(column(label, alias), type_, scale, column(over, alias), over_scale)


def after_change(change: Change | None, given: Value | None, old: Value) -> Value:
    """What a piece carries after a change that touches it; of others what it carried before."""
    if change is None or given is None:
        return old
    return given if change.form == "to" else add(old, given, old.type, "+")


def kept(name: str, value: Value, values: dict[str, str]) -> list[tuple[str, exp.Expr, str]]:
    """A value as the columns that keep it: name, SQL, storage.

    Digits beyond those that layers carry are rounded half away from zero, as DuckDB casts.
    """
    if f"{name}:over" in values:
        top, bottom = in_lowest_terms(value)
        return [(name, top, WHOLE), (f"{name}:over", bottom, WHOLE)]
    wanted, storage = scale_of(values[name]), values[name]
    if value.scale is None or wanted is None or value.scale <= wanted:
        return [(name, cast(value.sql, storage), storage)]
    return [(name, cast(exp.Round(this=value.sql, decimals=exp.Literal.number(str(wanted))), storage), storage)]
