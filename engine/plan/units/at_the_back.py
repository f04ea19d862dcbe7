"""Units that come back at the back of the queue: they keep their layer and its positions, and change their place.

A stretch of a layer that came back stands where a layer opened on the day of the return would stand, behind all others
of that day. Its `opened` is that day; everything else it carries is its layer's, and cents go on along its layer. What
is handed over names the event that gave a stretch its place, so that the next period can rank it again.
"""

from __future__ import annotations

from sqlglot import exp

from engine.plan.relation import Origin, column, named, table
from engine.plan.units.layers.written import bigints, query, written
from engine.plan.values.frames import layers_of
from engine.plan.world import World

BACK = "back"
"""What `otherwise` says of an event that brings units to the back."""

HANDED = "handed returned place"
_PLACE = (*bigints("event", "pool"), ("date", "DATE"))
_PLACES = """
    SELECT event, pool, date FROM "event" WHERE class = 4 AND otherwise = 'back'
"""
_KEPT = """
    UNION ALL
    SELECT event, pool, date FROM "handed returned place"
"""
_UNITS = """
    SELECT s.event, s.layer, s."from", s."to", b.date AS opened
    FROM "unit-slice" AS s
    JOIN "returned place" AS b ON b.event = s.step
    WHERE s."returning" AND NOT s.provisional AND s.event = s.step
    UNION ALL
    SELECT b.event, h.layer, h."from", h."to", b.date
    FROM (
        SELECT layer, place, "from", "to" FROM "open-unit"
        UNION ALL
        SELECT layer, place, "from", "to" FROM "sold-unit"
    ) AS h
    JOIN "layer place" AS p ON p.place = h.place
    JOIN "returned place" AS b ON b.event = p.layer
"""
_OPENED = """
    SELECT ARG_MAX(u.opened, u.event)
    FROM "returned unit" AS u
    WHERE u.layer = s.layer AND u.event < s.event
        AND u."from" <= s."layer.from" * 1000 AND u."to" > s."layer.from" * 1000
"""


def may_stand_back(world: World) -> bool:
    """Whether units may stand at the back of their queue: a phrase puts them there, or one did."""
    return HANDED in world.given or any(where == BACK for _, where in layers_of(world).brings_back)


def make_returned_places(world: World, rule: Origin) -> None:
    """`returned place`: every event that put units to the back, of this run and of those whose units are still in
    use."""
    text = _PLACES + _KEPT if HANDED in world.given else _PLACES
    world.add(written("returned place", ("event",), _PLACE, text, rule))


def make_returned_units(world: World, rule: Origin) -> None:
    """`returned unit`: stretches that stood at the back from an event on."""
    columns = (*bigints("event", "layer", "from", "to"), ("opened", "DATE"))
    world.add(written("returned unit", ("event", "layer", "from"), columns, _UNITS, rule))


def with_opened(columns: tuple[tuple[str, str], ...], rows: exp.Query) -> tuple[tuple[tuple[str, str], ...], exp.Query]:
    """Slices with the day their units opened on, `layer.opened`: that of the return that last put them to the back.

    Provisional units have no positions: they opened when the layer did that values them.
    """
    last: exp.Expr = query(_OPENED).copy().subquery()
    if "provisional" in rows.named_selects:
        last = exp.Case().when(exp.Not(this=column("provisional", "s")), last)
    own = exp.Coalesce(this=last, expressions=[column("opened", "l")])
    same = exp.EQ(this=column("layer", "l"), expression=column("layer", "s"))
    chosen = exp.select(*(column(name, "s") for name in rows.named_selects), named(own, "layer.opened"))
    chosen = chosen.from_(rows.subquery(exp.to_identifier("s", quoted=True)))
    return (*columns, ("layer.opened", "DATE")), chosen.join(table("layer origin", "l"), on=same, copy=False)


def join_returned_place(rows: exp.Select, alias: str) -> exp.Select:
    """Units with the event that put them to the back, `b`, where one did; `alias` has their place."""
    ranked = exp.EQ(this=column("place", "q"), expression=column("place", alias))
    rows = rows.join(table("layer place", "q"), on=ranked, join_type="left", copy=False)
    put = exp.EQ(this=column("event", "b"), expression=column("layer", "q"))
    return rows.join(table("returned place", "b"), on=put, join_type="left", copy=False)


def handed_units(name: str, names: tuple[str, ...]) -> exp.Select:
    """Units handed over, what gave them their place in its stead."""
    ranked = exp.EQ(this=column("place", "q"), expression=column("place", "u"))
    chosen = [named(column("layer", "q"), "place") if one == "place" else column(one, "u") for one in names]
    return exp.select(*chosen).from_(table(name, "u")).join(table("layer place", "q"), on=ranked, copy=False)


def handed_places() -> exp.Select:
    """Events whose place units stand at, for the next period."""
    in_use = exp.union(*(handed_units(name, ("place",)) for name in ("unit-open", "unit-sold")), distinct=True)
    chosen = exp.select(*(column(name) for name, _ in _PLACE)).from_(table("returned place"))
    return chosen.where(exp.In(this=column("event"), query=in_use.subquery()))
