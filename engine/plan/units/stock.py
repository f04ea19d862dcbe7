"""Stock: units by bucket, derived from what kinds move; so every roll-forward foots by construction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlglot import exp

from engine.model.datatypes import DataType
from engine.model.ruleset import Kind, Stock
from engine.plan.relation import Origin, Relation, cast, column, named, part_of, table, unnested
from engine.plan.world import World, date_literal, empty

UNITS = "DECIMAL(38,3)"


def stock_of(world: World) -> Stock:
    """The ruleset's stock; check refuses a ruleset that moves units without declaring it."""
    assert world.ruleset.stock is not None
    return world.ruleset.stock


def key_types(world: World) -> dict[str, DataType]:
    """The type of each key stock is kept by."""
    terms, registers = world.ruleset.terms, world.ruleset.registers
    found: dict[str, DataType] = {}
    for key in stock_of(world).keys:
        if key in registers:
            found[key] = next(
                (one.type for kind in world.ruleset.kinds.values() for one in kind.record.columns if one.name == key),
                terms.get(key) or registers[key].record.columns[0].type,
            )
        else:
            found[key] = terms[key]
    return found


def moving_kinds(world: World) -> list[Kind]:
    """Kinds that move units, by name."""
    return sorted((kind for kind in world.ruleset.kinds.values() if kind.form == "moves"), key=lambda kind: kind.name)


def received_key(kind: Kind) -> str:
    """The key of stock that a kind's receiver stands for on the other side; '' where units stay with their own."""
    return kind.record.column(kind.receiver).type.domain if kind.receiver else ""


def key_columns(world: World, kind: Kind, alias: str, receiving: bool = False) -> list[exp.Expr]:
    """The stock keys of a kind's facts; a key the kind lacks is missing. `receiving`: of whom the units go to."""
    have = {one.name: one.name for one in kind.record.columns}
    if receiving and kind.receiver:
        have[received_key(kind)] = kind.receiver
    return [
        named(column(have[key], alias) if key in have else empty(type_.storage), key)
        for key, type_ in key_types(world).items()
    ]


def sides_of(kind: Kind) -> tuple[tuple[str, str, bool, str], ...]:
    """Where a kind's units leave and arrive: bucket, sign, whether with the receiver, and what the flow is called."""
    arriving = f"{kind.name} received" if kind.receiver else kind.name
    return ((kind.source, "-", False, kind.name), (kind.target, "", True, arriving))


def make_stock(world: World, name: str) -> None:
    """`NAME flow` (keys, bucket, kind, quantity signed by bucket) and `NAME` (keys, bucket, opening, received,
    issued, closing).

    Facts dated up to the period's end, as adjusted so far; opening from the hand-over of the last hard close.
    """
    keys = list(key_types(world))
    flow = _flow(world)
    key_storage = tuple((key, type_.storage) for key, type_ in key_types(world).items())
    rule = Origin("stock", stock_of(world).span)
    grain = (*keys, "bucket", "kind")
    columns = (*key_storage, ("bucket", "VARCHAR"), ("kind", "VARCHAR"), ("quantity", UNITS))
    world.add(Relation(f"{name} flow", grain, columns, flow, rule))
    selected = [column(key, "u") for key in (*keys, "bucket")]
    zero = exp.Literal.number("0")

    def total(value: exp.Expr, label: str) -> exp.Expr:
        return named(cast(exp.Coalesce(this=exp.Sum(this=value), expressions=[zero.copy()]), UNITS), label)

    quantity, opening = column("quantity", "u"), column("opening", "u")
    gained = exp.Case().when(exp.GT(this=quantity, expression=zero.copy()), quantity.copy())
    lost = exp.Case().when(exp.LT(this=quantity.copy(), expression=zero.copy()), exp.Neg(this=quantity.copy()))
    closing = exp.Add(
        this=exp.Coalesce(this=opening, expressions=[zero.copy()]),
        expression=exp.Coalesce(this=quantity.copy(), expressions=[zero.copy()]),
    )
    query = (
        exp.select(
            *selected,
            total(opening.copy(), "opening"),
            total(gained, "received"),
            total(lost, "issued"),
            total(closing, "closing"),
        )
        .from_(_with_opening(world, name, keys).subquery(exp.to_identifier("u", quoted=True)))
        .group_by(*(one.copy() for one in selected))
    )
    totals = tuple((label, UNITS) for label in ("opening", "received", "issued", "closing"))
    world.add(Relation(name, (*keys, "bucket"), (*key_storage, ("bucket", "VARCHAR"), *totals), query, rule))
    world.current["stock"] = name


def _flow(world: World) -> exp.Query:
    branches: list[exp.Query] = []
    for kind in world.with_facts(moving_kinds(world)):
        sides = sides_of(kind)
        # between partners each side has its own keys; otherwise one reading of the kind serves both
        together = [[one] for one in sides] if kind.receiver else [list(sides)]
        branches.extend(_sides(world, kind, some) for some in together)
    return union_all(branches)


def _sides(world: World, kind: Kind, sides: Sequence[tuple[str, str, bool, str]]) -> exp.Query:
    """The sides of a kind that share their keys: one row by key and side, its quantity signed by the bucket."""
    keyed = key_columns(world, kind, "f", sides[0][2])
    moved = (
        exp.select(*keyed, named(exp.Sum(this=column("quantity", "f")), "quantity"))
        .from_(table(world.facts(kind.name), "f"))
        .where(exp.LTE(this=column(kind.record.on or "", "f"), expression=date_literal(world.period.end)))
        .group_by(*(exp.Literal.number(str(index + 1)) for index in range(len(keyed))))
    )
    keys = [column(key) for key in key_types(world)]
    parts: list[dict[str, exp.Expr]] = []
    for bucket, sign, _, flow in sides:
        quantity: exp.Expr = exp.Neg(this=column("quantity")) if sign else column("quantity")
        bucket_and_kind = {"bucket": exp.Literal.string(bucket), "kind": exp.Literal.string(flow)}
        parts.append({**bucket_and_kind, "quantity": quantity})
    both = exp.select(*keys, unnested(parts, "side")).from_(moved.subquery("m", copy=False), copy=False)
    said = exp.select(
        *keys,
        named(part_of("side", "bucket"), "bucket"),
        named(part_of("side", "kind"), "kind"),
        named(cast(part_of("side", "quantity"), UNITS), "quantity"),
    )
    return said.from_(both.subquery("s", copy=False), copy=False)


def make_daily_stock(world: World) -> str:
    """`STOCK by day`: what moved by key, bucket and day, signed by bucket; what was handed over lies on the day before.

    A late fact lies on its own day; it is known on every day that can be asked for.
    """
    name = f"{world.facts('stock')} by day"
    if world.has(name):
        return name
    keys = list(key_types(world))
    branches: list[exp.Query] = []
    for kind in moving_kinds(world):
        on = column(kind.record.on or "", "f")
        for bucket, sign, receiving, _ in sides_of(kind):
            keyed = key_columns(world, kind, "f", receiving)
            moved = (
                exp.select(*keyed, named(on.copy(), "day"), named(column("quantity", "f"), "quantity"))
                .from_(table(world.facts(kind.name), "f"))
                .where(exp.LTE(this=on.copy(), expression=date_literal(world.period.end)), copy=False)
            )
            quantity: exp.Expr = column("quantity", "m")
            signed = exp.Neg(this=quantity) if sign else quantity
            branches.append(
                exp.select(
                    *(column(key, "m") for key in keys),
                    named(exp.Literal.string(bucket), "bucket"),
                    column("day", "m"),
                    named(cast(signed, UNITS), "quantity"),
                ).from_(moved.subquery(exp.to_identifier("m", quoted=True)))
            )
    if world.executor_has("handed stock"):
        before = named(date_literal(world.period.start - timedelta(days=1)), "day")
        opening = exp.select(*(column(key) for key in (*keys, "bucket")), before, named(column("quantity"), "quantity"))
        branches.append(opening.from_(table("handed stock")))
    selected = [column(one, "s") for one in (*keys, "bucket", "day")]
    total = named(cast(exp.Sum(this=column("quantity", "s")), UNITS), "quantity")
    rows = union_all(branches).subquery(exp.to_identifier("s", quoted=True))
    query = exp.select(*selected, total).from_(rows).group_by(*(one.copy() for one in selected))
    columns = tuple((key, type_.storage) for key, type_ in key_types(world).items())
    grain = (*keys, "bucket", "day")
    columns = (*columns, ("bucket", "VARCHAR"), ("day", "DATE"), ("quantity", UNITS))
    world.add(Relation(name, grain, columns, query, Origin("stock", stock_of(world).span)))
    return name


def union_all(branches: Sequence[exp.Query]) -> exp.Query:
    """Rows of several queries of the same columns."""
    query = branches[0]
    for branch in branches[1:]:
        query = exp.union(query, branch, distinct=False, copy=False)
    return query


def _with_opening(world: World, name: str, keys: Sequence[str]) -> exp.Query:
    flow = exp.select(
        *(column(key) for key in (*keys, "bucket")),
        named(empty(UNITS), "opening"),
        named(column("quantity"), "quantity"),
    ).from_(table(f"{name} flow"))
    if not world.executor_has("handed stock"):
        return flow
    opening = exp.select(
        *(column(key) for key in (*keys, "bucket")),
        named(cast(column("quantity"), UNITS), "opening"),
        named(empty(UNITS), "quantity"),
    ).from_(table("handed stock"))
    return exp.union(flow, opening, distinct=False, copy=False)


def make_stock_keys(world: World) -> None:
    """`stock key`: combinations of stock keys with stock, movement or a count up to the period."""
    types = key_types(world)
    branches: list[exp.Query] = [exp.select(*(column(key) for key in types)).from_(table(world.facts("stock")))]
    counts = [kind for kind in world.ruleset.kinds.values() if kind.form == "states"]
    branches += [exp.select(*key_columns(world, one, "f")).from_(table(world.facts(one.name), "f")) for one in counts]
    keys = union_all(branches).subquery("occurring")
    query = exp.select(*(column(key) for key in types)).distinct().from_(keys)
    columns = tuple((key, type_.storage) for key, type_ in types.items())
    world.add(Relation("stock key", tuple(types), columns, query, Origin("stock", stock_of(world).span)))
