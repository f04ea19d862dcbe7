"""A small world over what a run published, so that rules can be asked again about a few facts.

Published relations keep their names, but for slices: those of the run are `SLICES`, and `slice` holds the few asked
about. Registers and facts come from the same inputs as the run's, facts with what the run's adjustments made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from engine.ledger.calendar import Period
from engine.model.books import posting_book
from engine.model.expression import AggregateOf, ExistsTest, Grain
from engine.model.ruleset import Adjustment, Kind, Ruleset
from engine.plan.adjust import EFFECTS, MAKING, effect_name
from engine.plan.executor import Executor
from engine.plan.facts import MADE, Cutoff, fact_columns, make_facts, make_registers, with_rows
from engine.plan.parting import originals_of
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame, slice_frame
from engine.plan.values.substitute import all_parts
from engine.plan.world import World, empty
from engine.run.close import close_calendar
from engine.run.explanation import RawRow, RunOfBooks

SLICES = "slice of the run"
Columns = tuple[tuple[str, str], ...]
BOOKS = Origin("the books")

Delivered = tuple[str, int]
"""The content of a file (its SHA-256) and the physical line in it."""

RawRows = Callable[[Iterable[Delivered]], Mapping[Delivered, RawRow]]
"""Finds delivered rows; those not kept are left out."""


@dataclass(frozen=True)
class Evidence:
    """What explanations are made from: the world of a run, what closed periods consumed before it, the run as the books
    know it, and the way to delivered rows."""

    world: World
    cutoff: Cutoff | None
    run: RunOfBooks
    raw: RawRows


def world_of(
    executor: Executor,
    ruleset: Ruleset,
    period: Period,
    published: Mapping[str, Columns],
    given: Iterable[str],
    book: str = "",
) -> World:
    """The world of a run whose relations lie in the executor: `published` by name with their columns, `input NAME` of
    every record, and `given`, the hand-over it began with as far as it was kept; `book` is the one whose they are, by
    default the one that posts."""
    book = book or posting_book(ruleset)
    world = World(ruleset, close_calendar(ruleset), period, executor, given=frozenset(given), book=book)
    for name, columns in published.items():
        query = exp.select(*(column(one) for one, _ in columns)).from_(table(name))
        world.note(Relation(name, (), columns, query, BOOKS, stored=False))
    make_registers(world)
    return world


def reads_other_rows(nodes: object) -> bool:
    """Whether something adds up other rows or looks for them, so that all facts of the period must be there."""
    return any(isinstance(one, (AggregateOf, ExistsTest)) for one in all_parts(nodes))


def add_all_facts(world: World, cutoff: Cutoff | None) -> None:
    """Every kind's facts as the run had them after its adjustments, as views: read only where a rule reads them."""
    make_facts(world, cutoff)
    for kind in world.ruleset.kinds.values():
        before = world.facts(kind.name)
        if before == kind.name:
            continue
        rows = exp.select(*_adjusted(world, kind, "b")).from_(table(before, "b"))
        rows = _with_days(world, kind, rows, "b")
        gone = [_facts_of(one) for one in _effects(world, kind, "excluded")]
        gone += [originals_of(effect_name(one)) for one in _effects(world, kind, "parted")]
        if gone:
            among = exp.In(this=column("fact", "b"), query=union_all(gone).subquery())
            rows = rows.where(exp.Not(this=among))
        recorded = [effect_name(one) for form in MAKING for one in _effects(world, kind, form)]
        query = with_rows(world, rows, recorded, kind)
        world.add(Relation(kind.name, ("fact",), fact_columns(kind.record), query, BOOKS, stored=False))
        world.current[kind.name] = kind.name


def _facts_of(adjustment: Adjustment) -> exp.Select:
    return exp.select(column("fact")).from_(table(effect_name(adjustment)))


def _effects(world: World, kind: Kind, form: str) -> list[Adjustment]:
    """The adjustments of one form that did something to a kind in the run."""
    found = []
    for one in world.ruleset.adjustments.values():
        target = one.action.name if one.action.form == "record" else one.grain.rows[0]
        if target == kind.name and EFFECTS.get(one.action.form) == form and world.has(effect_name(one)):
            found.append(one)
    return found


def _days(world: World, kind: Kind, form: str) -> exp.Query | None:
    """Facts with the day that the run's adjustments gave them, the last stage's where there are several."""
    effects = _effects(world, kind, form)
    if not effects:
        return None
    branches = [
        exp.select(column("fact"), column("date"), named(exp.Literal.number(str(number)), "turn")).from_(
            table(effect_name(one))
        )
        for number, one in enumerate(effects)
    ]
    last = exp.ArgMax(this=column("date"), expression=column("turn"))
    rows = union_all(branches).subquery("days")
    return exp.select(column("fact"), named(last, "date")).from_(rows).group_by(column("fact"))


def _with_days(world: World, kind: Kind, query: exp.Select, alias: str) -> exp.Select:
    """Join the days that adjustments gave to facts, as aliases `dated` and `counted`, where there are any."""
    for form in ("dated", "counted"):
        days = _days(world, kind, form)
        if days is not None:
            same = exp.EQ(this=column("fact", form), expression=column("fact", alias))
            query = query.join(days.subquery(form), on=same, join_type="left", copy=False)
    return query


def _adjusted(
    world: World, kind: Kind, alias: str, earlier: exp.Expr | None = None, loaded: bool = False
) -> list[exp.Expr]:
    """A kind's columns over an alias, with the days of the aliases of `_with_days`; `earlier` is the day a closed
    period gave. Rows `loaded` have not the columns that adjustments write."""
    on = kind.record.on or ""
    day: exp.Expr = column(on, alias)
    if earlier is not None:
        day = exp.Coalesce(this=earlier, expressions=[day])
    if _effects(world, kind, "dated"):
        day = exp.Coalesce(this=column("date", "dated"), expressions=[day])
    counted = day.copy()
    if _effects(world, kind, "counted"):
        counted = exp.Coalesce(this=column("date", "counted"), expressions=[counted])
    own = {on: day, "counted-on": counted} if on else {}
    made = {name for name, _ in MADE} - {"fact"} if loaded else set()
    return [
        named(cast(own[name], storage), name)
        if name in own
        else named(empty(storage), name)
        if name in made
        else column(name, alias)
        for name, storage in fact_columns(kind.record)
    ]


# ---- a few facts -----------------------------------------------------------------------------------------------------


def add_facts(world: World, kind: Kind, name: str, only: Callable[[str], exp.Expr], waiting: bool = False) -> str:
    """A relation of a kind's facts, as the run had them, that meet a condition; `only` makes it for an alias.

    Of facts loaded in several versions the newest is taken. Facts that adjustments recorded are those of the run, and
    of the hand-over it began with: those that were `waiting` for a receipt, or else those recorded in closed periods.
    """
    columns = fact_columns(kind.record)
    handed = [f"handed {kind.name}", f"handed {'waiting' if waiting else 'recorded'} {kind.name}"]
    made = [effect_name(one) for form in MAKING for one in _effects(world, kind, form)]
    branches: list[exp.Query] = [_loaded(world, kind, only)]
    for source in (*made, *(one for one in handed if one in world.given)):
        rows = exp.select(*(column(label, "m") for label, _ in columns)).from_(table(source, "m"))
        by_adjustment = exp.LT(this=column("fact", "m"), expression=exp.Literal.number("0"))
        branches.append(rows.where(exp.and_(only("m"), by_adjustment)))
    everything = exp.select(*(column(label) for label, _ in columns)).distinct()
    query = everything.from_(union_all(branches).subquery("everything"))
    world.add(Relation(name, ("fact",), columns, query, BOOKS))
    return name


def _loaded(world: World, kind: Kind, only: Callable[[str], exp.Expr]) -> exp.Select:
    """Loaded facts of a kind that meet a condition, of each the newest version, on the day that adjustments gave it."""
    latest = ("known-at", "version", "publication")
    order = exp.Order(expressions=[exp.Ordered(this=column(one, "i"), desc=True, nulls_first=False) for one in latest])
    rank = exp.Window(this=exp.RowNumber(), partition_by=[column("identity", "i")], order=order)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("i", quoted=True))
    source = exp.select(star, named(rank, "newest")).from_(table(f"input {kind.name}", "i")).where(only("i"))
    was_dated = "handed dated" in world.given
    earlier = column("date", "handed") if was_dated else None
    query = exp.select(*_adjusted(world, kind, "k", earlier, loaded=True)).from_(source.subquery("k"))
    query = _with_days(world, kind, query, "k")
    if was_dated:
        same = exp.and_(
            exp.EQ(this=column("kind", "handed"), expression=exp.Literal.string(kind.name)),
            exp.EQ(this=column("identity", "handed"), expression=column("identity", "k")),
            copy=False,
        )
        query = query.join(table("handed dated", "handed"), on=same, join_type="left", copy=False)
    return query.where(exp.EQ(this=column("newest", "k"), expression=exp.Literal.number("1")))


def numbered(facts: Sequence[int]) -> Callable[[str], exp.Expr]:
    """The condition that a fact's number is among some."""
    return _among("fact", [exp.Literal.number(str(one)) for one in sorted(facts)])


def identified(identities: Iterable[str]) -> Callable[[str], exp.Expr]:
    """The condition that a fact's identity is among some."""
    return _among("identity", [exp.Literal.string(one) for one in sorted(identities)])


def _among(name: str, values: Sequence[exp.Expr]) -> Callable[[str], exp.Expr]:
    def condition(alias: str) -> exp.Expr:
        found = [one.copy() for one in values]
        return exp.In(this=column(name, alias), expressions=found) if found else exp.false()

    return condition


def add_slices(world: World, facts: Sequence[int]) -> None:
    """`slice`: those of the run that some facts touched; none where the run published none."""
    if world.has(SLICES) and not world.has("slice"):
        columns = world.relation(SLICES).columns
        query = exp.select(*(column(one, "s") for one, _ in columns)).from_(table(SLICES, "s"))
        query = query.where(numbered(facts)("s"))
        world.add(Relation("slice", (), columns, query, BOOKS))


def asked_frame(world: World, grain: Grain, found: Mapping[str, str], period: Period | None = None) -> Frame:
    """A frame over the facts, or the slices, asked about; `found` names the relation of each kind's facts.

    Rows for each fact and period are asked of `period`, else of the one that is closed.
    """
    before = dict(world.current)
    world.current.update(found)
    try:
        if grain.form == "slices":
            return slice_frame(world, grain.touched)
        frame = fact_frame(world, grain.rows[0])
        frame.period = period if period is not None and grain.has_period else world.period
        return frame
    finally:
        world.current.clear()
        world.current.update(before)
