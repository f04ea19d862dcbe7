"""Places: each layer's rank in its pool's order of leaving, by what its opening fact said and what it opened with.

Positions are found before values change (language reference, section 8): the dearest layer is the one that opened
dearest, and a change of value moves no layer.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.datatypes import Family
from engine.model.ruleset import Kind, Layers
from engine.plan.numbers import in_order
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.at_the_back import HANDED, make_returned_places, may_stand_back
from engine.plan.units.changing import carried_value
from engine.plan.values.frames import carried_type, layer_fields, layers_of
from engine.plan.world import World, empty

RETURNS = "4"
Key = tuple[str, bool]
"""A column of `layer origin`, and whether its highest value comes first."""


def opened_by(layers: Layers, kind: Kind) -> str:
    """The field of an opening fact that says when its layer opened: the order's first, where that is a date."""
    types = {one.name: one.type for one in kind.record.columns}
    first = types.get(layers.order_by[0]) if layers.order_by else None
    return layers.order_by[0] if first is not None and first.family is Family.DATE else kind.record.on or ""


def make_places(world: World, layers: Layers, rule: Origin) -> None:
    """`layer place`: each layer's rank in its pool's order of leaving; kind and identity close the order.

    A layer that units returned beyond sales open stands behind all others of its day, and so do units that come back at
    the back; that place is known before it is known whether the return opens a layer. Where the dearest leave first,
    `age` is the rank without the price: what "the oldest" of a phrase that takes a layer means there.
    """
    keys = _keys(world, layers)
    source: exp.Expr = table("layer origin", "l")
    if may_stand_back(world):
        make_returned_places(world, rule)
    if layers.overreturn == "open-layer" or may_stand_back(world):
        source = _with_returns(world, layers, keys).subquery(exp.to_identifier("l", quoted=True))
        names = [name for name, _ in keys]
        behind = "opened" if "opened" in names else names[0] if layers.order == "dearest" else ""
        keys.insert(names.index(behind) + 1 if behind else 0, ("reopened", False))
    columns = [("layer", "BIGINT"), ("pool", "BIGINT"), ("place", "BIGINT")]
    ranks = [named(_rank(world, keys), "place")]
    if layers.order == "dearest":
        columns.append(("age", "BIGINT"))
        ranks.append(named(_rank(world, keys[1:]), "age"))
    query = exp.select(column("layer", "l"), column("pool", "l"), *ranks).from_(source)
    world.add(Relation("layer place", ("layer",), tuple(columns), query, rule))


def _rank(world: World, keys: list[Key]) -> exp.Expr:
    # Where units go from pool to pool, their places must tell them from those of any pool.
    order = [] if layers_of(world).transfer_kinds else [exp.Ordered(this=column("pool", "l"), nulls_first=True)]
    for name, falling in keys:
        order += [exp.Ordered(this=term, desc=falling, nulls_first=True) for term in _compared(world, name)]
    order.append(exp.Ordered(this=column("layer", "l"), nulls_first=True))
    return cast(exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=order)), "BIGINT")


def _keys(world: World, layers: Layers) -> list[Key]:
    """What layers are ranked by; a first order that is a date is `opened`, which every opening kind has."""
    dates = {name for name, type_ in layer_fields(world).items() if type_.family is Family.DATE}
    names = ["opened" if at == 0 and name in dates else name for at, name in enumerate(layers.order_by)] or ["opened"]
    have = world.relation("layer origin").column_names
    found: list[Key] = [(name, False) for name in names if name in have]
    if layers.order == "dearest":
        found.insert(0, (_price(world, layers), True))
    return [*found, ("opening-kind", False), ("identity", False)]


def _price(world: World, layers: Layers) -> str:
    """The first carried price: what `dearest` is measured by."""
    return next(name for name in layers.carried if carried_type(world, name).family is Family.PRICE)


def _compared(world: World, name: str) -> list[exp.Expr]:
    """The columns that put a value in order."""
    origin = world.relation("layer origin")
    if f"{name}:over" not in origin.column_names:
        return [column(name, "l")]
    return in_order(carried_value(world, origin, name, "l", name))


def _with_returns(world: World, layers: Layers, keys: list[Key]) -> exp.Query:
    """Layers and returns that may open one; of those only the day tells them apart from other layers, and under
    `dearest` the price of the layer opened last before."""
    have = dict(world.relation("layer origin").columns)
    names = list(dict.fromkeys(one for name, _ in keys for one in (name, f"{name}:over") if one in have))
    lent = names[: 2 if len(names) > 1 and names[1].endswith(":over") else 1] if layers.order == "dearest" else []
    kinds = [exp.Literal.string(kind) for kind in layers.returning_kinds]
    reopened = exp.In(this=column("opening-kind"), expressions=kinds)
    opened = exp.Not(this=reopened)
    own = [column(one) if one in (*lent, "opened") else exp.Case().when(opened.copy(), column(one)) for one in names]
    rows = exp.select(column("layer"), column("pool"), named(reopened, "reopened"))
    rows = rows.select(*(named(key, name) for key, name in zip(own, names, strict=True))).from_(table("layer origin"))
    blank = [named(column("date") if name == "opened" else empty(have[name]), name) for name in names]
    back = exp.select(named(column("event"), "layer"), column("pool"), named(exp.true(), "reopened"), *blank)
    returns = exp.EQ(this=column("class"), expression=exp.Literal.number(RETURNS))
    both = exp.union(rows, back.copy().from_(table("event")).where(returns), distinct=False, copy=False)
    if HANDED in world.given:
        earlier = exp.In(
            this=column("event"), query=exp.select(column("layer")).from_(table("layer origin")).subquery()
        )
        both = exp.union(both, back.from_(table(HANDED)).where(exp.Not(this=earlier)), distinct=False, copy=False)
    if not lent:
        return both
    everything = [_last_known(name) if name in lent else column(name, "b") for name in names]
    chosen = [column(name, "b") for name in ("layer", "pool", "reopened")]
    return exp.select(*chosen, *everything).from_(both.subquery(exp.to_identifier("b", quoted=True)))


def _last_known(name: str) -> exp.Expr:
    """A value as the last row of the pool that had one had it."""
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    order = exp.Order(expressions=[exp.Ordered(this=column("layer", "b"))])
    last = exp.IgnoreNulls(this=exp.LastValue(this=column(name, "b")))
    window = exp.Window(this=last, partition_by=[column("pool", "b")], order=order, spec=spec)
    return named(window, name)
