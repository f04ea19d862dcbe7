"""Expected against reported, for each key with stock, movement or a count; values, then what the tables decide of
each row.

The reported side is the latest count within some days of the moment, all its rows together, rolled to the moment by the
movements dated between (mechanics 2.15). The expected side is the bucket at the period's end, with the buckets
`reported includes` names added where their test holds, and with facts counted on or before the end though dated after
it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import BucketOf, Expression, ItemOf
from engine.model.ruleset import Kind, Reconciliation, Table
from engine.plan.facts import facts_ahead
from engine.plan.numbers import Value, stored
from engine.plan.overrides import REPORTED, WAS, Overriding, make_overrides, overriding_of, take_was
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import (
    UNITS,
    key_types,
    make_stock,
    moving_kinds,
    received_key,
    sides_of,
    union_all,
)
from engine.plan.values.frame import Frame
from engine.plan.values.frames import TOOLS, reconciliation_frame
from engine.plan.world import World, date_literal

QUANTITY = DataType(Family.QUANTITY)


def make_reconciliation(world: World, found: Reconciliation, name: str, stock: str, decide: bool) -> None:
    """The reconciliation as relation `name` over the facts as adjusted so far; its stock is made as relation `stock`.

    With `decide` the tables at its grain are columns, and `NAME measured` holds the rows before they were decided.
    """
    make_stock(world, stock)
    _make_keys(world, found, name)
    _make_counts(world, found, name)
    rule = Origin(f"reconciliation {found.name}", found.span)
    keys = {key.name: (key.name, key.type) for key in found.grain.keys}
    frame = Frame(world, f"{name} key", {}, keys, tools=TOOLS)
    overriding = overriding_of(world, found)
    if overriding is not None:
        frame.held = overriding.held
    _define_sides(frame, found, name)
    for local in found.locals:
        frame.define(local.name, frame.held(frame, local.name, frame.lower(local.value, found.grain)))
        frame.fields[(found.name, local.name)] = (local.name, local.value.type)
    measured = f"{name} measured" if decide else name
    frame.relation(measured, _key_names(found), _outputs(frame, found, was=decide), rule)
    if decide:
        world.current[found.name] = measured
        _decide(world, found, name, measured, overriding)
        world.current[found.name] = name


def _key_names(found: Reconciliation) -> tuple[str, ...]:
    return tuple(key.name for key in found.grain.keys)


def _make_keys(world: World, found: Reconciliation, name: str) -> None:
    """Every key with stock, movement or a count up to the period."""
    wanted = [key for key in found.grain.keys if key.name != "period"]
    branches: list[exp.Query] = [exp.select(*(column(key.name) for key in wanted)).from_(table(world.facts("stock")))]
    kind = world.ruleset.kinds[found.reported_kind]
    branches.append(exp.select(*(column(key.name) for key in wanted)).from_(table(world.facts(kind.name))))
    occurring = union_all(branches).subquery("occurring")
    period = named(cast(exp.Literal.string(world.period.name), "VARCHAR"), "period")
    ordered = [period if key.name == "period" else column(key.name) for key in found.grain.keys]
    query = exp.select(*ordered).distinct().from_(occurring)
    columns = tuple((key.name, "VARCHAR" if key.name == "period" else key.type.storage) for key in found.grain.keys)
    rule = Origin(f"reconciliation {found.name}", found.span)
    world.add(Relation(f"{name} key", _key_names(found), columns, query, rule))


def _define_sides(frame: Frame, found: Reconciliation, name: str) -> None:
    expected = frame.lower(found.expected, found.grain)
    total: exp.Expr = expected.sql
    for bucket, tests in found.includes:
        included = frame.lower(_other_bucket(found.expected, bucket), found.grain)
        counts = frame.test(tests, found.grain)
        zero = cast(exp.Literal.number("0"), UNITS)
        total = exp.Add(this=total, expression=exp.Case().when(counts, included.sql).else_(zero))
    counted = [key for key in _key_names(found) if key != "period"]
    on = {key: frame.key(key).sql for key in counted}
    if frame.world.has(f"{name} early"):
        early = frame.join(table(f"{name} early"), on)
        more = exp.Coalesce(this=column("quantity", early), expressions=[exp.Literal.number("0")])
        total = exp.Add(this=total, expression=more)
    alias = frame.join(table(f"{name} count"), on)
    reported = frame.held(frame, REPORTED, Value(cast(column("quantity", alias), UNITS), QUANTITY, 3))
    counted_on = stored(column("date", alias), DataType(Family.DATE))
    frame.define_all(
        [("expected", Value(cast(total, UNITS), QUANTITY, 3)), (REPORTED, reported), ("counted on", counted_on)]
    )
    frame.fields[(found.name, "expected")] = ("expected", QUANTITY)
    frame.fields[(found.name, "reported")] = ("reported", QUANTITY)


def _other_bucket(expected: Expression, bucket: str) -> BucketOf:
    if not isinstance(expected, BucketOf):
        raise InternalError("`reported includes` needs an expected side that is a bucket; check refuses others")
    return replace(expected, bucket=bucket)


def _outputs(frame: Frame, found: Reconciliation, was: bool) -> list[tuple[str, Value]]:
    """What a row says; with `was` also what overrides stand in the place of."""
    outputs = [(key, frame.key(key)) for key in _key_names(found)]
    names = ["expected", "reported", "counted on", *(local.name for local in found.locals)]
    names += [label for label in frame.values if was and label.endswith(WAS)]
    return outputs + [(name, frame.value_of(name)) for name in names]


# ---- the reported side -------------------------------------------------------------------------------------------


def _moment(world: World, found: Reconciliation) -> date:
    moment = found.moment
    if moment is None:
        return world.period.end
    shift, unit, edge = getattr(moment, "shift", ""), getattr(moment, "unit", "period"), getattr(moment, "edge", "end")
    return world.calendar.moment(world.period, shift, unit, edge)


def _make_counts(world: World, found: Reconciliation, name: str) -> None:
    """`NAME count`: for each key with a count near the moment, its date and the units rolled to the moment."""
    moment = _moment(world, found)
    within = timedelta(days=found.within or 0)
    kind = world.ruleset.kinds[found.reported_kind]
    keys = [key for key in _key_names(found) if key != "period"]
    on = column(kind.record.on or "")
    window = exp.Between(this=on, low=date_literal(moment - within), high=date_literal(moment + within))
    daily = (
        exp.select(
            *(column(key) for key in keys),
            named(on.copy(), "date"),
            named(exp.Sum(this=column("quantity")), "quantity"),
        )
        .from_(table(world.facts(kind.name)))
        .where(window)
        .group_by(*(column(key) for key in keys), on.copy())
    )
    last = exp.Window(this=exp.Max(this=column("date")), partition_by=[column(key) for key in keys])
    marked = exp.select(exp.Star(), named(last, "last")).from_(daily.subquery("daily"))
    chosen = exp.select(*(column(key) for key in keys), column("date"), column("quantity")).from_(
        marked.subquery("marked")
    )
    chosen = chosen.where(exp.EQ(this=column("date"), expression=column("last")))
    types = key_types(world)
    rule = Origin(f"reconciliation {found.name}", found.span)
    columns = (*((key, types[key].storage) for key in keys), ("date", "DATE"), ("quantity", UNITS))
    world.add(Relation(f"{name} latest count", tuple(keys), columns, chosen, rule))
    query = _rolled(world, found, name, keys, moment)
    world.add(Relation(f"{name} count", tuple(keys), columns, query, rule))
    if any(one.action.form == "count" for one in world.ruleset.adjustments.values()):
        early = _signed_movements(world, found, keys, _counted_early(world))
        world.add(
            Relation(f"{name} early", tuple(keys), (*columns[:-2], ("quantity", UNITS)), _summed(early, keys), rule)
        )


def _counted_early(world: World) -> exp.Expr:
    end = date_literal(world.period.end)
    inside = exp.LTE(this=column("counted-on", "f"), expression=end)
    return exp.and_(inside, exp.GT(this=column("@on", "f"), expression=end.copy()), copy=False)


def _rolled(world: World, found: Reconciliation, name: str, keys: list[str], moment: date) -> exp.Query:
    """Counts, plus what moved from their day to the moment; less what moved back from it where the count came later."""
    end = date_literal(moment)
    after = exp.and_(
        exp.GT(this=column("@on", "f"), expression=column("date", "c")),
        exp.LTE(this=column("@on", "f"), expression=end),
        copy=False,
    )
    before = exp.and_(
        exp.GT(this=column("@on", "f"), expression=end.copy()),
        exp.LTE(this=column("@on", "f"), expression=column("date", "c")),
        copy=False,
    )
    forward = _signed_movements(world, found, keys, after, f"{name} latest count")
    back = _signed_movements(world, found, keys, before, f"{name} latest count", sign=-1)
    counted = exp.select(*(column(key) for key in keys), column("date"), column("quantity")).from_(
        table(f"{name} latest count")
    )
    everything = union_all([counted, forward, back]).subquery("rolled", copy=False)
    return (
        exp.select(
            *(column(key) for key in keys),
            column("date"),
            named(cast(exp.Sum(this=column("quantity")), UNITS), "quantity"),
        )
        .from_(everything)
        .group_by(*(column(key) for key in keys), column("date"))
    )


def _signed_movements(
    world: World, found: Reconciliation, keys: list[str], condition: exp.Expr, counts: str = "", sign: int = 1
) -> exp.Query:
    """Movements of the expected bucket, signed; joined to counts (alias c) of another date than the moment where
    named."""
    if not isinstance(found.expected, BucketOf):
        raise InternalError(
            "a count is rolled by the movements of the bucket it states; check refuses other expected sides"
        )
    bucket = found.expected.bucket
    branches: list[exp.Query] = []
    moving = moving_kinds(world)
    # a kind without facts of the period may have facts ahead of it
    for kind in moving if sign < 0 else world.with_facts(moving):
        for side, direction, receiving, _ in sides_of(kind):
            if side == bucket and all(key in {one.name for one in kind.record.columns} for key in keys):
                rows = facts_ahead(world, kind, found.within or 0) if sign < 0 else world.facts(kind.name)
                named_by = {received_key(kind): kind.receiver} if receiving else {}
                moves = -sign if direction else sign
                branches.append(_movement_branch(kind, rows, keys, condition, counts, moves, named_by))
    if not branches:
        empty = exp.select(*(column(key) for key in keys), *([column("date")] if counts else []), column("quantity"))
        return empty.from_(table(counts or "stock")).where(exp.false())
    return union_all(branches)


def _movement_branch(
    kind: Kind,
    rows: str,
    keys: list[str],
    condition: exp.Expr,
    counts: str,
    direction: int,
    named_by: dict[str, str],
) -> exp.Query:
    quantity: exp.Expr = column("quantity", "f")
    signed = exp.Neg(this=quantity) if direction < 0 else quantity
    dated = [column("date", "c")] if counts else []
    own = {key: column(named_by.get(key, key), "f") for key in keys}
    query = exp.select(*(named(own[key], key) for key in keys), *dated, named(cast(signed, UNITS), "quantity"))
    query = query.from_(table(rows, "f"))
    on = condition.copy()
    for found in on.find_all(exp.Column):
        if found.name == "@on":
            found.set("this", exp.to_identifier(kind.record.on, quoted=True))
    if not counts:
        return query.where(on)
    matches = [exp.NullSafeEQ(this=column(key, "c"), expression=own[key].copy()) for key in keys]
    return query.join(table(counts, "c"), on=exp.and_(*matches, on, copy=False), copy=False)


def _summed(query: exp.Query, keys: list[str]) -> exp.Query:
    total = named(cast(exp.Sum(this=column("quantity")), UNITS), "quantity")
    chosen = exp.select(*(column(key) for key in keys), total).from_(query.subquery("moved", copy=False), copy=False)
    return chosen.group_by(*(column(key) for key in keys), copy=False)


# ---- what is decided of each row ---------------------------------------------------------------------------------


def tables_at(world: World, found: Reconciliation) -> list[Table]:
    """Tables whose rows are this reconciliation's."""
    return [one for one in world.ruleset.tables.values() if one.grain.rows == (found.name,)]


def _decide(world: World, found: Reconciliation, name: str, measured: str, overriding: Overriding | None) -> None:
    frame = reconciliation_frame(world, found.name, measured)
    if overriding is not None:
        frame.held = overriding.held
        take_was(frame, world.relation(measured))
    outputs = [(label, _column_value(frame, label)) for label in _measured_names(world, measured)]
    decided: list[tuple[str, Value]] = []
    for one in tables_at(world, found):
        for label, type_ in one.outputs:
            value = frame.lower(ItemOf(type_, one.span, False, label, (), None), found.grain)
            decided.append((label, value))
        decided.append((f"{one.name}:row", frame.value_of(f"{one.name}:row")))
    outputs = [(label, _column_value(frame, label)) for label in _measured_names(world, measured)]
    frame.relation(name, _key_names(found), [*outputs, *decided], Origin(f"reconciliation {found.name}", found.span))
    if overriding is not None:
        make_overrides(world, overriding, frame)


def _measured_names(world: World, measured: str) -> list[str]:
    return [
        label
        for label in world.relation(measured).column_names
        if label != "guard" and not label.endswith((":over", WAS))
    ]


def _column_value(frame: Frame, label: str) -> Value:
    if label in frame.values:
        return frame.value_of(label)
    if label in frame.keys:
        return frame.key(label)
    type_ = DataType(Family.DATE) if label == "counted on" else QUANTITY
    return Value(frame.column(label), type_, None if label == "counted on" else 3)
