"""Units that go from one pool to another: which pools may share layers, and which event arrives where.

A unit that is handed over stays a unit of its layer, at its offset: what it carries goes with it. Pools that differ in
nothing but who holds their units are a group; numbers of events, places and changes of value run through a group
together.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Layers
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.layers.written import bigints, written
from engine.plan.units.stock import received_key
from engine.plan.world import World

GROUPS = "pool group"
_TRANSFERS = """
    SELECT g.event, g.pool, a.event AS arrival, a.pool AS receiver, g.date
    FROM "event" AS g
    JOIN "event" AS a ON a.fact = g.fact AND a.class = 5
    WHERE g.class = 3
"""
_TRANSFER_POOLS = """
    SELECT g.pool, g."group"
    FROM "pool group" AS g
    WHERE g."group" IN (
        SELECT h."group" FROM "pool group" AS h JOIN "unit-transfer" AS t ON t.pool = h.pool
    )
"""


def make_transfers(world: World, layers: Layers, rule: Origin) -> None:
    """`pool group`, `unit-transfer` (what leaves one pool and arrives in another), and `transfer-pool`, the pools of
    groups in which something does."""
    others = {received_key(world.ruleset.kinds[kind]) for kind in layers.transfer_kinds}
    shared = [key.name for key in layers.grain.keys if key.name not in others]
    order = exp.Order(expressions=[exp.Ordered(this=column(name), nulls_first=True) for name in shared])
    number: exp.Expr = exp.Window(this=exp.DenseRank(), order=order) if shared else exp.Literal.number("1")
    groups = exp.select(column("pool"), named(cast(number, "BIGINT"), "group")).from_(table("pool"))
    world.add(Relation(GROUPS, ("pool",), bigints("pool", "group"), groups, rule))
    moved = (*bigints("event", "pool", "arrival", "receiver"), ("date", "DATE"))
    world.add(written("unit-transfer", ("event",), moved, _TRANSFERS, rule))
    world.add(written("transfer-pool", ("pool",), bigints("pool", "group"), _TRANSFER_POOLS, rule))


def turns_in_groups() -> exp.Select:
    """`change turn` where pools share layers: a fact that changes values in several pools of a group is one turn."""
    order = [exp.Ordered(this=column(name, "e"), nulls_first=True) for name in ("date", "phrase", "kind", "identity")]
    turn = exp.Window(this=exp.DenseRank(), partition_by=[column("group", "g")], order=exp.Order(expressions=order))
    held = exp.select(column("pool"), column("event")).distinct().from_(table("unit-held"))
    query = exp.select(
        column("pool", "h"), column("event", "h"), column("kind", "e"), named(cast(turn, "BIGINT"), "turn")
    )
    query = query.from_(held.subquery(exp.to_identifier("h", quoted=True)))
    by_event = exp.EQ(this=column("event", "e"), expression=column("event", "h"))
    by_pool = exp.EQ(this=column("pool", "g"), expression=column("pool", "h"))
    return query.join(table("event", "e"), on=by_event, copy=False).join(table(GROUPS, "g"), on=by_pool, copy=False)
