"""Slices with what their units carried, layers as they stand at the end, and what is handed to the next period."""

from __future__ import annotations

from sqlglot import exp

from engine.plan.frames import layer_fields, layers_of
from engine.plan.numbers import cast
from engine.plan.pieces import FOREVER, PLACE, make_pieces, units, value_columns
from engine.plan.relation import Origin, Relation, column, named, table
from engine.plan.valuation import STATE
from engine.plan.world import World, empty

SLICE: tuple[tuple[str, str], ...] = (
    ("event", "BIGINT"),
    ("fact", "BIGINT"),
    ("event-kind", "VARCHAR"),
    ("event-date", "DATE"),
    ("layer", "BIGINT"),
    ("layer.from", "DECIMAL(18,3)"),
    ("layer.to", "DECIMAL(18,3)"),
    ("quantity", "DECIMAL(18,3)"),
    ("returning", "BOOLEAN"),
    ("settling", "BOOLEAN"),
    ("provisional", "BOOLEAN"),
)
SLICE_GRAIN = ("event", "layer", "layer.from", "returning", "settling", "provisional", "event-date")


def make_slices(world: World) -> None:
    """`slice` and `layer`, from what the placing wrote; with changes of value, cut where the value differs."""
    layers = layers_of(world)
    rule = Origin(f"layers {layers.name}", layers.span)
    _make_reopened(world, rule)
    if not layers.changes:
        world.add(Relation("slice", SLICE_GRAIN, SLICE, _plain_slices(world), rule))
    else:
        make_pieces(world)
        values = value_columns(world, layers)
        carried = tuple((f"layer.{name}", storage) for name, storage in values)
        after = tuple((f"after.{name}", storage) for name, storage in values)
        query = exp.union(_cut_slices(world, values), _change_slices(values), distinct=False, copy=False)
        world.add(Relation("slice", SLICE_GRAIN, (*SLICE, *carried, *after), query, rule))
    _make_layers(world, rule)


def _make_reopened(world: World, rule: Origin) -> None:
    """Layers that units returned beyond sales opened carry what the pool's last layer carried."""
    if world.is_empty("unit-reopened"):
        return
    columns = world.relation("layer origin").columns
    like = exp.EQ(this=column("layer", "o"), expression=column("like", "u"))
    chosen = [named(column("layer", "u"), "layer"), *(column(name, "o") for name, _ in columns[1:])]
    copies = (
        exp.select(*chosen).from_(table("unit-reopened", "u")).join(table("layer origin", "o"), on=like, copy=False)
    )
    world.add(Relation("layer reopened", ("layer",), columns, copies, rule))
    grown = exp.select(*(column(name) for name, _ in columns)).from_(table("layer reopened"))
    world.executor.extend("layer origin", grown)


def _event_kind(world: World) -> exp.Expr:
    """Events of this run, and those handed over because they wait or are owed."""
    names = ("event", "fact", "kind")
    here = exp.select(*(column(name) for name in names)).from_(table("event"))
    if "handed event" not in world.given:
        return here.subquery(exp.to_identifier("e", quoted=True))
    before = exp.select(*(column(name) for name in names)).from_(table("handed event"))
    return exp.union(here, before, distinct=False, copy=False).subquery(exp.to_identifier("e", quoted=True))


def _plain_slices(world: World) -> exp.Query:
    same = exp.EQ(this=column("event", "e"), expression=column("event", "s"))
    selected = _slice_columns(column("from", "s"), column("to", "s"))
    return exp.select(*selected).from_(table("unit-slice", "s")).join(_event_kind(world), on=same, copy=False)


def _slice_columns(start: exp.Expr, end: exp.Expr) -> list[exp.Expr]:
    return [
        column("event", "s"),
        column("fact", "e"),
        named(column("kind", "e"), "event-kind"),
        named(column("date", "s"), "event-date"),
        column("layer", "s"),
        named(units(start), "layer.from"),
        named(units(end), "layer.to"),
        named(units(exp.Paren(this=exp.Sub(this=end.copy(), expression=start.copy()))), "quantity"),
        column("returning", "s"),
        column("settling", "s"),
        column("provisional", "s"),
    ]


def _cut_slices(world: World, values: tuple[tuple[str, str], ...]) -> exp.Query:
    """Slices cut at pieces, each part with what its positions carried when it happened."""
    same = exp.EQ(this=column("event", "e"), expression=column("event", "s"))
    meets = exp.and_(
        exp.EQ(this=column("layer", "p"), expression=column("layer", "s")),
        exp.LT(this=column("from", "p"), expression=column("to", "s")),
        exp.GT(this=column("to", "p"), expression=column("from", "s")),
        exp.GTE(this=column("step", "s"), expression=column("since", "p")),
        exp.LT(this=column("step", "s"), expression=column("until", "p")),
        copy=False,
    )
    start = exp.Case().when(exp.GT(this=column("from", "p"), expression=column("from", "s")), column("from", "p"))
    end = exp.Case().when(exp.LT(this=column("to", "p"), expression=column("to", "s")), column("to", "p"))
    selected = _slice_columns(start.else_(column("from", "s")), end.else_(column("to", "s")))
    carried = [named(column(name, "p"), f"layer.{name}") for name, _ in values]
    after = [named(empty(storage), f"after.{name}") for name, storage in values]
    query = (
        exp.select(*selected, *carried, *after)
        .from_(table("unit-slice", "s"))
        .join(_event_kind(world), on=same, copy=False)
    )
    return query.join(table("piece", "p"), on=meets, copy=False)


def _change_slices(values: tuple[tuple[str, str], ...]) -> exp.Query:
    own = [column(name) for name, _ in SLICE if name not in ("settling", "provisional")]
    marks = [named(exp.false(), "settling"), named(exp.false(), "provisional")]
    carried = [column(f"layer.{name}") for name, _ in values]
    after = [column(f"after.{name}") for name, _ in values]
    return exp.select(*own, *marks, *carried, *after).from_(table("change slice"))


def _make_layers(world: World, rule: Origin) -> None:
    """`layer`: pieces of layers that hold units at the end."""
    layers = layers_of(world)
    origin_columns = world.relation("layer origin").columns
    values = value_columns(world, layers) if layers.changes else ()
    changing = {name for name, _ in values}
    same = exp.EQ(this=column("layer", "o"), expression=column("layer", "u"))
    names = [name for name, _ in origin_columns if name not in ("layer", "pool")]
    held: exp.Expr = exp.Sub(this=column("to", "u"), expression=column("from", "u"))
    query = exp.select().from_(table("unit-open", "u")).join(table("layer origin", "o"), on=same, copy=False)
    if layers.changes:
        meets = exp.and_(
            exp.EQ(this=column("layer", "p"), expression=column("layer", "u")),
            exp.LT(this=column("from", "p"), expression=column("to", "u")),
            exp.GT(this=column("to", "p"), expression=column("from", "u")),
            exp.EQ(this=column("until", "p"), expression=cast(exp.Literal.number(FOREVER), "BIGINT")),
            copy=False,
        )
        query = query.join(table("piece", "p"), on=meets, copy=False)
        start = exp.Case().when(exp.GT(this=column("from", "p"), expression=column("from", "u")), column("from", "p"))
        end = exp.Case().when(exp.LT(this=column("to", "p"), expression=column("to", "u")), column("to", "p"))
        held = exp.Sub(this=end.else_(column("to", "u")), expression=start.else_(column("from", "u")))
    keys = [column("layer", "u"), column("pool", "o")]
    fields = [column(name, "p" if name in changing else "o") for name in names]
    remaining = named(units(exp.Sum(this=exp.Paren(this=held))), "remaining")
    grouped = query.select(*keys, *fields, remaining).group_by(
        *(exp.Literal.number(str(n + 1)) for n in range(len(keys) + len(fields)))
    )
    columns = (*origin_columns, ("remaining", "DECIMAL(18,3)"))
    world.add(Relation("layer", ("layer", *changing), columns, grouped, rule))


# ---- hand-over ---------------------------------------------------------------------------------------------------


def handed_layers(world: World) -> dict[str, exp.Query]:
    """What the next period begins with, by the name it is given under: units, pools, layers in use, open pieces."""
    layers = layers_of(world)
    found: dict[str, exp.Query] = {}
    written = {"last-layer": "unit-last"}
    for name, columns in STATE.items():
        source = written.get(name, f"unit-{name.removesuffix('-unit')}")
        found[f"handed {name}"] = exp.select(*(column(one) for one, _ in columns)).from_(table(source))
    pool_columns = world.relation("pool").column_names
    found["handed pool"] = exp.select(*(column(one) for one in pool_columns)).from_(table("pool"))
    used = [exp.select(column("layer")).from_(table(f"unit-{one}")) for one in ("open", "sold", "owed", "last")]
    in_use = exp.union(*used, distinct=True).subquery()
    origins = world.relation("layer origin").column_names
    live = exp.In(this=column("layer"), query=in_use)
    found["handed layer"] = exp.select(*(column(one) for one in origins)).from_(table("layer origin")).where(live)
    if layers.changes:
        names = [name for name, _ in (*PLACE, *value_columns(world, layers))]
        is_open = exp.EQ(this=column("until"), expression=cast(exp.Literal.number(FOREVER), "BIGINT"))
        chosen = (
            exp.select(*(column(one) for one in names))
            .from_(table("piece"))
            .where(exp.and_(is_open, live.copy(), copy=False))
        )
        found["handed piece"] = chosen
    ignored_columns = world.relation("ignored unit").column_names
    found["handed ignored"] = exp.select(*(column(one) for one in ignored_columns)).from_(table("ignored unit"))
    found["handed event"] = _waiting_events(world)
    return found


def _waiting_events(world: World) -> exp.Query:
    """Events that wait or are owed, and the last event's number, so that new ones are numbered above it."""
    waiting = exp.union(
        *(exp.select(column("event")).from_(table(name)) for name in ("unit-waiting", "unit-owed")), distinct=True
    ).subquery()
    every = _event_kind(world)
    highest = exp.select(exp.Max(this=column("event"))).from_(table("event")).subquery()
    kept = exp.or_(
        exp.In(this=column("event", "e"), query=waiting),
        exp.EQ(this=column("event", "e"), expression=highest),
        copy=False,
    )
    return exp.select(*(column(name, "e") for name in ("event", "fact", "kind"))).from_(every).where(kept)


def layer_names(world: World) -> tuple[str, ...]:
    """The fields a layer row has, for readers of the page."""
    return tuple(layer_fields(world))
