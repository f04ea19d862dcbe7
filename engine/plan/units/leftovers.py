"""Leftover cents posted apart: each slice is rounded alone, and what an emptied layer has left is a row of its own.

A layer's balance, for each price it carries, is what was rounded when it opened, what changes of the price added, and
what slices took out or brought back; whenever no unit is held any more the balance that is left becomes a leftover
row and the balance begins at nothing again. Units of one event and layer that are worth the same are one slice,
wherever they lie.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.plan.numbers import Value, add, multiply, rounded
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.changing import carried_value
from engine.plan.units.stock import union_all
from engine.plan.values.frames import carried_type, layers_of
from engine.plan.world import World

UNITS = "DECIMAL(38,3)"
BEFORE = "0"
"""The step of what was handed over: events are numbered from 1."""


def priced_names(world: World) -> tuple[str, ...]:
    """Carried prices, each of which has a balance."""
    return tuple(name for name in layers_of(world).carried if carried_type(world, name).family is Family.PRICE)


def rest_columns(world: World) -> tuple[tuple[str, str], ...]:
    """What a slice has beside when cents are posted apart: whether it is a leftover row, what is left of each price."""
    rests = tuple((f"rest:{name}", _money(world)) for name in priced_names(world))
    return (("leftover", "BOOLEAN"), *rests)


def _money(world: World) -> str:
    return f"DECIMAL(38,{world.digits})"


def make_slices_apart(
    world: World, grain: tuple[str, ...], columns: tuple[tuple[str, str], ...], rows: exp.Query, rule: Origin
) -> None:
    """`slice`: rows of `columns`, then `step` and `changing`, merged where worth the same, with leftover rows."""
    alone = (*columns, ("step", "BIGINT"), ("changing", "BOOLEAN"))
    summed = {"layer.from": exp.Min, "layer.to": exp.Max, "quantity": exp.Sum}
    own = {name: cast(function(this=column(name, "s")), dict(columns)[name]) for name, function in summed.items()}
    keys = [column(name, "s") for name, _ in alone if name not in own]
    merged = exp.select(*(named(own.get(name, column(name, "s")), name) for name, _ in alone))
    merged = merged.from_(rows.subquery(exp.to_identifier("s", quoted=True))).group_by(*keys)
    world.add(Relation("slice alone", (*grain, "step"), alone, merged, rule))
    _make_balances(world, rule)
    _make_rests(world, rule)
    nothing = [named(cast(exp.Literal.number("0"), storage), name) for name, storage in rest_columns(world)[1:]]
    plain = exp.select(*(column(name) for name, _ in columns), named(exp.false(), "leftover"), *nothing)
    query = exp.union(plain.from_(table("slice alone")), _leftover_rows(world, columns), distinct=False, copy=False)
    world.add(Relation("slice", (*grain, "leftover"), (*columns, *rest_columns(world)), query, rule))


# ---- balances ----------------------------------------------------------------------------------------------------


def _make_balances(world: World, rule: Origin) -> None:
    """`layer balance`: units held and cents posted after each step that touches a layer.

    `cleared:NAME` is what had been posted when the layer was last empty before the step.
    """
    names = priced_names(world)
    steps = union_all([_openings(world, names), *_movements(world, names), *_handed(world, names)])
    by = [column("layer", "u"), column("step", "u")]
    sums = [named(cast(exp.Sum(this=column("units", "u")), UNITS), "units")]
    sums += [named(cast(exp.Sum(this=column(name, "u")), _money(world)), name) for name in names]
    summed = exp.select(*by, *sums).from_(steps.subquery(exp.to_identifier("u", quoted=True))).group_by(*by)
    totals = [named(cast(_running(exp.Sum(this=column("units", "s")), "s"), UNITS), "held")]
    totals += [named(cast(_running(exp.Sum(this=column(name, "s")), "s"), _money(world)), name) for name in names]
    running = exp.select(column("layer", "s"), column("step", "s"), *totals)
    running = running.from_(summed.subquery(exp.to_identifier("s", quoted=True)))
    cleared = [named(_cleared(name, _money(world)), f"cleared:{name}") for name in names]
    everything = [column(one, "t") for one in ("layer", "step", "held", *names)]
    query = exp.select(*everything, *cleared).from_(running.subquery(exp.to_identifier("t", quoted=True)))
    money = [(name, _money(world)) for name in (*names, *(f"cleared:{one}" for one in names))]
    columns = (("layer", "BIGINT"), ("step", "BIGINT"), ("held", UNITS), *money)
    world.add(Relation("layer balance", ("layer", "step"), columns, query, rule))


def _running(function: exp.Expr, alias: str, end: str = "CURRENT ROW", end_side: str | None = None) -> exp.Window:
    """A window function over a layer's steps from the first through this one, or through the one before."""
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=end, end_side=end_side)
    order = exp.Order(expressions=[exp.Ordered(this=column("step", alias))])
    return exp.Window(this=function, partition_by=[column("layer", alias)], order=order, spec=spec)


def _cleared(name: str, money: str) -> exp.Expr:
    empty = exp.EQ(this=column("held", "t"), expression=exp.Literal.number("0"))
    when_empty = exp.Case().when(empty, column(name, "t"))
    last = _running(exp.IgnoreNulls(this=exp.LastValue(this=when_empty)), "t", "1", "PRECEDING")
    return cast(exp.Coalesce(this=last, expressions=[exp.Literal.number("0")]), money)


def _openings(world: World, names: Sequence[str]) -> exp.Select:
    """Layers opened by facts, at the rounded value of all of their units."""
    thousandth = cast(exp.Literal.number("0.001"), "DECIMAL(4,3)")
    units = cast(exp.Mul(this=cast(column("quantity", "e"), "DECIMAL(35,0)"), expression=thousandth), UNITS)
    origin = world.relation("layer origin")
    amounts = [_amount(world, units, carried_value(world, origin, name, "o", name)) for name in names]
    same = exp.EQ(this=column("layer", "o"), expression=column("event", "e"))
    opens = exp.EQ(this=column("class", "e"), expression=exp.Literal.number("2"))
    query = _step(column("event", "e"), column("event", "e"), units.copy(), names, amounts)
    return query.from_(table("event", "e")).join(table("layer origin", "o"), on=same, copy=False).where(opens)


def _movements(world: World, names: Sequence[str]) -> list[exp.Select]:
    """Units out and back at their rounded value, and what changes of price add to it."""
    units = column("quantity", "s")
    before = {name: _slice_value(world, name, "layer") for name in names}
    moved = [_amount(world, units, before[name]) for name in names]
    out = [exp.Case().when(column("returning", "s"), one).else_(exp.Neg(this=one.copy())) for one in (units, *moved)]
    placed = _none_of("provisional", "changing")
    branches = [_of_slices(names, out[0], out[1:]).where(placed)]
    gained: list[exp.Expr] = []
    for name in names:
        changes = f"after.{name}" in world.relation("slice alone").column_names
        more = add(_slice_value(world, name, "after"), before[name], before[name].type, "-") if changes else None
        gained.append(exp.Literal.number("0") if more is None else _amount(world, units, more))
    if layers_of(world).changes:
        branches.append(_of_slices(names, exp.Literal.number("0"), gained).where(column("changing", "s")))
    return branches


def _none_of(*marks: str) -> exp.Expr:
    return exp.and_(*(exp.Not(this=column(mark, "s")) for mark in marks), copy=False)


def _of_slices(names: Sequence[str], units: exp.Expr, amounts: Sequence[exp.Expr]) -> exp.Select:
    same = exp.EQ(this=column("layer", "o"), expression=column("layer", "s"))
    query = _step(column("layer", "s"), column("step", "s"), units, names, amounts)
    return query.from_(table("slice alone", "s")).join(table("layer origin", "o"), on=same, copy=False)


def _slice_value(world: World, name: str, side: str) -> Value:
    """A price before (`layer`) or after a slice's event, out of the slice where it may change, else out of the
    layer."""
    alone, label = world.relation("slice alone"), f"{side}.{name}"
    if label in alone.column_names:
        return carried_value(world, alone, name, "s", label)
    return carried_value(world, world.relation("layer origin"), name, "o", name)


def _handed(world: World, names: Sequence[str]) -> list[exp.Select]:
    if "handed rest" not in world.given:
        return []
    amounts = [column(name, "h") for name in names]
    query = _step(column("layer", "h"), exp.Literal.number(BEFORE), column("held", "h"), names, amounts)
    return [query.from_(table("handed rest", "h"))]


def _step(
    layer: exp.Expr, step: exp.Expr, units: exp.Expr, names: Sequence[str], amounts: Sequence[exp.Expr]
) -> exp.Select:
    cents = [named(amount, name) for name, amount in zip(names, amounts, strict=True)]
    return exp.select(named(layer, "layer"), named(step, "step"), named(cast(units, UNITS), "units"), *cents)


def _amount(world: World, units: exp.Expr, price: Value) -> exp.Expr:
    quantity = Value(units.copy(), DataType(Family.QUANTITY), 3)
    return rounded(multiply(quantity, price, DataType(Family.MONEY)), world.digits, world.half).sql


# ---- rests -------------------------------------------------------------------------------------------------------


def _make_rests(world: World, rule: Origin) -> None:
    """`layer rest`: the cents an emptied layer has left, by layer and step; none where nothing is left."""
    names = priced_names(world)
    rests = {name: exp.Sub(this=column(name), expression=column(f"cleared:{name}")) for name in names}
    zero = exp.Literal.number("0")
    some = exp.or_(*(exp.NEQ(this=exp.Paren(this=rest), expression=zero) for rest in rests.values()), copy=False)
    empty = exp.EQ(this=column("held"), expression=zero.copy())
    cents = [named(cast(exp.Paren(this=rest.copy()), _money(world)), f"rest:{name}") for name, rest in rests.items()]
    query = exp.select(column("layer"), column("step"), *cents).from_(table("layer balance"))
    query = query.where(exp.and_(empty, some, copy=False) if rests else exp.false())
    columns = (("layer", "BIGINT"), ("step", "BIGINT"), *rest_columns(world)[1:])
    world.add(Relation("layer rest", ("layer", "step"), columns, query, rule))


def _leftover_rows(world: World, columns: tuple[tuple[str, str], ...]) -> exp.Select:
    """A row without units beside the last slice that emptied its layer, in the name of the same fact."""
    order = [exp.Ordered(this=column(name), desc=True) for name in ("event", "layer.from")]
    parts = [column("layer"), column("step")]
    turn = exp.Window(this=exp.RowNumber(), partition_by=parts, order=exp.Order(expressions=order))
    out = exp.select(exp.Star(), named(turn, "turn")).from_(table("slice alone", "s"))
    out = out.where(_none_of("returning", "provisional", "changing"))
    last = exp.and_(
        exp.EQ(this=column("layer", "r"), expression=column("layer", "s")),
        exp.EQ(this=column("step", "r"), expression=column("step", "s")),
        exp.EQ(this=column("turn", "s"), expression=exp.Literal.number("1")),
        copy=False,
    )
    none = {"layer.from", "layer.to", "quantity"}
    chosen = [
        named(cast(exp.Literal.number("0"), storage), name) if name in none else column(name, "s")
        for name, storage in columns
    ]
    rests = [column(name, "r") for name, _ in rest_columns(world)[1:]]
    query = exp.select(*chosen, named(exp.true(), "leftover"), *rests)
    query = query.from_(out.subquery(exp.to_identifier("s", quoted=True)))
    return query.join(table("layer rest", "r"), on=last, copy=False)


def handed_rests(world: World) -> exp.Select:
    """What layers that hold units have on the books, for the next period: `handed rest`."""
    names = priced_names(world)
    parts = [column("layer")]
    order = exp.Order(expressions=[exp.Ordered(this=column("step"), desc=True)])
    turn = exp.Window(this=exp.RowNumber(), partition_by=parts, order=order)
    latest = exp.select(exp.Star(), named(turn, "turn")).from_(table("layer balance"))
    left = [
        named(
            cast(exp.Sub(this=column(name, "b"), expression=column(f"cleared:{name}", "b")), _money(world)),
            name,
        )
        for name in names
    ]
    query = exp.select(column("layer", "b"), column("held", "b"), *left)
    query = query.from_(latest.subquery(exp.to_identifier("b", quoted=True)))
    holds = exp.NEQ(this=column("held", "b"), expression=exp.Literal.number("0"))
    is_last = exp.EQ(this=column("turn", "b"), expression=exp.Literal.number("1"))
    return query.where(exp.and_(holds, is_last, copy=False))
