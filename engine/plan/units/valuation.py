"""Units that enter and leave the layered buckets: what the placing reads, and the layers it is about.

Pools get dense numbers, kept by the hand-over. Events are numbered in the order of replay: pool, date, class
(changes, openings, departures, returns), order of the phrase for changes, kind, identity.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, FieldOf, Grain, ItemOf, KeyOf
from engine.model.ruleset import Change, Kind, Layers
from engine.plan.numbers import Value, decimal_type, stored
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.at_the_back import BACK, HANDED
from engine.plan.units.layers.policy import BETWEEN_NAMES, OPENED, Placing
from engine.plan.units.layers.state import LAST_COLUMNS, OPEN_COLUMNS, OWED_COLUMNS, SOLD_COLUMNS, WAITING_COLUMNS
from engine.plan.units.places import make_places, opened_by
from engine.plan.units.stock import received_key, union_all
from engine.plan.units.transfers import make_transfers
from engine.plan.values.frame import Frame
from engine.plan.values.frames import carried_type, fact_frame, layer_fields, layers_of
from engine.plan.world import World, empty

CHANGES, OPENS, LEAVES, RETURNS = 1, 2, 3, 4
ARRIVES = 5
"""The class of a transfer in the pool that its units go to; they are there before anything of the day leaves."""
EVENT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("date", "DATE"),
    ("class", "TINYINT"),
    ("phrase", "INTEGER"),
    ("kind", "VARCHAR"),
    ("identity", "VARCHAR"),
    ("fact", "BIGINT"),
    ("quantity", "BIGINT"),
    ("bucket", "VARCHAR"),
    ("document", "VARCHAR"),
    ("specific", "VARCHAR"),
    ("otherwise", "VARCHAR"),
)
STATE = {
    "open-unit": OPEN_COLUMNS,
    "sold-unit": SOLD_COLUMNS,
    "waiting-unit": WAITING_COLUMNS,
    "owed-unit": OWED_COLUMNS,
    "last-layer": LAST_COLUMNS,
}
"""What one period hands to the next about units, by the name the placing reads; `handed NAME` in the hand-over."""


def placing_of(layers: Layers, kinds: dict[str, Kind]) -> Placing:
    """The placing's questions answered by the text's phrases."""
    back_from = frozenset(kinds[kind].source for kind in layers.returning_kinds)
    oversell = {"wait": "wait", "last-price": "last-price"}.get(layers.oversell, "stop")
    overreturn = "open-layer" if layers.overreturn == "open-layer" else "stop"
    order = layers.order if layers.order in ("newest", "dearest") else "oldest"
    transfers = bool(layers.transfer_kinds)
    return Placing(order, bool(layers.brings_back), overreturn, oversell, back_from, transfers)  # type: ignore[arg-type]


def make_units(world: World) -> None:
    """`pool`, `event` (numbered), `unit-event` and the hand-over relations: all that placing reads."""
    layers = layers_of(world)
    rule = Origin(f"layers {layers.name}", layers.span)
    kinds = world.ruleset.kinds
    moves = [_kind_events(world, layers, kind) for kind in world.with_facts(kinds[name] for name in _moving(layers))]
    for name in layers.transfer_kinds:
        moves += [_transfer_events(world, layers, kinds[name], side) for side in (LEAVES, ARRIVES)]
    keys = _pool_types(layers)
    key_columns = tuple((name, type_.storage) for name, type_ in keys.items())
    columns = (*key_columns, *EVENT_COLUMNS)
    is_kept = world.few.issuperset(_moving(layers))
    world.add(Relation("pool event", ("kind", "fact"), columns, union_all(moves), rule, stored=is_kept))
    _make_ignored(world, layers, keys, rule)
    _make_pools(world, keys, rule)
    _number_events(world, layers, keys, rule)
    if layers.transfer_kinds:
        make_transfers(world, layers, rule)


def _moving(layers: Layers) -> list[str]:
    return [*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds]


def _pool_types(layers: Layers) -> dict[str, DataType]:
    return {key.name: key.type for key in layers.grain.keys}


def _kind_events(world: World, layers: Layers, kind: Kind) -> exp.Query:
    """One row for each fact of a kind that enters or leaves."""
    frame = fact_frame(world, kind.name)
    if layers.ignores:
        frame.filter(exp.Not(this=_ignored(frame, layers)))
    class_ = OPENS if kind.name in layers.opening_kinds else RETURNS if kind.name in layers.returning_kinds else LEAVES
    document, specific, otherwise = _names(frame, layers, kind, class_)
    own: dict[str, exp.Expr] = {
        "date": frame.column(kind.record.on or ""),
        "class": exp.Literal.number(str(class_)),
        "phrase": exp.Literal.number("0"),
        "kind": exp.Literal.string(kind.name),
        "identity": frame.column("identity"),
        "fact": frame.column("fact"),
        "quantity": exp.Mul(this=frame.column("quantity"), expression=exp.Literal.number("1000")),
        "bucket": exp.Literal.string({OPENS: "", LEAVES: kind.target, RETURNS: kind.source}[class_]),
        "document": document,
        "specific": specific,
        "otherwise": otherwise,
    }
    keyed = [named(_pool_key(frame, key.name, key.type), key.name) for key in layers.grain.keys]
    events = [named(cast(own[name], storage), name) for name, storage in EVENT_COLUMNS]
    return frame.rows_query([]).select(*keyed, *events, copy=False)


def _transfer_events(world: World, layers: Layers, kind: Kind, class_: int) -> exp.Query:
    """One row for each transfer in the pool it leaves, or in the one it goes to; its phrase puts it before whatever
    else leaves on its day."""
    frame = fact_frame(world, kind.name)
    nothing = empty("VARCHAR")
    names = _names(frame, layers, kind, LEAVES) if class_ == LEAVES else (nothing, nothing.copy(), nothing.copy())
    own: dict[str, exp.Expr] = {
        "date": frame.column(kind.record.on or ""),
        "class": exp.Literal.number(str(class_)),
        "phrase": exp.Neg(this=exp.Literal.number("1")),
        "kind": exp.Literal.string(kind.name),
        "identity": frame.column("identity"),
        "fact": frame.column("fact"),
        "quantity": exp.Mul(this=frame.column("quantity"), expression=exp.Literal.number("1000")),
        "bucket": exp.Literal.string(""),
        **dict(zip(("document", "specific", "otherwise"), names, strict=True)),
    }
    other = received_key(kind) if class_ == ARRIVES else ""
    keyed = [
        named(frame.column(kind.receiver) if key.name == other else _pool_key(frame, key.name, key.type), key.name)
        for key in layers.grain.keys
    ]
    events = [named(cast(own[name], storage), name) for name, storage in EVENT_COLUMNS]
    return frame.rows_query([]).select(*keyed, *events, copy=False)


def _ignored(frame: Frame, layers: Layers) -> exp.Expr:
    """Whether a phrase `ignore facts marked W when T` holds for a fact."""
    found: list[exp.Expr] = []
    for mark, tests in layers.ignores:
        holds = frame.test(tests, layers.grain)
        marked = exp.EQ(this=frame.column("mark"), expression=exp.Literal.string(mark))
        found.append(exp.Paren(this=exp.and_(marked, exp.Paren(this=holds), copy=False)))
    return exp.Coalesce(this=exp.Paren(this=exp.or_(*found, copy=False)), expressions=[exp.false()])


def _make_ignored(world: World, layers: Layers, keys: dict[str, DataType], rule: Origin) -> None:
    """`ignored unit`: by pool, the units that layers hold beyond stock because facts were ignored, those handed over
    included."""
    branches: list[exp.Query] = []
    moving = world.with_facts(world.ruleset.kinds[name] for name in _moving(layers))
    for kind in moving if layers.ignores else ():
        frame = fact_frame(world, kind.name)
        frame.filter(_ignored(frame, layers))
        sign = "1000" if kind.name in layers.leaving_kinds else "-1000"
        units = exp.Mul(this=frame.column("quantity"), expression=exp.Literal.number(sign))
        keyed = [named(_pool_key(frame, key, type_), key) for key, type_ in keys.items()]
        branches.append(frame.rows_query([]).select(*keyed, named(cast(units, "BIGINT"), "units"), copy=False))
    if "handed ignored" in world.given:
        branches.append(exp.select(*(column(key) for key in keys), column("units")).from_(table("handed ignored")))
    columns = (*((key, type_.storage) for key, type_ in keys.items()), ("units", "BIGINT"))
    if branches:
        total = named(cast(exp.Sum(this=column("units")), "BIGINT"), "units")
        together = union_all(branches).subquery("ignored", copy=False)
        query = exp.select(*(column(key) for key in keys), total).from_(together, copy=False)
        query = query.group_by(*(column(key) for key in keys), copy=False)
    else:
        query = exp.select(*(named(empty(storage), name) for name, storage in columns)).where(exp.false())
    world.add(Relation("ignored unit", tuple(keys), columns, query, rule))


def _pool_key(frame: Frame, name: str, type_: DataType) -> exp.Expr:
    return frame.column(frame.keys[name][0]) if name in frame.keys else empty(type_.storage)


def _names(frame: Frame, layers: Layers, kind: Kind, class_: int) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """What an opening is called by, or what a departure names: document, specific value; and what takes the rest, or
    where what comes back goes."""
    nothing = empty("VARCHAR")
    have = {one.name for one in kind.record.columns}
    if class_ == LEAVES:
        _lend_fields(frame, layers, kind)
    if class_ == OPENS:
        document = frame.column("document") if "document" in have else nothing
        return document, _label(frame, layers, have), nothing.copy()
    if class_ == RETURNS:
        to_back = dict(layers.brings_back)[kind.name] == BACK
        return nothing, nothing.copy(), exp.Literal.string(BACK) if to_back else nothing.copy()
    taken = next((one for one in layers.takes if one[0] == kind.name), None)
    document = frame.column(taken[1]) if taken else nothing
    order = "newest" if layers.order == "newest" else "oldest"
    if layers.order == "dearest" and taken:
        order = OPENED[taken[2]]
    elif taken:
        order = taken[2]
    otherwise: exp.Expr = exp.Literal.string(order)
    named_by = [(n, field, tests) for n, (field, tests) in enumerate(layers.leave_by) if field in have]
    if not named_by:
        return document, nothing.copy(), otherwise
    specific = exp.Case()
    for number, field, tests in named_by:
        said = exp.Not(this=exp.Is(this=frame.column(field), expression=exp.Null()))
        holds = exp.and_(exp.Paren(this=frame.test(tests, _leaving_grain(kind))), said, copy=False)
        specific = specific.when(holds, _name(layers, number, frame.column(field)), copy=False)
    plain = exp.Is(this=exp.Paren(this=specific), expression=exp.Null())
    document, otherwise = (exp.Case().when(plain.copy(), one).else_(nothing.copy()) for one in (document, otherwise))
    return document, specific, otherwise


def _label(frame: Frame, layers: Layers, have: set[str]) -> exp.Expr:
    """What the units of an opening are found by: the value of the field that `leave by` names, or of each of them."""
    fields = [(n, field) for n, (field, _) in enumerate(layers.leave_by) if field in have]
    if not fields:
        return empty("VARCHAR")
    if len(layers.leave_by) == 1:
        return frame.column(fields[0][1])
    parts = [_name(layers, n, frame.column(field)) for n, field in fields]
    both = exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string(BETWEEN_NAMES), *parts])
    return exp.Nullif(this=both, expression=exp.Literal.string(""))


def _name(layers: Layers, number: int, value: exp.Expr) -> exp.Expr:
    """A value, told apart from the same value of another field where several phrases name units."""
    if len(layers.leave_by) == 1:
        return value
    return exp.DPipe(this=exp.Literal.string(f"{number}:"), expression=cast(value, "VARCHAR"))


def _lend_fields(frame: Frame, layers: Layers, kind: Kind) -> None:
    """Let a test over everything that leaves be read of one kind's facts: a field the kind lacks is missing there."""
    kinds = frame.world.ruleset.kinds
    for other in (kinds[name] for name in layers.leaving_kinds):
        for one in other.record.columns:
            own = frame.fields.get((kind.name, one.name))
            if own is None:
                label = frame.label_of(frame.define(f"no {one.name}", stored(empty(one.type.storage), one.type)))
                own = frame.fields[(kind.name, one.name)] = (label, one.type)
            frame.fields[(other.name, one.name)] = own


def _leaving_grain(kind: Kind) -> Grain:
    return Grain("rows", (kind.name,), (), (), "")


def _make_pools(world: World, keys: dict[str, DataType], rule: Origin) -> None:
    """`pool`: those handed over keep their number, new ones follow in the order of their keys."""
    names = list(keys)
    columns = (("pool", "BIGINT"), *((name, type_.storage) for name, type_ in keys.items()))
    seen = (
        exp.select(*(column(name) for name in names))
        .distinct()
        .from_(table("pool event"))
        .subquery(exp.to_identifier("s", quoted=True))
    )
    order = exp.Order(expressions=[exp.Ordered(this=column(name, "s"), nulls_first=True) for name in names])
    number: exp.Expr = exp.Window(this=exp.RowNumber(), order=order)
    query: exp.Query
    if "handed pool" in world.given:
        same = exp.and_(
            *(exp.NullSafeEQ(this=column(name, "h"), expression=column(name, "s")) for name in names), copy=False
        )
        known = exp.select(exp.Literal.number("1")).from_(table("handed pool", "h")).where(same)
        highest = exp.select(exp.Max(this=column("pool"))).from_(table("handed pool")).subquery()
        base = exp.Coalesce(this=highest, expressions=[exp.Literal.number("0")])
        number = exp.Add(this=number, expression=base)
        new = exp.select(named(cast(number, "BIGINT"), "pool"), *(column(name, "s") for name in names)).from_(seen)
        new = new.where(exp.Not(this=exp.Exists(this=known)))
        old = exp.select(*(column(name) for name in ("pool", *names))).from_(table("handed pool"))
        query = exp.union(old, new, distinct=False, copy=False)
    else:
        query = exp.select(named(cast(number, "BIGINT"), "pool"), *(column(name, "s") for name in names)).from_(seen)
    world.add(Relation("pool", ("pool",), columns, query, rule))


def _number_events(world: World, layers: Layers, keys: dict[str, DataType], rule: Origin) -> None:
    """`event`: every event of every pool with its number; a fact that changes several values is one event.

    Numbers run through the pools, one after another. Each pool is put in order by itself, which takes three fifths of
    the time of one order over all, and parts of it can be spilled. Where units go from pool to pool, numbers run
    through all pools together, so that they tell what was before what.
    """
    same = exp.and_(
        *(exp.NullSafeEQ(this=column(name, "p"), expression=column(name, "e")) for name in keys), copy=False
    )
    pooled: exp.Query = (
        exp.select(column("pool", "p"), *(column(name, "e") for name, _ in EVENT_COLUMNS))
        .from_(table("pool event", "e"))
        .join(table("pool", "p"), on=same, copy=False)
    )
    first = {change.kind: (index, change) for index, change in reversed(list(enumerate(layers.changes)))}
    for index, change in sorted(first.values(), key=lambda one: one[0]):
        pooled = exp.union(pooled, _change_events(world, layers, change, index), distinct=False, copy=False)
    columns = (("pool", "BIGINT"), *EVENT_COLUMNS)
    world.add(Relation("pooled event", ("pool", "fact"), columns, pooled, rule))
    order = [
        exp.Ordered(this=column(name, "e"), nulls_first=True)
        for name in ("date", "class", "phrase", "kind", "identity")
    ]
    together = bool(layers.transfer_kinds)
    if together:
        order.append(exp.Ordered(this=column("pool", "e")))
    apart = [] if together else [column("pool", "e")]
    place = exp.Window(this=exp.RowNumber(), partition_by=apart, order=exp.Order(expressions=order))
    number: exp.Expr = place if together else exp.Add(this=column("before", "b"), expression=place)
    if "handed event" in world.given:
        highest = exp.select(exp.Max(this=column("event"))).from_(table("handed event")).subquery()
        number = exp.Add(this=number, expression=exp.Coalesce(this=highest, expressions=[exp.Literal.number("0")]))
    names = ("pool", *(name for name, _ in EVENT_COLUMNS))
    query = exp.select(named(cast(number, "BIGINT"), "event"), *(column(name, "e") for name in names))
    same = exp.EQ(this=column("pool", "b"), expression=column("pool", "e"))
    query = query.from_(table("pooled event", "e"))
    if not together:
        before = _events_before().subquery(exp.to_identifier("b", quoted=True))
        query = query.join(before, on=same, copy=False)
    world.add(Relation("event", ("event",), (("event", "BIGINT"), *columns), query, rule))


def _events_before() -> exp.Select:
    """For each pool, how many events the pools before it have."""
    count = exp.Count(this=exp.Star())
    counted = exp.select(column("pool"), named(count, "events")).from_(table("pooled event")).group_by(column("pool"))
    order = exp.Order(expressions=[exp.Ordered(this=column("pool", "c"))])
    running = exp.Window(this=exp.Sum(this=column("events", "c")), order=order)
    before = named(exp.Sub(this=running, expression=column("events", "c")), "before")
    return exp.select(column("pool", "c"), before).from_(counted.subquery(exp.to_identifier("c", quoted=True)))


def _change_events(world: World, layers: Layers, change: Change, index: int) -> exp.Query:
    """A change acts in every pool it matches: keys it has must agree, a path in its identity is matched by that
    path."""
    kind = world.ruleset.kinds[change.kind]
    have = {one.name for one in kind.record.columns}
    matches = [
        exp.NullSafeEQ(this=column(key.name, "p"), expression=column(key.name, "f"))
        for key in layers.grain.keys
        if key.name in have
    ]
    own: dict[str, exp.Expr] = {
        "date": column(change.on, "f"),
        "class": exp.Literal.number(str(CHANGES)),
        "phrase": exp.Literal.number(str(index)),
        "kind": exp.Literal.string(kind.name),
        "identity": column("identity", "f"),
        "fact": column("fact", "f"),
    }
    selected = [
        named(cast(own[name], storage) if name in own else empty(storage), name) for name, storage in EVENT_COLUMNS
    ]
    query = exp.select(column("pool", "p"), *selected).from_(table(world.facts(kind.name), "f"))
    on = exp.and_(*matches, copy=False) if matches else exp.true()
    query = query.join(table("pool", "p"), on=on, copy=False)
    for path in (one for one in kind.record.identity if "." in one):
        register_name, field = path.split(".", 1)
        register = world.ruleset.registers[register_name]
        alias = f"by {path}"
        agree: list[exp.Expr] = [
            exp.EQ(this=column(register.record.identity[0], alias), expression=column(register_name, "p")),
            exp.EQ(this=column(field, alias), expression=column(path, "f")),
        ]
        if register.history:
            agree.append(exp.GTE(this=column(change.on, "f"), expression=column("valid-from", alias)))
            agree.append(exp.LT(this=column(change.on, "f"), expression=column("valid-until", alias)))
        query = query.join(table(register_name, alias), on=exp.and_(*agree, copy=False), copy=False)
    return query


# ---- layers ------------------------------------------------------------------------------------------------------


def make_layer_origins(world: World) -> None:
    """`layer origin`: one row for each layer with its opening fact's fields and what it carries."""
    layers = layers_of(world)
    rule = Origin(f"layers {layers.name}", layers.span)
    kinds = [world.ruleset.kinds[name] for name in layers.opening_kinds]
    for kind in kinds:
        _make_openings(world, layers, kind, rule)
    columns = _origin_columns(world, kinds)
    branches: list[exp.Query] = []
    for kind in kinds:
        made = world.relation(f"opening {kind.name}")
        have = dict(made.columns)
        selected = [
            named(cast(column(name, "o"), storage) if name in have else _default(name, storage), name)
            for name, storage in columns[2:]
        ]
        opens = exp.EQ(this=column("fact", "e"), expression=column("fact", "o"))
        is_open = exp.EQ(this=column("class", "e"), expression=exp.Literal.number(str(OPENS)))
        branches.append(
            exp.select(named(column("event", "e"), "layer"), column("pool", "e"), *selected)
            .from_(table("event", "e"))
            .join(table(made.name, "o"), on=exp.and_(opens, is_open, copy=False), copy=False)
        )
    if "handed layer" in world.given:
        branches.append(exp.select(*(column(name) for name, _ in columns)).from_(table("handed layer")))
    world.add(Relation("layer origin", ("layer",), columns, union_all(branches), rule))


def make_placing_inputs(world: World) -> None:
    """The order of layers, then what placing reads: `unit-event` and the hand-over under its own names."""
    layers = layers_of(world)
    rule = Origin(f"layers {layers.name}", layers.span)
    make_places(world, layers, rule)
    _make_placing_inputs(world, rule)


def _default(name: str, storage: str) -> exp.Expr:
    """A denominator of a carried value that another opening kind gives as a plain number is one."""
    return cast(exp.Literal.number("1"), storage) if name.endswith(":over") else empty(storage)


def _origin_columns(world: World, kinds: list[Kind]) -> tuple[tuple[str, str], ...]:
    """Columns over all opening kinds; of a carried value the widest scale."""
    found: dict[str, str] = {}
    for kind in kinds:
        for name, storage in world.relation(f"opening {kind.name}").columns:
            if name == "fact":
                continue
            found[name] = _wider(found.get(name, storage), storage)
    return (("layer", "BIGINT"), ("pool", "BIGINT"), *found.items())


def _wider(left: str, right: str) -> str:
    if left == right or not left.startswith("DECIMAL"):
        return left
    scales = [int(one.rstrip(")").split(",")[1]) for one in (left, right)]
    return decimal_type(max(scales))


def _make_openings(world: World, layers: Layers, kind: Kind, rule: Origin) -> None:
    """`opening KIND`: each fact that opens a layer, its fields and carried values as of its date."""
    frame = fact_frame(world, kind.name)
    grain = Grain("rows", (kind.name,), (), (), "")
    have = {one.name: one.type for one in kind.record.columns}
    carried: dict[str, Value] = {}
    items = {name: carried_item(world, kind, name, layers) for name in layers.carried if name not in have}
    frame.prepare(tuple(items.values()), grain)
    for name in layers.carried:
        carried[name] = frame.field(kind.name, name) if name in have else frame.value(items[name])
    outputs: list[tuple[str, Value]] = [
        ("fact", Value(frame.column("fact"), DataType(Family.NUMBER), 0, kept_as="BIGINT"))
    ]
    for name in layer_fields(world):
        if name in carried:
            outputs.append((name, carried[name]))
        elif name == "opened":
            outputs.append((name, Value(frame.column(opened_by(layers, kind)), DataType(Family.DATE))))
        elif name == "opening-kind":
            outputs.append((name, Value(exp.Literal.string(kind.name), DataType(Family.TEXT))))
        elif (kind.name, name) in frame.fields and name != "quantity":
            outputs.append((name, frame.field(kind.name, name)))
    frame.relation(f"opening {kind.name}", ("fact",), outputs, rule)


def carried_item(world: World, kind: Kind, name: str, layers: Layers) -> ItemOf:
    """A carried amount or decision, asked for by the opening fact."""
    type_ = carried_type(world, name)
    if name in world.ruleset.amounts:
        return ItemOf(type_, layers.span, False, name, (), None)
    decision = world.ruleset.decisions[name]
    keys = tuple((key.name, KeyOf(key.type, layers.span, False, key.name)) for key in decision.grain.keys)
    as_of: Expression | None = None
    if decision.as_of:
        on = decision.as_of if decision.as_of in {one.name for one in kind.record.columns} else kind.record.on or ""
        as_of = FieldOf(DataType(Family.DATE), layers.span, False, kind.name, on)
    return ItemOf(type_, layers.span, False, name, keys, as_of)


def _make_placing_inputs(world: World, rule: Origin) -> None:
    """`unit-event` and the hand-over under the names the placing reads, places as they rank now."""
    names = ("event", "pool", "class", "date", "quantity", "bucket", "document", "specific", "otherwise")
    types = {"event": "BIGINT", "pool": "BIGINT", **dict(EVENT_COLUMNS)}
    same = exp.EQ(this=column("layer", "p"), expression=column("event", "e"))
    query = exp.select(*(column(name, "e") for name in names), column("place", "p")).from_(table("event", "e"))
    query = query.join(table("layer place", "p"), on=same, join_type="left", copy=False)
    columns = (*((name, types[name]) for name in names), ("place", "BIGINT"))
    world.add(Relation("unit-event", ("event",), columns, query, rule))
    for name, state in STATE.items():
        world.add(Relation(name, (), state, _handed_state(world, name, state), rule))


def _handed_state(world: World, name: str, columns: tuple[tuple[str, str], ...]) -> exp.Query:
    handed = f"handed {name}"
    if handed not in world.given:
        return exp.select(*(named(empty(storage), one) for one, storage in columns)).where(exp.false())
    if not any(one == "place" for one, _ in columns):
        return exp.select(*(column(one) for one, _ in columns)).from_(table(handed))
    placed_by = "place" if HANDED in world.given and name in ("open-unit", "sold-unit") else "layer"
    same = exp.EQ(this=column("layer", "p"), expression=column(placed_by, "h"))
    chosen = [column(one, "p" if one == "place" else "h") for one, _ in columns]
    return exp.select(*chosen).from_(table(handed, "h")).join(table("layer place", "p"), on=same, copy=False)
