"""Adjustments that put several facts in the place of one: its parts by an allocation over days, or a register's rows.

The effect of such an adjustment is the parts, facts of the same kind, each with the number of the fact it was made from
(`made-from`). That fact is left out wherever its parts are read, and stays where it was loaded.
"""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import FieldOf
from engine.model.ruleset import Adjustment, Kind, Register
from engine.plan.facts import fact_columns, number_of
from engine.plan.numbers import Value, at_scale, stored
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.values.days import days_of_facts, share_over_days
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame
from engine.plan.values.substitute import all_parts
from engine.plan.world import RunStopped, World

UNITS = "DECIMAL(18,3)"
_UNIT_DIGITS = 3


def make_parts(world: World, adjustment: Adjustment, frame: Frame, name: str, first_number: int) -> None:
    """`name`: the parts of the facts of a frame, numbered downwards from `first_number`; RunStopped where a fact would
    lose or gain units by it."""
    whole = f"{name} of"
    _keep_whole(world, adjustment, frame, whole)
    shared = (
        _split(world, adjustment, whole) if adjustment.action.form == "split" else _matched(world, adjustment, whole)
    )
    kind = world.ruleset.kinds[adjustment.grain.rows[0]]
    rule = Origin(f"adjustment {adjustment.name}", adjustment.span)
    query = _parts(world, adjustment, kind, whole, shared, first_number)
    world.add(Relation(name, ("fact",), fact_columns(kind.record), query, rule))


def _keep_whole(world: World, adjustment: Adjustment, frame: Frame, whole: str) -> None:
    """The facts that are parted, as they are; those that this adjustment made are never parted again."""
    own = exp.NullSafeEQ(this=frame.column("made-by"), expression=exp.Literal.string(adjustment.name))
    kind = world.ruleset.kinds[adjustment.grain.rows[0]]
    columns = fact_columns(kind.record)
    query = frame.rows_query([]).select(*(frame.column(one) for one, _ in columns)).where(exp.Not(this=own))
    rule = Origin(f"adjustment {adjustment.name}", adjustment.span)
    world.add(Relation(whole, ("fact",), columns, query, rule))


# ---- by an allocation over days --------------------------------------------------------------------------------------


def _split(world: World, adjustment: Adjustment, whole: str) -> str:
    """Each day's share of each fact: `fact`, `part`, and what differs from the fact."""
    allocation = world.ruleset.allocations[adjustment.action.name]
    kind = world.ruleset.kinds[allocation.grain.rows[0]]
    days = days_of_facts(world, allocation, whole)
    shares = share_over_days(world, allocation, kind, days)
    _refuse_without_days(world, adjustment, whole, shares)
    return shares


def _refuse_without_days(world: World, adjustment: Adjustment, whole: str, shares: str) -> None:
    """Units of a fact that covers no day would be lost: the run stops and names it."""
    held = exp.select(exp.Literal.number("1")).from_(table(shares, "s"))
    held = held.where(exp.EQ(this=column("fact", "s"), expression=column("fact", "w")))
    some = exp.NEQ(this=column("quantity", "w"), expression=exp.Literal.number("0"))
    query = (
        exp.select(column("identity", "w")).from_(table(whole, "w")).where(some, exp.Not(this=exp.Exists(this=held)))
    )
    for (identity,) in world.executor.rows(query.order_by(column("identity", "w")).limit(1)):
        raise RunStopped(
            "T424",
            f"`{adjustment.action.name}` has no day to share {_called(identity)} over: its last is before its first",
            (f"adjustment {adjustment.name}", f"allocation {adjustment.action.name}"),
        )


def _called(identity: object) -> str:
    return str(identity).replace("\x1f", " ").strip()


# ---- by the rows of a register ---------------------------------------------------------------------------------------


def _matched(world: World, adjustment: Adjustment, whole: str) -> str:
    """The register's rows of each fact: `fact`, `part`, the units of each, and the second key in the first's place."""
    kind = world.ruleset.kinds[adjustment.grain.rows[0]]
    register = world.ruleset.registers[adjustment.action.name]
    rows = f"{whole} with {register.name}"
    _join_register(world, kind, register, whole, rows, Origin(f"adjustment {adjustment.name}", adjustment.span))
    frame = _register_frame(world, kind, register, rows)
    if adjustment.action.value is None:
        raise InternalError(f"adjustment {adjustment.name} says not how many units")
    units = frame.lower(adjustment.action.value, adjustment.grain)
    in_units = _in_units(units)
    frame.guard(
        "T424",
        f"`{adjustment.name}` would make parts of less than a thousandth of a unit",
        (f"adjustment {adjustment.name}",),
        exp.Is(this=in_units, expression=exp.Null()),
    )
    frame.prepare(adjustment.action.value, adjustment.grain)
    again = _in_units(frame.value(adjustment.action.value))
    second = register.record.identity[1]
    outputs = [
        ("fact", Value(frame.column("fact"), DataType(Family.NUMBER), 0, kept_as="BIGINT")),
        ("quantity", Value(again, DataType(Family.QUANTITY), _UNIT_DIGITS, kept_as=UNITS)),
        ("part", stored(frame.column(f"{register.name}.{second}"), DataType(Family.TEXT))),
    ]
    made = frame.relation(f"{whole} parts", ("fact", "part"), outputs, Origin(f"adjustment {adjustment.name}"))
    reads = [one for one in all_parts(adjustment.action.value) if isinstance(one, FieldOf) and one.row == register.name]
    if not reads:
        _refuse_several(world, adjustment, made.name, whole)
    return made.name


def _in_units(value: Value) -> exp.Expr:
    """A quantity in thousandths of a unit at most; missing where it is finer, so that nothing is rounded away."""
    if value.over is not None or value.scale is None:
        raise InternalError("a quotient reached a part of a fact; check refuses it")
    if value.scale <= _UNIT_DIGITS:
        return cast(at_scale(value, _UNIT_DIGITS), UNITS)
    coarse = cast(value.sql, UNITS)
    same = exp.EQ(this=cast(coarse, f"DECIMAL(38,{value.scale})"), expression=value.sql.copy())
    return exp.Case().when(same, coarse.copy()).else_(exp.Null())


def _join_register(world: World, kind: Kind, register: Register, whole: str, name: str, rule: Origin) -> None:
    """Facts with each row of the register whose first key is the fact's value of the second, on the fact's day."""
    first, second = register.record.identity
    own = [(one.name, one.type.storage) for one in register.record.columns]
    agree: list[exp.Expr] = [exp.EQ(this=column(first, "x"), expression=column(second, "w"))]
    if register.history:
        day = column(kind.record.on or "", "w")
        agree.append(exp.GTE(this=day, expression=column("valid-from", "x")))
        agree.append(exp.LT(this=day.copy(), expression=column("valid-until", "x")))
    columns = fact_columns(kind.record)
    query = exp.select(
        *(column(one, "w") for one, _ in columns),
        *(named(column(one, "x"), f"{register.name}.{one}") for one, _ in own),
    )
    query = query.from_(table(whole, "w")).join(table(register.name, "x"), on=exp.and_(*agree, copy=False), copy=False)
    theirs = tuple((f"{register.name}.{one}", storage) for one, storage in own)
    world.add(Relation(name, ("fact", f"{register.name}.{second}"), (*columns, *theirs), query, rule, stored=False))


def _register_frame(world: World, kind: Kind, register: Register, relation: str) -> Frame:
    frame = fact_frame(world, kind.name, relation, "adjustment")
    for one in register.record.columns:
        frame.fields[(register.name, one.name)] = (f"{register.name}.{one.name}", one.type)
    return frame


def _refuse_several(world: World, adjustment: Adjustment, parts: str, whole: str) -> None:
    """Several rows that do not share a fact's units would count them twice: the run stops and names the fact."""
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number("1"))
    twice = exp.select(column("fact")).from_(table(parts)).group_by(column("fact")).having(several)
    query = exp.select(column("identity")).from_(table(whole))
    query = query.where(exp.In(this=column("fact"), query=twice.subquery())).order_by(column("identity")).limit(1)
    for (identity,) in world.executor.rows(query):
        raise RunStopped(
            "T424",
            f"`{adjustment.action.name}` has several rows for {_called(identity)}, and `{adjustment.name}` would count "
            "its units in each of them; say behind `of` how many each row takes",
            (f"adjustment {adjustment.name}",),
        )


# ---- parts as facts --------------------------------------------------------------------------------------------------


def _parts(world: World, adjustment: Adjustment, kind: Kind, whole: str, shared: str, first_number: int) -> exp.Select:
    """The fact's fields with what the part has of its own."""
    on = kind.record.on or ""
    order = exp.Order(expressions=[exp.Ordered(this=column("part", "p"), nulls_first=True)])
    part = cast(exp.Window(this=exp.RowNumber(), partition_by=[column("fact", "p")], order=order), "VARCHAR")
    told = exp.Literal.string(f"{adjustment.name}\x1f{world.period.name}\x1f")
    identity: exp.Expr = told
    for one in (column("identity", "w"), exp.Literal.string("\x1f"), part):
        identity = exp.DPipe(this=identity, expression=one)
    place = number_of([column("identity", "w"), column("part", "p")])
    own: dict[str, exp.Expr] = {
        "quantity": column("quantity", "p"),
        "identity": identity,
        "made-by": exp.Literal.string(adjustment.name),
        "made-from": column("fact", "w"),
        "fact": exp.Neg(this=exp.Paren(this=exp.Add(this=number_literal(first_number), expression=place))),
    }
    if adjustment.mark:
        own["mark"] = exp.Literal.string(adjustment.mark)
    if adjustment.action.form == "split":
        own |= {on: column("part", "p"), "counted-on": column("part", "p")}
    else:
        own[world.ruleset.registers[adjustment.action.name].record.identity[1]] = column("part", "p")
    selected = [
        named(cast(own[name], storage), name) if name in own else column(name, "w")
        for name, storage in fact_columns(kind.record)
    ]
    same = exp.EQ(this=column("fact", "p"), expression=column("fact", "w"))
    some = exp.NEQ(this=column("quantity", "p"), expression=exp.Literal.number("0"))
    return exp.select(*selected).from_(table(whole, "w")).join(table(shared, "p"), on=same, copy=False).where(some)


def number_literal(value: int) -> exp.Expr:
    """A whole number as SQL."""
    return exp.Literal.number(str(value))


def originals_of(effect: str) -> exp.Select:
    """The facts that the parts of an adjustment were made from, each once."""
    return exp.select(named(column("made-from"), "fact")).distinct().from_(table(effect))
