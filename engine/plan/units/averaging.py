"""Layers at average or at standard: units are placed oldest first like any others, and a pool has one value for each
price instead of its layers'. At standard that is the standard last stated, by what came in or by a change.

What is averaged is read here as rows in the order of replay; `engine.run.averages` replays them; what it found becomes
slices and layers here. A pool is shown as one layer, that which came in last, holding all units at the average.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain
from engine.model.ruleset import Layers
from engine.plan.numbers import Value, add, in_lowest_terms, multiply, rounded
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.changing import WHOLE, carried_value
from engine.plan.units.layers.written import bigints, query
from engine.plan.units.leftovers import priced_names
from engine.plan.units.pieces import units
from engine.plan.units.stock import union_all
from engine.plan.values.frames import fact_frame, layers_of
from engine.plan.world import World

Columns = tuple[tuple[str, str], ...]
HELD, SOLD, STANDARD = "handed pooled value", "handed pooled sold", "handed pooled standard"
_MOVED = """
    SELECT s.pool, s.step, 1 AS turn, s.event, COALESCE(e.bucket, w.bucket) AS bucket, s."returning", s.date,
        CAST(SUM(s."to" - s."from") AS BIGINT) AS quantity
    FROM "unit-slice" AS s
    LEFT JOIN "unit-event" AS e ON e.event = s.event
    LEFT JOIN "waiting-unit" AS w ON w.event = s.event
    GROUP BY s.pool, s.step, s.event, COALESCE(e.bucket, w.bucket), s."returning", s.date
"""


def pooled(layers: Layers) -> bool:
    """Whether units leave at one value of their pool, its average or its standard."""
    return layers.order in ("average", "standard")


def at_standard(world: World) -> bool:
    """Whether that value is a standard."""
    return layers_of(world).order == "standard"


# ---- what is averaged ------------------------------------------------------------------------------------------------


def averaged(world: World) -> exp.Query:
    """Openings and movements in the order of replay: pool, step, turn, event, bucket, whether units come back, date,
    quantity in thousandths, then for each carried price the minor units that an opening brings in; at standard then for
    each the standard that an opening or a change states, numerator and denominator."""
    names = priced_names(world)
    standards = _standard_columns(world)
    nothing = [named(cast(exp.Literal.number("0"), "BIGINT"), name) for name in names]
    nothing += [named(cast(exp.Null(), WHOLE), name) for name in standards]
    moved = exp.select(*(column(name, "m") for name in _ROW), *nothing).from_(query(_MOVED).copy().subquery("m"))
    opens = exp.EQ(this=column("class", "e"), expression=exp.Literal.number("2"))
    origin = exp.EQ(this=column("layer", "o"), expression=column("event", "e"))
    own = {
        "step": column("event", "e"), "turn": exp.Literal.number("0"), "bucket": exp.Literal.string(""),
        "returning": exp.false(),
    }  # fmt: skip
    start = cast(exp.Literal.number("0"), "BIGINT")
    opened = exp.select(
        *(named(own.get(name, column(name, "e")), name) for name in _ROW),
        *_cents(world, "o", start, column("quantity", "e")),
        *_stated(world),
    )
    opened = opened.from_(table("event", "e")).join(table("layer origin", "o"), on=origin, copy=False).where(opens)
    both = union_all([opened, moved, *_changes(world)]).subquery(exp.to_identifier("a", quoted=True))
    rows = exp.select(*(column(name) for name in (*_ROW, *names, *standards))).from_(both)
    return rows.order_by(*(column(name) for name in ("pool", "step", "turn", "event", "returning", "bucket")))


_ROW = ("pool", "step", "turn", "event", "bucket", "returning", "date", "quantity")


def _cents(world: World, layer: str, start: exp.Expr, end: exp.Expr) -> list[exp.Expr]:
    """What a stretch of a layer is worth along the layer, in minor units, for each carried price."""
    found: list[exp.Expr] = []
    for name in priced_names(world):
        price = carried_value(world, world.relation("layer origin"), name, layer, name)
        money = DataType(Family.MONEY)
        upper, lower = (
            rounded(multiply(Value(units(one), DataType(Family.QUANTITY), 3), price, money), world.digits, world.half)
            for one in (end, start)
        )
        worth = exp.Paren(this=add(upper, lower, money, "-").sql)
        minor = exp.Mul(this=worth, expression=exp.Literal.number(str(10**world.digits)))
        found.append(named(cast(minor, "BIGINT"), name))
    return found


def _standard_columns(world: World) -> tuple[str, ...]:
    return tuple(f"standard {name}" for name, _ in averages_of(world)) if at_standard(world) else ()


def _stated(world: World) -> list[exp.Expr]:
    """The standards that an opening states."""
    found: list[exp.Expr] = []
    for name in priced_names(world) if at_standard(world) else ():
        value = carried_value(world, world.relation("layer origin"), name, "o", name)
        parts = zip(in_lowest_terms(value), ("", ":over"), strict=True)
        found += [named(cast(one, WHOLE), f"standard {name}{part}") for one, part in parts]
    return found


def _changes(world: World) -> list[exp.Query]:
    """The standards that changes state, as rows without units; None of names that a change leaves alone."""
    layers = layers_of(world)
    found: list[exp.Query] = []
    for kind in dict.fromkeys(change.kind for change in layers.changes):
        frame = fact_frame(world, kind)
        stated = {change.carried: change.value for change in layers.changes if change.kind == kind}
        frame.prepare(tuple(stated.values()), Grain("rows", (kind,), (), (), ""))
        outputs = [("fact", Value(frame.column("fact"), DataType(Family.NUMBER), 0, kept_as="BIGINT"))]
        for name, value in stated.items():
            top, bottom = in_lowest_terms(frame.value(value))
            whole = DataType(Family.NUMBER)
            outputs += [(f"standard {name}", Value(top, whole, 0)), (f"standard {name}:over", Value(bottom, whole, 0))]
        made = frame.relation(f"standards of {kind}", ("fact",), outputs, Origin(f"layers {layers.name}", layers.span))
        own = {
            "step": column("event", "e"), "turn": exp.Literal.number("0"), "bucket": exp.Literal.string(""),
            "returning": exp.false(), "quantity": cast(exp.Literal.number("0"), "BIGINT"),
        }  # fmt: skip
        rows = exp.select(*(named(own.get(name, column(name, "e")), name) for name in _ROW))
        rows = rows.select(*(named(cast(exp.Literal.number("0"), "BIGINT"), name) for name in priced_names(world)))
        known = made.column_names
        rows = rows.select(
            *(column(one, "s") if one in known else named(cast(exp.Null(), WHOLE), one)
              for one in _standard_columns(world))
        )  # fmt: skip
        same = exp.and_(
            exp.EQ(this=column("fact", "s"), expression=column("fact", "e")),
            exp.EQ(this=column("kind", "e"), expression=exp.Literal.string(kind)),
            copy=False,
        )
        found.append(rows.from_(table("event", "e")).join(table(made.name, "s"), on=same, copy=False))
    return found


def begins_with(world: World) -> tuple[exp.Query, exp.Query, exp.Query]:
    """What pools begin with, each in order: value held (pool, quantity, cents), stacks of what left and may come back
    (pool, bucket, quantity, cents; last left last), the layer that came in last (pool, layer).

    Books that went by layers until now go on at what their layers are worth.
    """
    names = priced_names(world)
    last = exp.select(column("pool"), column("layer")).from_(table("last-layer")).order_by(column("pool"))
    if HELD in world.given:
        held = exp.select(*(column(name) for name in ("pool", "quantity", *names))).from_(table(HELD))
        sold = exp.select(*(column(name) for name in ("pool", "bucket", "quantity", *names))).from_(table(SOLD))
        return held.order_by(column("pool")), sold.order_by(*_in_order("pool", "bucket", "height")), last
    layer = exp.EQ(this=column("layer", "l"), expression=column("layer", "u"))
    length = exp.Sub(this=column("to", "u"), expression=column("from", "u"))
    each = exp.select(column("pool", "u"), named(length, "quantity"), *_cents(world, "l", *_span()))
    each = each.from_(table("open-unit", "u")).join(table("layer origin", "l"), on=layer, copy=False)
    sums = [named(cast(exp.Sum(this=column(name)), "BIGINT"), name) for name in ("quantity", *names)]
    held = exp.select(column("pool"), *sums).from_(each.subquery("h")).group_by(column("pool"))
    left = exp.select(column("pool", "u"), column("bucket", "u"), named(length.copy(), "quantity"))
    left = left.select(*_cents(world, "l", *_span())).from_(table("sold-unit", "u"))
    left = left.join(table("layer origin", "l"), on=layer.copy(), copy=False)
    return held.order_by(column("pool")), left.order_by(*_in_order("pool", "bucket", "height", of="u")), last


def standards_handed(world: World) -> exp.Query | None:
    """The standard each pool stands at: pool, then numerator and denominator of each price; None of first books."""
    if STANDARD not in world.given:
        return None
    names = ("pool", *(name for name, _ in averages_of(world)))
    return exp.select(*(column(name) for name in names)).from_(table(STANDARD)).order_by(column("pool"))


def _span() -> tuple[exp.Expr, exp.Expr]:
    return column("from", "u"), column("to", "u")


def _in_order(*names: str, of: str | None = None) -> list[exp.Expr]:
    return [column(name, of) for name in names]


# ---- what was found --------------------------------------------------------------------------------------------------


def averages_of(world: World, prefix: str = "") -> Columns:
    """The columns of an average: for each carried price a numerator and a denominator."""
    return tuple((f"{prefix}{name}{part}", WHOLE) for name in priced_names(world) for part in ("", ":over"))


def found_columns(world: World) -> dict[str, Columns]:
    """Where the replay's rows go: relation and columns."""
    worth = bigints(*priced_names(world))
    moved = (*bigints("event", "step", "pool", "layer"), ("returning", "BOOLEAN"), ("date", "DATE"))
    after = averages_of(world, "after.") if layers_of(world).changes else ()
    return {
        "pooled slice": (*moved, *bigints("quantity"), *averages_of(world, "layer."), *after),
        "pooled standard": (*bigints("pool"), *averages_of(world)),
        "pooled layer": (*bigints("pool", "layer", "quantity"), *averages_of(world)),
        "pooled value": (*bigints("pool", "quantity"), *worth),
        "pooled sold": (*bigints("pool"), ("bucket", "VARCHAR"), *bigints("height", "quantity"), *worth),
    }


def pooled_slices(world: World, columns: Columns, events: exp.Expr) -> tuple[Columns, exp.Query]:
    """Slices at average, one for each event and the step it was served at; `events` is the subquery of kinds."""
    thing = {
        "event-kind": column("kind", "e"), "event-date": column("date", "s"), "fact": column("fact", "e"),
        "layer.from": units(exp.Literal.number("0")), "layer.to": units(column("quantity", "s")),
        "quantity": units(column("quantity", "s")), "settling": exp.false(), "provisional": exp.false(),
    }  # fmt: skip
    same = exp.EQ(this=column("event", "e"), expression=column("event", "s"))
    chosen = [named(thing.get(name, column(name, "s")), name) for name, _ in columns]
    changed = averages_of(world, "after.") if layers_of(world).changes else ()
    carried = (*averages_of(world, "layer."), *changed)
    rows = (
        exp.select(*chosen, *(column(name, "s") for name, _ in carried))
        .from_(table("pooled slice", "s"))
        .join(events, on=same, copy=False)
    )
    return (*columns, *carried), rows


def pooled_layers(world: World) -> Relation:
    """`layer`: each pool that holds units, as the layer that came in last, at the average."""
    origin = world.relation("layer origin")
    own = dict(averages_of(world))
    kept = [(name, storage) for name, storage in origin.columns if name not in own]
    same = exp.EQ(this=column("layer", "o"), expression=column("layer", "u"))
    query = exp.select(*(column(name, "o") for name, _ in kept), *(column(name, "u") for name in own))
    query = query.select(named(units(column("quantity", "u")), "remaining")).from_(table("pooled layer", "u"))
    query = query.join(table("layer origin", "o"), on=same, copy=False)
    columns = (*kept, *own.items(), ("remaining", "DECIMAL(18,3)"))
    return Relation("layer", ("layer",), columns, query, origin.origin)


def handed_averages(world: World) -> dict[str, exp.Query]:
    """What the next period begins with: the value of each pool and of what may come back."""
    if not pooled(layers_of(world)):
        return {}
    found: dict[str, exp.Query] = {}
    for name, source in ((HELD, "pooled value"), (SOLD, "pooled sold"), (STANDARD, "pooled standard")):
        columns = found_columns(world)[source]
        found[name] = exp.select(*(column(one) for one, _ in columns)).from_(table(source))
    return found
