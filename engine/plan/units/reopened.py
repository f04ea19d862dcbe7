"""Layers that units returned beyond sales open: at the price the pool's last layer has just then.

Such a layer is opened on the day of the return and carries what the last unit of the layer before it carries at that
moment, changes included; its units came back, so they are a returning slice and the ledger holds what the layer is
worth.
"""

from __future__ import annotations

from sqlglot import exp

from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.layers.written import bigints, query, written
from engine.plan.world import World

_COLUMNS = (*bigints("layer", "pool", "quantity", "turn", "like", "root"), ("date", "DATE"), ("kind", "VARCHAR"))
_KNOWN = """
    WITH known AS (
        SELECT pool, event AS layer FROM "unit-event" WHERE class = 2
        UNION ALL
        SELECT pool, layer FROM "last-layer"
    )
"""
_UNCHANGED = f"""
    {_KNOWN}
    SELECT u.layer, u.pool, u.quantity, CAST(0 AS BIGINT) AS turn, k.layer AS "like", k.layer AS root, e.date, e.kind
    FROM "unit-reopened" AS u
    JOIN "event" AS e ON e.event = u.event
    ASOF LEFT JOIN known AS k ON k.pool = u.pool AND k.layer < u.layer
"""
_CHANGED = f"""
    {_KNOWN},
    turned AS (
        SELECT u.event, u.layer, u.pool, u.quantity, COALESCE(t.turn, 0) AS turn, COALESCE(t.event, 0) AS changed
        FROM "unit-reopened" AS u
        ASOF LEFT JOIN "change turn" AS t ON t.pool = u.pool AND t.event < u.layer
    )
    SELECT u.layer, u.pool, u.quantity, u.turn,
        CASE WHEN r.layer > k.layer THEN r.layer ELSE k.layer END AS "like", k.layer AS root, e.date, e.kind
    FROM turned AS u
    JOIN "event" AS e ON e.event = u.event
    ASOF LEFT JOIN known AS k ON k.pool = u.pool AND k.layer < u.layer
    ASOF LEFT JOIN "unit-reopened" AS r ON r.pool = u.pool AND r.layer < u.changed
"""
_MOVED = """
    SELECT event, pool, layer, "from", "to", "returning", date, settling, provisional, step FROM "unit-slice"
    UNION ALL
    SELECT u.layer, u.pool, u.layer, CAST(0 AS BIGINT), u.quantity, TRUE, u.date, FALSE, FALSE, u.layer
    FROM "reopened layer" AS u
"""


def make_reopened(world: World, slice_columns: tuple[tuple[str, str], ...], changing: bool, rule: Origin) -> str:
    """`reopened layer` and its rows of `layer origin`, where there are any; the relation of all units moved.

    `turn` counts the changes of the pool before the return; `like` is the layer whose last unit lends its values, one
    that was there when that change had been made; `root` is the layer that lends its fact's fields.
    """
    if world.is_empty("unit-reopened"):
        return "unit-slice"
    text = _CHANGED if changing else _UNCHANGED
    world.add(written("reopened layer", ("layer",), _COLUMNS, text, rule))
    columns = world.relation("layer origin").columns
    own = {"layer": column("layer", "u"), "opened": column("date", "u"), "opening-kind": column("kind", "u")}
    chosen = [named(own[name], name) if name in own else column(name, "o") for name, _ in columns]
    same = exp.EQ(this=column("layer", "o"), expression=column("root", "u"))
    rows = exp.select(*chosen).from_(table("reopened layer", "u"))
    rows = rows.join(table("layer origin", "o"), on=same, copy=False)
    world.add(Relation("origin of reopened", ("layer",), columns, rows, rule))
    world.executor.extend(
        "layer origin", exp.select(*(column(name) for name, _ in columns)).from_(table("origin of reopened"))
    )
    world.add(Relation("unit moved", (), slice_columns, query(_MOVED), rule, stored=False))
    return "unit moved"


def open_pieces(world: World, turn: int, values: tuple[tuple[str, str], ...], forever: exp.Expr) -> None:
    """Add to `piece N` the layers reopened between the N-th change of their pool and the next."""
    if not world.has("reopened layer"):
        return
    behind = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column("layer")],
        order=exp.Order(expressions=[exp.Ordered(this=column("to"), desc=True)]),
    )
    last = exp.select(column("layer"), *(column(name) for name, _ in values), named(behind, "behind"))
    last = last.from_(table(f"piece {turn}")).where(exp.EQ(this=column("until"), expression=forever.copy()))
    lends = exp.and_(
        exp.EQ(this=column("layer", "p"), expression=column("like", "u")),
        exp.EQ(this=column("behind", "p"), expression=exp.Literal.number("1")),
        copy=False,
    )
    rows = exp.select(
        column("pool", "u"), column("layer", "u"), cast(exp.Literal.number("0"), "BIGINT"), column("quantity", "u"),
        column("layer", "u"), forever.copy(), *(column(name, "p") for name, _ in values),
    )  # fmt: skip
    rows = rows.from_(table("reopened layer", "u"))
    rows = rows.join(last.subquery(exp.to_identifier("p", quoted=True)), on=lends, copy=False)
    in_turn = exp.EQ(this=column("turn", "u"), expression=exp.Literal.number(str(turn)))
    world.executor.extend(f"piece {turn}", rows.where(in_turn))
