"""Days as the parts of facts: a whole shared over the days it covers, to the last unit.

The days of a fact are those between `day is at least E` and `day is at most F`, which the allocation's `when` says.
Each has `working`: 1 on a working day of the calendar and 0 on any other.
"""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import ComparisonOf, Expression, KeyOf, TestsOf
from engine.model.ruleset import Allocation, Kind
from engine.plan.facts import DAY, fact_columns
from engine.plan.numbers import Value
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.values.allocations import define_shares_of
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame
from engine.plan.world import World, date_literal

DATE = DataType(Family.DATE)
_ENDS = {"at-least": 0, "at-most": 1}


def ends_of(when: TestsOf | None) -> tuple[Expression, Expression] | None:
    """The first and last day that tests let a whole be shared over; None where they name not both."""
    found: list[Expression | None] = [None, None]
    for one in when.tests if when is not None and when.joined == "and" else ():
        if isinstance(one, ComparisonOf) and one.operator in _ENDS and one.left == KeyOf(DATE, one.span, False, DAY):
            found[_ENDS[one.operator]] = one.right
    first, last = found
    return None if first is None or last is None else (first, last)


def acts_within(frame: Frame, kind: Kind) -> exp.Expr:
    """Whether a fact acts by the period's end: it is dated so early, or an adjustment splits it over days that begin
    so early."""
    world, end = frame.world, date_literal(frame.world.period.end)
    early: list[exp.Expr] = []
    for one in world.ruleset.adjustments.values():
        if one.action.form == "split" and one.grain.rows == (kind.name,):
            allocation = world.ruleset.allocations[one.action.name]
            ends = ends_of(allocation.shares.when)
            if ends is None:
                raise InternalError(f"allocation {allocation.name} has no first day; check refuses it")
            first = exp.LTE(this=frame.lower(ends[0], allocation.grain).sql, expression=end.copy())
            early.append(exp.Coalesce(this=first, expressions=[exp.false()]))
    return exp.or_(exp.LTE(this=frame.column(kind.record.on or ""), expression=end), *early, copy=False)


def days_of_facts(world: World, allocation: Allocation, whole: str) -> str:
    """Facts once for each day they may be shared over: their columns, `day` and `working`."""
    kind = world.ruleset.kinds[allocation.grain.rows[0]]
    ends = ends_of(allocation.shares.when)
    if ends is None:
        raise InternalError(f"allocation {allocation.name} has no first and last day; check refuses it")
    frame = fact_frame(world, kind.name, whole, "adjustment")
    frame.prepare(ends, allocation.grain)
    first, last = (cast(frame.value(one).sql, "DATE") for one in ends)
    series = exp.Anonymous(
        this="GENERATE_SERIES",
        expressions=[first, last, exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY"))],
    )
    columns = fact_columns(kind.record)
    rows = frame.rows_query([]).select(
        *(frame.column(one) for one, _ in columns), named(cast(exp.Explode(this=series), "DATE"), DAY)
    )
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    spread, name = f"days of {whole}", f"{whole} by day"
    world.add(Relation(spread, ("fact", DAY), (*columns, (DAY, "DATE")), rows, rule))
    query = exp.select(*(column(one, "d") for one, _ in (*columns, (DAY, "DATE"))), named(_working(world), "working"))
    query = query.from_(table(spread, "d"))
    off = world.calendar.except_register
    if off:
        [of_day] = [one.name for one in world.ruleset.registers[off].record.columns if one.type.family is Family.DATE]
        same = exp.EQ(this=column(of_day, "h"), expression=column(DAY, "d"))
        days = exp.select(column(of_day)).distinct().from_(table(off)).subquery(exp.to_identifier("h", quoted=True))
        query = query.join(days, on=same, join_type="left", copy=False)
    world.add(
        Relation(name, ("fact", DAY), (*columns, (DAY, "DATE"), ("working", "INTEGER")), query, rule, stored=False)
    )
    return name


def _working(world: World) -> exp.Expr:
    """1 on a day that the calendar calls a working day and no row excepts, else 0."""
    calendar = world.calendar
    weekday = exp.Anonymous(this="ISODOW", expressions=[column(DAY, "d")])
    works: exp.Expr = exp.In(
        this=weekday, expressions=[exp.Literal.number(str(one + 1)) for one in calendar.working_days]
    )
    if calendar.except_register:
        register = world.ruleset.registers[calendar.except_register]
        [of_day] = [one.name for one in register.record.columns if one.type.family is Family.DATE]
        works = exp.and_(works, exp.Is(this=column(of_day, "h"), expression=exp.Null()), copy=False)
    one, none = exp.Literal.number("1"), exp.Literal.number("0")
    return cast(exp.Case().when(works, one).else_(none), "INTEGER")


def share_over_days(world: World, allocation: Allocation, kind: Kind, days: str) -> str:
    """The share of each day of each fact: `fact`, `part` (the day) and `quantity`; RunStopped where a whole cannot be
    shared."""
    frame = _day_frame(world, kind, days)
    label = define_shares_of(frame, allocation, ["fact"]).label
    integer = DataType(Family.NUMBER)
    outputs = [
        ("fact", Value(frame.column("fact"), integer, 0, kept_as="BIGINT")),
        ("part", Value(frame.column(DAY), DATE)),
        ("quantity", frame.value_of(label)),
    ]
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    return frame.relation(f"{days} shared", ("fact", "part"), outputs, rule).name


def _day_frame(world: World, kind: Kind, days: str) -> Frame:
    frame = fact_frame(world, kind.name, days, "adjustment")
    frame.keys[DAY] = (DAY, DATE)
    for name, type_ in (("start", DATE), ("end", DATE)):
        frame.fields[(DAY, name)] = (DAY, type_)
    frame.fields[(DAY, "working")] = ("working", DataType(Family.NUMBER))
    return frame
