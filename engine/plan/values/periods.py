"""Periods of the calendar as the parts of facts: a whole shared over the periods that its dates reach over.

A fact's periods are those from the earliest to the latest of the days that the weights and tests name of it; one more
on either side must weigh nothing, or the run stops. Shares of every period are known at any close, so each is posted in
its own period; a fact that becomes known late brings those of the periods before it (docs/decisions/0091).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sqlglot import exp

from engine.ledger.calendar import Calendar, Period
from engine.model.checks.reading import Edge, Value, graph, owner_of, reachable, values_of
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    AggregateOf,
    Bound,
    BucketOf,
    Expression,
    FieldOf,
    Grain,
    ItemOf,
    KeyOf,
    LedgerBalance,
    MomentOf,
)
from engine.model.ruleset import Allocation, Item, Ruleset
from engine.model.walk import walk
from engine.plan.facts import PERIOD, fact_columns, reaches_beyond
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.values.frame import Frame, Moment, Tools
from engine.plan.world import RunStopped, World, date_literal

Graph = Mapping[str, tuple[Edge, ...]]
MOST_YEARS = 100
"""A whole whose days lie further apart is taken to be mistyped."""

OUTSIDE = "#outside"
"""A column of a fact's periods: whether it is one beside those that its days reach over."""

_BOUNDS: tuple[Moment, ...] = (("", "period", "start"), ("", "period", "end"))


def bound_in(ruleset: Ruleset, node: object) -> Iterator[Bound]:
    """Every expression that a node holds, and that the items it reads hold, however far down."""
    yield from walk(node)
    for item in items_under(ruleset, node):
        yield from walk(item)


def items_under(ruleset: Ruleset, node: object, reads: Graph | None = None) -> list[Value]:
    """The items that a node reads, however far down, by name; `reads` is the graph of the ruleset, if it is at hand."""
    found = values_of(ruleset)
    asked = {owner_of(ruleset, place.item) for place in walk(node) if isinstance(place, ItemOf)}
    if not asked:
        return []
    known = graph(ruleset) if reads is None else reads
    names = {name for one in asked for name in reachable(known, one)}
    return [found[name] for name in sorted(names) if name in found]


def moments_in(ruleset: Ruleset, node: object) -> tuple[Moment, ...]:
    """The edges of calendar spans that a node speaks of, the bounds of the period first."""
    asked = {(one.shift, one.unit, one.edge) for one in bound_in(ruleset, node) if isinstance(one, MomentOf)}
    return (*_BOUNDS, *sorted(asked - set(_BOUNDS)))


def days_named(ruleset: Ruleset, allocation: Allocation) -> tuple[Expression, ...]:
    """The dates of a whole's own row that its weights and tests name, directly or through amounts."""
    kind, found = allocation.grain.rows[0], dict[str, Expression]()
    shares = (allocation.shares, *(one.shares for one in allocation.exceptions if one.shares is not None))
    asked = tuple((one.weight, one.when, one.gifts) for one in shares)
    names = {one.name for one in ruleset.kinds[kind].record.columns if one.type.family is Family.DATE}
    for node in bound_in(ruleset, asked):
        is_own = isinstance(node, KeyOf) or (isinstance(node, FieldOf) and node.row == kind)
        if is_own and isinstance(node, KeyOf | FieldOf) and node.name in names:
            found.setdefault(node.name, FieldOf(DataType(Family.DATE), node.span, False, kind, node.name))
    return tuple(found[name] for name in sorted(found))


def speaks_of_period(ruleset: Ruleset, node: object) -> bool:
    """Whether what a node reads differs from period to period."""
    return any(
        isinstance(one, MomentOf) or (isinstance(one, KeyOf) and one.name == PERIOD) for one in bound_in(ruleset, node)
    )


def periods_frame(world: World, allocation: Allocation, tools: Tools) -> Frame:
    """Facts known by the period's end, once for each period of theirs."""
    kind = world.ruleset.kinds[allocation.grain.rows[0]]
    moments = moments_in(world.ruleset, allocation)
    bounds = _bounds(world, allocation, tools)
    calendar = f"periods of {allocation.name}"
    append_periods(world, calendar, _reached(world, allocation, bounds), moments)
    first, last = column("first", "b"), column("last", "b")
    beside = exp.and_(
        exp.GTE(this=column("next end", "p"), expression=first),
        exp.LTE(this=column("previous start", "p"), expression=last),
        copy=False,
    )
    inside = exp.and_(
        exp.GTE(this=column(moment_name(_BOUNDS[1]), "p"), expression=first.copy()),
        exp.LTE(this=column(moment_name(_BOUNDS[0]), "p"), expression=last.copy()),
        copy=False,
    )
    columns = (*fact_columns(kind.record), (PERIOD, "VARCHAR"), *((moment_name(one), "DATE") for one in moments))
    selected = [column(one, "f") for one, _ in fact_columns(kind.record)]
    selected += [column(one, "p") for one in (PERIOD, *(moment_name(one) for one in moments))]
    query = exp.select(*selected, named(exp.Not(this=exp.Paren(this=inside)), OUTSIDE)).from_(
        table(world.known(kind.name), "f")
    )
    same = exp.EQ(this=column("fact", "b"), expression=column("fact", "f"))
    query = query.join(table(bounds, "b"), on=same, copy=False).join(table(calendar, "p"), on=beside, copy=False)
    name = f"{kind.name} by period of {allocation.name}"
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    world.add(Relation(name, ("fact", PERIOD), (*columns, (OUTSIDE, "BOOLEAN")), query, rule))
    return in_periods(tools.facts_of(world, kind.name, name), moments)


def in_periods(frame: Frame, moments: tuple[Moment, ...]) -> Frame:
    """A frame whose rows say their period and its edges in columns."""
    frame.keys[PERIOD] = (PERIOD, DataType(Family.PERIOD))
    frame.moments = {one: moment_name(one) for one in moments}
    return frame


def moment_name(moment: Moment) -> str:
    """The column that holds an edge of a calendar span."""
    return " ".join(("#", *(one for one in moment if one)))


def _bounds(world: World, allocation: Allocation, tools: Tools) -> str:
    """The relation with the first and last day of each fact's periods; its own day where it names none."""
    kind = world.ruleset.kinds[allocation.grain.rows[0]]
    frame = tools.facts_of(world, kind.name, world.known(kind.name))
    if reaches_beyond(world.ruleset, kind.name):
        frame.filter(exp.LTE(this=frame.date.copy(), expression=date_literal(world.period.end)))
    days = [frame.lower(one, allocation.grain).sql for one in days_named(world.ruleset, allocation)]
    own = frame.column(kind.record.on or "")
    ends = [
        named(cast(exp.Coalesce(this=of(this=days[0].copy(), expressions=[one.copy() for one in days[1:]]),
                                expressions=[own.copy()]), "DATE"), name)
        for of, name in ((exp.Least, "first"), (exp.Greatest, "last"))
    ]  # fmt: skip
    query = frame.rows_query([]).select(frame.column("fact"), *ends, copy=False)
    name = f"days of {allocation.name}"
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    world.add(Relation(name, ("fact",), (("fact", "BIGINT"), ("first", "DATE"), ("last", "DATE")), query, rule))
    return name


def _reached(world: World, allocation: Allocation, bounds: str) -> tuple[Period, ...]:
    """The periods that any fact reaches over, and those beside them; RunStopped where a fact reaches too far."""
    ends = [exp.Min(this=column("first")), exp.Max(this=column("last"))]
    [(first, last)] = world.executor.rows(exp.select(*ends).from_(table(bounds)))
    if not isinstance(first, date) or not isinstance(last, date):
        return ()
    if last.year - first.year > MOST_YEARS:
        raise RunStopped(
            "T424",
            f"`{allocation.name}` cannot be shared over periods: the days its facts name lie from {first} to {last}; "
            f"more than {MOST_YEARS} years are taken to be mistyped",
            (f"allocation {allocation.name}",),
        )
    return tuple(_between(world.calendar, first, last))


def _between(calendar: Calendar, first: date, last: date) -> Iterator[Period]:
    period = calendar.previous(calendar.period_of(first))
    end = calendar.next(calendar.period_of(last))
    while period.start <= end.start:
        yield period
        period = calendar.next(period)


def append_periods(world: World, name: str, periods: tuple[Period, ...], moments: tuple[Moment, ...]) -> None:
    """The relation of periods by name, with the edges that rules speak of, and how far the ones beside them reach."""
    calendar = world.calendar
    rows = [
        (
            one.name, *(calendar.moment(one, *moment) for moment in moments),
            calendar.next(one).end, calendar.previous(one).start,
        )
        for one in periods
    ]  # fmt: skip
    days = (*(moment_name(one) for one in moments), "next end", "previous start")
    columns = ((PERIOD, "VARCHAR"), *((one, "DATE") for one in days))
    world.executor.append(name, columns, rows)
    query = exp.select(*(column(one) for one, _ in columns)).from_(table(name))
    world.note(Relation(name, (PERIOD,), columns, query, Origin(f"calendar {calendar.name}")))


def reads_by_period(ruleset: Ruleset, item: Item, reads: Graph | None = None) -> tuple[Allocation, ...]:
    """The allocations over periods that an item reads, directly or through others."""
    by_period = {one.name: one for one in ruleset.allocations.values() if one.shares.over == PERIOD}
    if not by_period:
        return ()
    read = {one.name for one in items_under(ruleset, item, reads)}
    return tuple(one for name, one in sorted(by_period.items()) if name in read)


def of_one_period(ruleset: Ruleset, node: object, grain: Grain) -> Iterator[Bound]:
    """What a node bound at a grain reads of the period that is closed only: stock, balances, sums for each period."""
    items = [(one, getattr(one, "grain", grain)) for one in items_under(ruleset, node)]
    for item, scope in ((node, grain), *items):
        for one in walk(item):
            summed = isinstance(one, AggregateOf) and (one.scope or scope).has_period
            if summed or isinstance(one, BucketOf | LedgerBalance):
                yield one
