"""Slices with what their units carried, layers as they stand at the end, and what is handed to the next period."""

from __future__ import annotations

from sqlglot import exp

from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.at_the_back import (
    HANDED,
    handed_places,
    handed_units,
    join_returned_place,
    make_returned_units,
    may_stand_back,
    with_opened,
)
from engine.plan.units.averaging import handed_averages, pooled, pooled_layers, pooled_slices
from engine.plan.units.changing import value_columns
from engine.plan.units.layers.slices import SLICE_COLUMNS
from engine.plan.units.leftovers import handed_rests, make_slices_apart
from engine.plan.units.pieces import FOREVER, PLACE, change_turns, make_pieces, units
from engine.plan.units.reopened import make_reopened
from engine.plan.units.valuation import STATE
from engine.plan.values.frames import layer_fields, layers_of
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
    if pooled(layers):
        columns, query = pooled_slices(world, SLICE, _event_kind(world))
        world.add(Relation("slice", SLICE_GRAIN, columns, query, rule))
        world.add(pooled_layers(world))
        return
    if may_stand_back(world):
        make_returned_units(world, rule)
    if not layers.changes:
        moved = make_reopened(world, SLICE_COLUMNS, False, rule)
        columns, query = SLICE, _plain_slices(world, moved)
    else:
        world.add(change_turns(rule, bool(layers.transfer_kinds)))
        moved = make_reopened(world, SLICE_COLUMNS, True, rule)
        make_pieces(world)
        values = value_columns(world, layers)
        carried = tuple((f"layer.{name}", storage) for name, storage in values)
        after = tuple((f"after.{name}", storage) for name, storage in values)
        columns = (*SLICE, *carried, *after)
        query = exp.union(_cut_slices(world, moved, values), _change_slices(world, values), distinct=False, copy=False)
    if may_stand_back(world):
        columns, query = with_opened(columns, query)
    if layers.leftover == "apart":
        make_slices_apart(world, SLICE_GRAIN, columns, query, rule)
    else:
        world.add(Relation("slice", SLICE_GRAIN, columns, query, rule))
    _make_layers(world, rule)


def _event_kind(world: World) -> exp.Expr:
    """Events of this run, and those handed over because they wait or are owed."""
    names = ("event", "fact", "kind")
    here = exp.select(*(column(name) for name in names)).from_(table("event"))
    if "handed event" not in world.given:
        return here.subquery(exp.to_identifier("e", quoted=True))
    before = exp.select(*(column(name) for name in names)).from_(table("handed event"))
    return exp.union(here, before, distinct=False, copy=False).subquery(exp.to_identifier("e", quoted=True))


def _plain_slices(world: World, moved: str) -> exp.Query:
    same = exp.EQ(this=column("event", "e"), expression=column("event", "s"))
    selected = _slice_columns(column("from", "s"), column("to", "s"))
    return (
        exp.select(*selected, *_when_apart(world, column("step", "s"), exp.false()))
        .from_(table(moved, "s"))
        .join(_event_kind(world), on=same, copy=False)
    )


def _when_apart(world: World, step: exp.Expr, changing: exp.Expr) -> list[exp.Expr]:
    """What the balances of layers need of a slice beside, where leftover cents post apart."""
    if layers_of(world).leftover != "apart":
        return []
    return [named(step, "step"), named(changing, "changing")]


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


def _cut_slices(world: World, moved: str, values: tuple[tuple[str, str], ...]) -> exp.Query:
    """Slices cut at pieces, each part with what its positions carried when it happened.

    Provisional units have no positions: they carry, until they are settled, what their layer's last unit carried at the
    sale.
    """
    placed = exp.and_(
        exp.LT(this=column("from", "p"), expression=column("to", "s")),
        exp.GT(this=column("to", "p"), expression=column("from", "s")),
        _in_force("p", column("step", "s")),
        exp.Not(this=column("provisional", "s")),
        copy=False,
    )
    start = exp.Case().when(exp.GT(this=column("from", "p"), expression=column("from", "s")), column("from", "p"))
    end = exp.Case().when(exp.LT(this=column("to", "p"), expression=column("to", "s")), column("to", "p"))
    cut = _slice_columns(start.else_(column("from", "s")), end.else_(column("to", "s")))
    query = _valued_slices(world, moved, values, cut, table("piece", "p"), placed)
    if layers_of(world).oversell != "last-price":
        return query
    is_last = exp.EQ(this=column("to", "p"), expression=column("size", "p"))
    lent = exp.and_(is_last, _in_force("p", column("event", "s")), column("provisional", "s"), copy=False)
    whole = _slice_columns(column("from", "s"), column("to", "s"))
    sized = exp.Window(this=exp.Max(this=column("to")), partition_by=[column("layer")])
    pieces = exp.select(exp.Star(), named(sized, "size")).from_(table("piece")).subquery("p")
    return exp.union(query, _valued_slices(world, moved, values, whole, pieces, lent), distinct=False, copy=False)


def _in_force(piece: str, event: exp.Expr) -> exp.Expr:
    """Whether a piece holds at an event."""
    return exp.and_(
        exp.GTE(this=event, expression=column("since", piece)),
        exp.LT(this=event.copy(), expression=column("until", piece)),
        copy=False,
    )


def _valued_slices(
    world: World,
    moved: str,
    values: tuple[tuple[str, str], ...],
    selected: list[exp.Expr],
    pieces: exp.Expr,
    meets: exp.Expr,
) -> exp.Select:
    """Units moved with what the pieces `p` that they meet carry."""
    same = exp.EQ(this=column("event", "e"), expression=column("event", "s"))
    layer = exp.EQ(this=column("layer", "p"), expression=column("layer", "s"))
    carried = [named(column(name, "p"), f"layer.{name}") for name, _ in values]
    after = [named(empty(storage), f"after.{name}") for name, storage in values]
    more = _when_apart(world, column("step", "s"), exp.false())
    query = exp.select(*selected, *carried, *after, *more).from_(table(moved, "s"))
    query = query.join(_event_kind(world), on=same, copy=False)
    return query.join(pieces, on=exp.and_(layer, meets, copy=False), copy=False)


def _change_slices(world: World, values: tuple[tuple[str, str], ...]) -> exp.Query:
    own = [column(name) for name, _ in SLICE if name not in ("settling", "provisional")]
    marks = [named(exp.false(), "settling"), named(exp.false(), "provisional")]
    carried = [column(f"layer.{name}") for name, _ in values]
    after = [column(f"after.{name}") for name, _ in values]
    more = _when_apart(world, column("event"), exp.true())
    return exp.select(*own, *marks, *carried, *after, *more).from_(table("change slice"))


def _make_layers(world: World, rule: Origin) -> None:
    """`layer`: pieces of layers that hold units at the end."""
    layers = layers_of(world)
    origin_columns = world.relation("layer origin").columns
    values = value_columns(world, layers) if layers.changes else ()
    changing = {name for name, _ in values}
    same = exp.EQ(this=column("layer", "o"), expression=column("layer", "u"))
    names = [name for name, _ in origin_columns if name not in ("layer", "pool", *changing)]
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
    keys = [column("layer", "u"), column("pool", "u")]
    fields: list[exp.Expr] = [column(name, "o") for name in names]
    own: tuple[str, ...] = ()
    if layers.transfer_kinds:
        # Units that were handed over are held by whom they came to, whoever their layer opened with.
        pooled_by = exp.EQ(this=column("pool", "k"), expression=column("pool", "u"))
        query, own = query.join(table("pool", "k"), on=pooled_by, copy=False), ("pool",)
        for key in layers.grain.keys:
            fields[names.index(key.name)] = column(key.name, "k")
    if may_stand_back(world):
        query, own = join_returned_place(query, "u"), (*own, "opened")
        opened = exp.Coalesce(this=column("date", "b"), expressions=[column("opened", "o")])
        fields[names.index("opened")] = named(opened, "opened")
    fields += [column(name, "p") for name, _ in values]
    remaining = named(units(exp.Sum(this=exp.Paren(this=held))), "remaining")
    grouped = query.select(*keys, *fields, remaining).group_by(
        *(exp.Literal.number(str(n + 1)) for n in range(len(keys) + len(fields)))
    )
    kept = [(name, storage) for name, storage in origin_columns if name not in changing]
    columns = (*kept, *values, ("remaining", "DECIMAL(18,3)"))
    world.add(Relation("layer", ("layer", *own, *changing), columns, grouped, rule))


# ---- hand-over ---------------------------------------------------------------------------------------------------


def handed_layers(world: World) -> dict[str, exp.Query]:
    """What the next period begins with, by the name it is given under: units, pools, layers in use, open pieces."""
    layers = layers_of(world)
    found: dict[str, exp.Query] = {}
    written = {"last-layer": "unit-last"}
    for name, columns in STATE.items():
        source = written.get(name, f"unit-{name.removesuffix('-unit')}")
        found[f"handed {name}"] = exp.select(*(column(one) for one, _ in columns)).from_(table(source))
    if may_stand_back(world):
        for name in ("open-unit", "sold-unit"):
            found[f"handed {name}"] = handed_units(f"unit-{name.removesuffix('-unit')}", _names(STATE[name]))
        found[HANDED] = handed_places()
    pool_columns = world.relation("pool").column_names
    found["handed pool"] = exp.select(*(column(one) for one in pool_columns)).from_(table("pool"))
    used = [exp.select(column("layer")).from_(table(f"unit-{one}")) for one in ("open", "sold", "owed", "last")]
    in_use = exp.union(*used, distinct=True).subquery()
    origins = world.relation("layer origin").column_names
    live = exp.In(this=column("layer"), query=in_use)
    found["handed layer"] = exp.select(*(column(one) for one in origins)).from_(table("layer origin")).where(live)
    if layers.changes and not pooled(layers):
        names = [name for name, _ in (*PLACE, *value_columns(world, layers))]
        is_open = exp.EQ(this=column("until", "p"), expression=cast(exp.Literal.number(FOREVER), "BIGINT"))
        owing = exp.and_(
            exp.EQ(this=column("layer", "o"), expression=column("layer", "p")),
            _in_force("p", column("event", "o")),
            copy=False,
        )
        owed = exp.Exists(this=exp.select(exp.Literal.number("1")).from_(table("unit-owed", "o")).where(owing))
        chosen = exp.select(*(column(one, "p") for one in names)).from_(table("piece", "p"))
        wanted = exp.Paren(this=exp.or_(is_open, owed, copy=False))
        lives = exp.In(this=column("layer", "p"), query=in_use.copy())
        found["handed piece"] = chosen.where(exp.and_(wanted, lives, copy=False))
    ignored_columns = world.relation("ignored unit").column_names
    found |= handed_averages(world)
    found["handed ignored"] = exp.select(*(column(one) for one in ignored_columns)).from_(table("ignored unit"))
    if layers.leftover == "apart":
        found["handed rest"] = handed_rests(world)
    found["handed event"] = _waiting_events(world)
    return found


def _names(columns: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in columns)


def _waiting_events(world: World) -> exp.Query:
    """Events that wait or are owed, and the last event's number, so that new ones are numbered above it.

    In a period without events the last one is that of the hand-over.
    """
    waiting = exp.union(
        *(exp.select(column("event")).from_(table(name)) for name in ("unit-waiting", "unit-owed")), distinct=True
    ).subquery()
    every = _event_kind(world)
    highest = exp.select(exp.Max(this=column("event", "e"))).from_(_event_kind(world)).subquery()
    kept = exp.or_(
        exp.In(this=column("event", "e"), query=waiting),
        exp.EQ(this=column("event", "e"), expression=highest),
        copy=False,
    )
    return exp.select(*(column(name, "e") for name in ("event", "fact", "kind"))).from_(every).where(kept)


def layer_names(world: World) -> tuple[str, ...]:
    """The fields a layer row has, for readers of the page."""
    return tuple(layer_fields(world))
