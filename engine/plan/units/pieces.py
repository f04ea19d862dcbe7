"""Changes of carried values, round by round: which positions of a layer carried what, from which event to which.

A piece is a rectangle: positions [from, to) of a layer, events [since, until), and the values carried there of the
names that changes may touch. The n-th change of every pool is one round, all pools at once; a change splits the open
pieces it overlaps at the edges of what is held. Exact for any value a change may give, because each round reads the
pieces the last one left.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain
from engine.model.ruleset import Layers
from engine.plan.numbers import Value
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.at_the_back import may_stand_back, with_opened
from engine.plan.units.changing import after_change, changed_names, first_values, kept, value_columns
from engine.plan.units.reopened import open_pieces
from engine.plan.units.stock import union_all
from engine.plan.units.transfers import turns_in_groups
from engine.plan.values.frames import layers_of, slice_frame
from engine.plan.world import RunStopped, World

FOREVER = "9223372036854775807"
ROUNDS_MAX = 64
PLACE: tuple[tuple[str, str], ...] = (
    ("pool", "BIGINT"),
    ("layer", "BIGINT"),
    ("from", "BIGINT"),
    ("to", "BIGINT"),
    ("since", "BIGINT"),
    ("until", "BIGINT"),
)


def make_pieces(world: World) -> None:
    """`piece`, after the last round; `change slice`, one row for each piece a change met (both made only if changes
    exist)."""
    layers = layers_of(world)
    rule = Origin(f"layers {layers.name}", layers.span)
    values = value_columns(world, layers)
    world.add(Relation("piece 0", (), (*PLACE, *values), _first_pieces(world, values), rule))
    open_pieces(world, 0, values, cast(exp.Literal.number(FOREVER), "BIGINT"))
    kinds = _kinds_by_turn(world)
    rounds = max(kinds, default=0)
    if rounds > ROUNDS_MAX:
        raise RunStopped(
            "T322", f"a pool of layers `{layers.name}` has {rounds} changes of value in one period; at most 64 run"
        )
    overlaps: list[str] = []
    for turn in range(1, rounds + 1):
        overlaps += _run_round(world, layers, turn, kinds[turn], values, rule)
        open_pieces(world, turn, values, cast(exp.Literal.number(FOREVER), "BIGINT"))
    last = exp.select(*(column(name) for name, _ in (*PLACE, *values))).from_(table(f"piece {rounds}"))
    world.add(Relation("piece", (), (*PLACE, *values), last, rule, stored=False))
    _make_change_slices(world, values, overlaps, rule)


_TURN = (("pool", "BIGINT"), ("event", "BIGINT"), ("kind", "VARCHAR"), ("turn", "BIGINT"))


def _kinds_by_turn(world: World) -> dict[int, list[str]]:
    """Which kinds make the first, second, ... change of some pool."""
    found: dict[int, list[str]] = {}
    names = (column("turn"), column("kind"))
    query = exp.select(*names).distinct().from_(table("change turn")).order_by(*(one.copy() for one in names))
    for turn, kind in world.executor.rows(query):
        found.setdefault(int(str(turn)), []).append(str(kind))
    return found


def change_turns(rule: Origin, in_groups: bool = False) -> Relation:
    """`change turn`: which change that met units is the first, second, ... of its pool, or of the pools it shares
    layers with."""
    return Relation("change turn", ("pool", "event"), _TURN, turns_in_groups() if in_groups else _turns(), rule)


def _turns() -> exp.Query:
    distinct = exp.select(column("pool"), column("event")).distinct().from_(table("unit-held"))
    order = exp.Order(expressions=[exp.Ordered(this=column("event", "h"))])
    turn = cast(exp.Window(this=exp.RowNumber(), partition_by=[column("pool", "h")], order=order), "BIGINT")
    same = exp.EQ(this=column("event", "e"), expression=column("event", "h"))
    query = exp.select(column("pool", "h"), column("event", "h"), column("kind", "e"), named(turn, "turn"))
    return query.from_(distinct.subquery(exp.to_identifier("h", quoted=True))).join(
        table("event", "e"), on=same, copy=False
    )


def _first_pieces(world: World, values: tuple[tuple[str, str], ...]) -> exp.Query:
    """New layers whole, from the event that opened them; old ones as they were handed over."""
    opens = exp.and_(
        exp.EQ(this=column("event", "e"), expression=column("layer", "l")),
        exp.EQ(this=column("class", "e"), expression=exp.Literal.number("2")),
        copy=False,
    )
    own: list[exp.Expr] = [
        column("pool", "l"),
        column("layer", "l"),
        named(cast(exp.Literal.number("0"), "BIGINT"), "from"),
        named(column("quantity", "e"), "to"),
        named(column("event", "e"), "since"),
        named(cast(exp.Literal.number(FOREVER), "BIGINT"), "until"),
    ]
    query: exp.Query = (
        exp.select(
            *own, *(named(sql, name) for sql, (name, _) in zip(first_values(world, values, "l"), values, strict=True))
        )
        .from_(table("layer origin", "l"))
        .join(table("event", "e"), on=opens, copy=False)
    )
    if "handed piece" in world.given:
        more = exp.select(*(column(name) for name, _ in (*PLACE, *values))).from_(table("handed piece"))
        query = exp.union(query, more, distinct=False, copy=False)
    return query


def _run_round(
    world: World, layers: Layers, turn: int, kinds: list[str], values: tuple[tuple[str, str], ...], rule: Origin
) -> list[str]:
    """The turn-th change of every pool, of the kinds that make one: overlaps valued, then the pieces they leave."""
    before = f"piece {turn - 1}"
    _make_overlap(world, turn, before, values, rule)
    valued = [_value_overlap(world, layers, turn, kind, values, rule) for kind in kinds]
    touched = union_all([exp.select(*(column(name) for name in _NEW)).from_(table(name)) for name in valued])
    world.add(Relation(f"changed {turn}", (), tuple((name, "BIGINT") for name in _NEW), touched, rule))
    world.add(Relation(f"piece {turn}", (), (*PLACE, *values), _after_round(turn, before, valued, values), rule))
    return valued


_NEW = ("pool", "layer", "from", "to", "since", "event")


def _make_overlap(world: World, turn: int, before: str, values: tuple[tuple[str, str], ...], rule: Origin) -> None:
    """`change N`: in the shape of slices, the parts of open pieces that the change meets."""
    meets = exp.and_(
        exp.EQ(this=column("layer", "h"), expression=column("layer", "p")),
        exp.LT(this=column("from", "p"), expression=column("to", "h")),
        exp.GT(this=column("to", "p"), expression=column("from", "h")),
        exp.EQ(this=column("until", "p"), expression=cast(exp.Literal.number(FOREVER), "BIGINT")),
        copy=False,
    )
    in_turn = exp.and_(
        exp.EQ(this=column("event", "t"), expression=column("event", "h")),
        exp.EQ(this=column("turn", "t"), expression=exp.Literal.number(str(turn))),
        copy=False,
    )
    by_event = exp.EQ(this=column("event", "e"), expression=column("event", "h"))
    start = _greater(column("from", "p"), column("from", "h"))
    end = _lesser(column("to", "p"), column("to", "h"))
    selected = [
        column("event", "h"),
        column("fact", "e"),
        named(column("kind", "e"), "event-kind"),
        named(column("date", "e"), "event-date"),
        column("pool", "p"),
        column("layer", "p"),
        named(start, "from"),
        named(end, "to"),
        column("since", "p"),
        named(units(start.copy()), "layer.from"),
        named(units(end.copy()), "layer.to"),
        named(units(exp.Paren(this=exp.Sub(this=end.copy(), expression=start.copy()))), "quantity"),
        named(exp.false(), "returning"),
        *(named(column(name, "p"), f"layer.{name}") for name, _ in values),
    ]
    query: exp.Query = (
        exp.select(*selected)
        .from_(table("unit-held", "h"))
        .join(table("change turn", "t"), on=in_turn, copy=False)
        .join(table("event", "e"), on=by_event, copy=False)
        .join(table(before, "p"), on=meets, copy=False)
    )
    columns = (*_OVERLAP, *((f"layer.{name}", storage) for name, storage in values))
    if may_stand_back(world):
        columns, query = with_opened(columns, query)
    world.add(Relation(f"change {turn}", ("event", "layer", "from"), columns, query, rule))


_OVERLAP: tuple[tuple[str, str], ...] = (
    ("event", "BIGINT"),
    ("fact", "BIGINT"),
    ("event-kind", "VARCHAR"),
    ("event-date", "DATE"),
    ("pool", "BIGINT"),
    ("layer", "BIGINT"),
    ("from", "BIGINT"),
    ("to", "BIGINT"),
    ("since", "BIGINT"),
    ("layer.from", "DECIMAL(18,3)"),
    ("layer.to", "DECIMAL(18,3)"),
    ("quantity", "DECIMAL(18,3)"),
    ("returning", "BOOLEAN"),
)


def units(scaled: exp.Expr) -> exp.Expr:
    """A scaled position as a quantity."""
    thousandth = cast(exp.Literal.number("0.001"), "DECIMAL(4,3)")
    whole = cast(scaled, "DECIMAL(18,0)")
    return cast(exp.Mul(this=cast(whole, "DECIMAL(38,0)"), expression=thousandth), "DECIMAL(18,3)")


def _greater(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Case().when(exp.GT(this=left, expression=right), left.copy()).else_(right.copy())


def _lesser(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Case().when(exp.LT(this=left, expression=right), left.copy()).else_(right.copy())


def _value_overlap(
    world: World, layers: Layers, turn: int, kind: str, values: tuple[tuple[str, str], ...], rule: Origin
) -> str:
    """`change N KIND`: each overlap with the values it carries afterwards (`after.NAME`)."""
    frame = slice_frame(world, (kind,), f"change {turn}")
    grain = Grain("layers", ("layer", kind), (), (), "")
    changes = {change.carried: change for change in layers.changes if change.kind == kind}
    frame.prepare(tuple(change.value for change in changes.values()), grain)
    outputs: list[tuple[str, Value]] = [(name, Value(frame.column(name), _WHOLE)) for name in ("fact", *_NEW)]
    names = [name for name, _ in _OVERLAP if name not in ("fact", *_NEW)]
    types = dict(_OVERLAP)
    result: list[tuple[str, exp.Expr, str]] = [(name, value.sql, "BIGINT") for name, value in outputs]
    result += [(name, frame.column(name), types[name]) for name in names]
    for name, storage in values:
        result.append((f"layer.{name}", frame.column(f"layer.{name}"), storage))
    for name in changed_names(layers):
        change = changes.get(name)
        given = None if change is None else frame.value(change.value)
        new = after_change(change, given, frame.field("layer", name))
        result += [(f"after.{label}", sql, storage) for label, sql, storage in kept(name, new, dict(values))]
    query = frame.rows_query([]).select(*(named(cast(sql, storage), label) for label, sql, storage in result))
    made = f"change {turn} {kind}"
    columns = tuple((label, storage) for label, _, storage in result)
    world.add(Relation(made, ("event", "layer", "from"), columns, query, rule))
    return made


_WHOLE = DataType(Family.NUMBER)


def _after_round(turn: int, before: str, valued: list[str], values: tuple[tuple[str, str], ...]) -> exp.Query:
    """Untouched pieces stay; of a touched one, the part met ends at the event, continues changed, and its rests stay
    open."""
    names = [name for name, _ in PLACE]
    forever = cast(exp.Literal.number(FOREVER), "BIGINT")
    changed = table(f"changed {turn}", "c")
    same = exp.and_(
        exp.EQ(this=column("layer", "c"), expression=column("layer", "p")),
        exp.EQ(this=column("since", "c"), expression=column("since", "p")),
        exp.GTE(this=column("from", "c"), expression=column("from", "p")),
        exp.LTE(this=column("to", "c"), expression=column("to", "p")),
        exp.EQ(this=column("until", "p"), expression=forever),
        copy=False,
    )
    found = exp.select(exp.Literal.number("1")).from_(changed.copy()).where(same.copy())
    everything = [column(name, "p") for name in (*names, *(name for name, _ in values))]
    untouched = exp.select(*everything).from_(table(before, "p")).where(exp.Not(this=exp.Exists(this=found)))
    carried = [column(name, "p") for name, _ in values]
    ended = exp.select(
        column("pool", "p"), column("layer", "p"), column("from", "c"), column("to", "c"), column("since", "p"),
        named(column("event", "c"), "until"), *(one.copy() for one in carried),
    )  # fmt: skip
    ended = ended.from_(table(before, "p")).join(changed.copy(), on=same.copy(), copy=False)
    branches: list[exp.Query] = [untouched, ended, *_rests(before, changed, same, carried)]
    for name in valued:
        after = [named(column(f"after.{one}"), one) for one, _ in values]
        branches.append(
            exp.select(
                column("pool"), column("layer"), column("from"), column("to"), named(column("event"), "since"),
                named(forever.copy(), "until"), *after,
            ).from_(table(name))
        )  # fmt: skip
    return union_all(branches)


def _rests(before: str, changed: exp.Expr, same: exp.Expr, carried: Sequence[exp.Expr]) -> list[exp.Query]:
    """The gaps of a touched piece: before each part met (from the end of the one before) and behind the last."""
    parts = [column("layer", "p"), column("since", "p"), column("from", "p")]
    order = exp.Order(expressions=[exp.Ordered(this=column("from", "c"))])
    previous = exp.Window(this=exp.Lag(this=column("to", "c")), partition_by=parts, order=order)
    following = exp.Window(
        this=exp.Lead(this=column("from", "c")), partition_by=[one.copy() for one in parts], order=order.copy()
    )
    inner = exp.select(
        column("pool", "p"), column("layer", "p"), named(column("from", "p"), "start"), named(column("to", "p"), "end"),
        named(column("from", "c"), "met-from"), named(column("to", "c"), "met-to"), column("since", "p"),
        column("until", "p"), named(previous, "previous"), named(following, "following"),
        *(one.copy() for one in carried),
    )  # fmt: skip
    inner = inner.from_(table(before, "p")).join(changed.copy(), on=same.copy(), copy=False)
    begin = exp.Coalesce(this=column("previous", "g"), expressions=[column("start", "g")])
    names = [
        exp.column(exp.to_identifier(one.name, quoted=True), table=exp.to_identifier("g", quoted=True))
        for one in carried
    ]

    def gap(start: exp.Expr, end: exp.Expr, condition: exp.Expr) -> exp.Query:
        chosen = exp.select(
            column("pool", "g"), column("layer", "g"), named(start, "from"), named(end, "to"), column("since", "g"),
            column("until", "g"), *(one.copy() for one in names),
        )  # fmt: skip
        return chosen.from_(inner.copy().subquery(exp.to_identifier("g", quoted=True))).where(condition)

    left = gap(begin, column("met-from", "g"), exp.LT(this=begin.copy(), expression=column("met-from", "g")))
    is_last = exp.Is(this=column("following", "g"), expression=exp.Null())
    behind = exp.and_(is_last, exp.LT(this=column("met-to", "g"), expression=column("end", "g")), copy=False)
    return [left, gap(column("met-to", "g"), column("end", "g"), behind)]


def _make_change_slices(world: World, values: tuple[tuple[str, str], ...], overlaps: list[str], rule: Origin) -> None:
    columns = (
        *_OVERLAP,
        *((f"layer.{name}", storage) for name, storage in values),
        *((f"after.{name}", storage) for name, storage in values),
    )
    if overlaps:
        query = union_all([exp.select(*(column(name) for name, _ in columns)).from_(table(name)) for name in overlaps])
    else:
        nothing = [named(cast(exp.Null(), storage), name) for name, storage in columns]
        query = exp.select(*nothing).where(exp.false())
    world.add(Relation("change slice", ("event", "layer", "from"), columns, query, rule, stored=False))
