"""Registers by date and the facts of an open period, as they were loaded and as adjustments leave them.

Inputs of a run are relations `input NAME`, one for each record, with the record's columns, the implied ones of
engine.model.schema, `publication` (the load that brought the row) and `fact` (a number unique over all kinds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from sqlglot import exp

from engine.model.expression import AggregateOf
from engine.model.ruleset import Allocation, Kind, Ruleset
from engine.model.schema import Record
from engine.model.walk import walk
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.world import World, date_literal, empty

BEGINNING, END = date(1, 1, 1), date(9999, 12, 31)

DAY = "day"
"""The calendar word for one day: a whole may be shared over days."""

PERIOD = "period"
"""The calendar word for a period: a whole may be shared over periods."""

SETTLED = "handed settled"
"""Facts dated after the last hard close that it left out already, or put parts in the place of: by kind, identity."""

PARTED = "handed parted"
"""Every fact of a closed period that parts stand in the place of, by kind and identity."""

FEW = 200_000
"""Up to so many facts of a kind, memory for every step over them is cheaper than reading the files once more."""

PROJECTED = "projected"
"""The mark of facts that a scenario projects, and the file they say they came from; a run is given `projected KIND`."""

MADE: tuple[tuple[str, str], ...] = (
    ("mark", "VARCHAR"),
    ("made-by", "VARCHAR"),
    ("made-from", "BIGINT"),
    ("counted-on", "DATE"),
    ("fact", "BIGINT"),
)
"""Columns every fact of a run has behind its stored ones: mark, the adjustment that made it and the fact it was made
from, the day it counts on in a comparison, and its number."""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What earlier hard closes consumed: facts published by `publication` and dated up to `end`; None before the
    first."""

    publication: int
    end: date


def fact_columns(record: Record) -> tuple[tuple[str, str], ...]:
    """Columns and storage types of a kind's facts in a run."""
    return (*record.stored, *MADE)


def make_registers(world: World) -> None:
    """Each register, newest version of each row, with `valid-from` and `valid-until` where it has history."""
    for register in world.ruleset.registers.values():
        record = register.record
        kept = [(one.name, one.type.storage) for one in record.columns]
        if world.converts and "currency" not in {name for name, _ in kept}:
            kept.append(("currency", "VARCHAR"))
        names = [name for name, _ in kept]
        unique = list(record.row_key)
        rows = newest(f"input {register.name}", names, unique)
        selected: list[exp.Expr] = [column(name, "n") for name in names]
        columns = list(kept)
        if register.history:
            keys = [column(name, "n") for name in record.identity]
            order = exp.Order(expressions=[exp.Ordered(this=column("date", "n"), nulls_first=True)])
            until = exp.Window(this=exp.Lead(this=column("date", "n")), partition_by=keys, order=order)
            selected.append(named(_or(column("date", "n"), date_literal(BEGINNING)), "valid-from"))
            selected.append(named(_or(until, date_literal(END)), "valid-until"))
            columns += [("valid-from", "DATE"), ("valid-until", "DATE")]
        if record.bands_by is not None:
            keys = [column(name, "n") for name in record.identity]
            order = exp.Order(expressions=[exp.Ordered(this=column(record.bands_by, "n"), nulls_first=True)])
            until = exp.Window(this=exp.Lead(this=column(record.bands_by, "n")), partition_by=keys, order=order)
            selected.append(named(until, "band-until"))
            columns.append(("band-until", record.column(record.bands_by).type.storage))
        query = exp.select(*selected).from_(rows.subquery(exp.to_identifier("n", quoted=True)))
        world.add(
            Relation(
                register.name, tuple(unique), tuple(columns), query, Origin(f"register {register.name}", register.span)
            )
        )


def _or(value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[otherwise])


def newest(name: str, names: Sequence[str], unique: Sequence[str]) -> exp.Select:
    """Rows of an input, of rows with one identity the one known last (then loaded last, then by place in the
    file)."""
    latest = [
        exp.Ordered(this=column(one), desc=True, nulls_first=False) for one in ("known-at", "version", "publication")
    ]
    order = exp.Order(
        expressions=[*latest, exp.Ordered(this=column("source-file")), exp.Ordered(this=column("source-row"))]
    )
    numbered = exp.Window(this=exp.RowNumber(), partition_by=[column(one) for one in unique], order=order)
    ranked = exp.select(*(column(one) for one in names), named(numbered, "newest")).from_(table(name))
    first = exp.EQ(this=column("newest", "ranked"), expression=exp.Literal.number("1"))
    return exp.select(*(column(one, "ranked") for one in names)).from_(ranked.subquery("ranked")).where(first)


# ---- facts -------------------------------------------------------------------------------------------------------


def adjusted_kinds(ruleset: Ruleset) -> set[str]:
    """Kinds that some adjustment may exclude, move or record."""
    found: set[str] = set()
    for adjustment in ruleset.adjustments.values():
        if adjustment.action.form == "record":
            found.add(adjustment.action.name)
        else:
            found.update(row for row in adjustment.grain.rows if row in ruleset.kinds)
    return found


def early_kinds(ruleset: Ruleset) -> set[str]:
    """Kinds whose facts dated after the period's end an adjustment may move or count into it."""
    moving = [one for one in ruleset.adjustments.values() if one.action.form in ("date", "count", "split")]
    found = {row for one in moving for row in one.grain.rows if row in ruleset.kinds}
    return found | {name for one in shared_over_days(ruleset) for name in kinds_by_day(ruleset, one)}


def shared_over_days(ruleset: Ruleset) -> tuple[Allocation, ...]:
    """Allocations whose parts are days."""
    return tuple(one for one in ruleset.allocations.values() if one.shares.over == DAY)


def kinds_by_day(ruleset: Ruleset, allocation: Allocation) -> frozenset[str]:
    """Kinds whose facts of a day an allocation over days adds up: those of days after the period are wanted too."""
    sources = (one.source.grain for one in walk(allocation) if isinstance(one, AggregateOf))
    return frozenset(one.rows[0] for one in sources if one.form == "rows" and one.rows[0] in ruleset.kinds)


def reaches_beyond(ruleset: Ruleset, kind: str) -> bool:
    """Whether open facts of a kind may be dated after the period's end: counts, and what adjustments may draw in."""
    return kind in early_kinds(ruleset) or days_after(ruleset, ruleset.kinds[kind]) > 0


def make_facts(world: World, cutoff: Cutoff | None) -> None:
    """Open facts of each kind: those no hard close consumed, dated up to the period's end (or a little later, see
    below).

    A kind that adjustments may touch begins as `KIND as loaded`. Counts may be dated up to the days `latest within`
    allows after the end; facts an adjustment may draw into the period are kept whatever their date until it has run.
    """
    adjusted, early = adjusted_kinds(world.ruleset), early_kinds(world.ruleset)
    for kind in world.ruleset.kinds.values():
        if kind.told and world.strict:
            continue  # told of by the run itself, later; an example gives its rows
        _look_at_input(world, kind)
        name = f"{kind.name} as loaded" if kind.name in adjusted else kind.name
        last = END if kind.name in early else world.period.end + timedelta(days=days_after(world.ruleset, kind))
        query = _open_facts(world, kind, cutoff, last)
        rule = Origin(f"kind {kind.name}", kind.span)
        stored = kind.name in world.corrected or kind.name in world.few
        world.add(Relation(name, ("fact",), fact_columns(kind.record), query, rule, stored))
        world.current[kind.name] = name
        if cutoff is not None:
            world.closed[kind.name] = partial(_closed_facts, world, kind, cutoff)


def facts_ahead(world: World, kind: Kind, days: int) -> str:
    """The relation with a kind's facts dated up to some days after the period's end, for a count made that late.

    Facts that adjustments may draw into the period are there whatever their date; no hard close consumed the others.
    """
    if kind.name in early_kinds(world.ruleset):
        return world.facts(kind.name)
    name = f"{kind.name} ahead"
    if not world.has(name):
        query = _open_facts(world, kind, None, world.period.end + timedelta(days=days))
        later = exp.GT(this=column(kind.record.on or ""), expression=date_literal(world.period.end))
        columns = fact_columns(kind.record)
        ahead = exp.select(*(column(one) for one, _ in columns)).from_(query.subquery("ahead")).where(later)
        rule = Origin(f"kind {kind.name}", kind.span)
        world.add(Relation(name, ("fact",), columns, ahead, rule, stored=False))
    return name


def days_after(ruleset: Ruleset, kind: Kind) -> int:
    """How many days after the period's end a count of a kind may be dated and still be compared with it."""
    within = [one.within or 0 for one in ruleset.reconciliations.values() if one.reported_kind == kind.name]
    return max(within, default=0)


def _look_at_input(world: World, kind: Kind) -> None:
    """Note whether some fact of a kind has a later version, and whether there are only a few facts."""
    name = f"input {kind.name}"
    if world.executor.is_bare(name):
        world.few.add(kind.name)
        return
    counts = [exp.Count(this=exp.Star()), exp.Max(this=column("version"))]
    [(rows, version)] = world.executor.rows(exp.select(*counts).from_(table(name)))
    if int(str(version or 1)) > 1:
        world.corrected.add(kind.name)
    if int(str(rows)) <= FEW:
        world.few.add(kind.name)


def _base(world: World, kind: Kind) -> exp.Select:
    """Newest versions with the date an earlier period's adjustment gave them."""
    name = f"input {kind.name}"
    names = [*(one for one, _ in kind.record.stored), "publication", "fact"]
    if kind.name in world.corrected:
        rows: exp.Expr = newest(name, names, ["identity"]).subquery(exp.to_identifier("i", quoted=True))
    else:
        rows = table(name, "i")
    on = kind.record.on or ""
    if world.executor_has("handed dated") and on:
        same = exp.and_(
            exp.EQ(this=column("kind", "d"), expression=exp.Literal.string(kind.name)),
            exp.EQ(this=column("identity", "d"), expression=column("identity", "i")),
            copy=False,
        )
        moved = _or(column("date", "d"), column(on, "i"))
        selected = [named(moved, one) if one == on else column(one, "i") for one in names]
        return exp.select(*selected).from_(rows).join(table("handed dated", "d"), on=same, join_type="left", copy=False)
    return exp.select(*(column(one, "i") for one in names)).from_(rows)


def consumed(kind: Kind, cutoff: Cutoff) -> exp.Expr:
    """Whether earlier hard closes consumed a row `b` of a kind's input."""
    published = exp.LTE(this=column("publication", "b"), expression=exp.Literal.number(str(cutoff.publication)))
    dated = exp.LTE(this=column(kind.record.on or "", "b"), expression=date_literal(cutoff.end))
    return exp.Paren(this=exp.and_(published, dated, copy=False))


def _selected(world: World, kind: Kind) -> list[exp.Expr]:
    on = kind.record.on or ""
    made: dict[str, exp.Expr] = {"counted-on": column(on, "b"), "fact": column("fact", "b")}
    if world.executor_has(f"{PROJECTED} {kind.name}"):
        supposed = exp.EQ(this=column("source-file", "b"), expression=exp.Literal.string(PROJECTED))
        made["mark"] = exp.Case().when(supposed, exp.Literal.string(PROJECTED))
    stored = [column(name, "b") for name, _ in kind.record.stored]
    return [*stored, *(named(made.get(name, empty(storage)), name) for name, storage in MADE)]


def _open_facts(world: World, kind: Kind, cutoff: Cutoff | None, last: date) -> exp.Select:
    conditions: list[exp.Expr] = []
    if last < END:
        conditions.append(exp.LTE(this=column(kind.record.on or "", "b"), expression=date_literal(last)))
    if cutoff is not None:
        conditions.append(exp.Not(this=consumed(kind, cutoff)))
    query = exp.select(*_selected(world, kind)).from_(_base(world, kind).subquery(exp.to_identifier("b", quoted=True)))
    if world.executor_has(SETTLED):
        conditions.append(_not_among(kind, SETTLED))
    query = query.where(*conditions, copy=False) if conditions else query
    return with_rows(world, query, [f"handed {kind.name}"], kind)


def _closed_facts(world: World, kind: Kind, cutoff: Cutoff) -> Relation:
    """What closed periods consumed, as their adjustments left it."""
    query = exp.select(*_selected(world, kind)).from_(_base(world, kind).subquery(exp.to_identifier("b", quoted=True)))
    query = query.where(consumed(kind, cutoff), copy=False)
    if world.executor_has("handed excluded"):
        query = query.where(_not_among(kind, "handed excluded"))
    query = with_rows(world, query, [f"handed recorded {kind.name}"], kind)
    rule = Origin(f"kind {kind.name}", kind.span)
    return Relation(
        f"{kind.name} closed", ("fact",), fact_columns(kind.record), query, rule, stored=kind.name in world.few
    )


def _not_among(kind: Kind, name: str) -> exp.Expr:
    """Whether a fact `b` is not one of those handed over by kind and identity."""
    gone = exp.and_(
        exp.EQ(this=column("kind", "x"), expression=exp.Literal.string(kind.name)),
        exp.EQ(this=column("identity", "x"), expression=column("identity", "b")),
        copy=False,
    )
    found = exp.select(exp.Literal.number("1")).from_(table(name, "x")).where(gone)
    return exp.Not(this=exp.Exists(this=found))


def parted_facts(world: World, kind: Kind) -> exp.Select:
    """Facts as they were sent whose parts closed periods put in their place."""
    query = exp.select(*_selected(world, kind)).from_(_base(world, kind).subquery(exp.to_identifier("b", quoted=True)))
    return query.where(exp.Not(this=exp.Paren(this=_not_among(kind, PARTED))))


def with_rows(world: World, query: exp.Query, names: Sequence[str], kind: Kind) -> exp.Select:
    """A query of a kind's facts together with rows of other relations of the same columns, where those exist."""
    columns = fact_columns(kind.record)
    for name in names:
        if world.has(name) or world.executor_has(name):
            more = exp.select(*(column(one) for one, _ in columns)).from_(table(name))
            query = exp.union(query, more, distinct=False, copy=False)
    names_only = [column(one) for one, _ in columns]
    if isinstance(query, exp.Select):
        return query
    return exp.select(*names_only).from_(query.subquery("together", copy=False), copy=False)


def finish_facts(world: World) -> None:
    """After the last stage: each adjusted kind under its own name, dated up to the period's end."""
    for kind in world.ruleset.kinds.values():
        name = world.facts(kind.name)
        if name == kind.name:
            continue
        within = exp.LTE(this=column(kind.record.on or ""), expression=date_literal(world.period.end))
        columns = fact_columns(kind.record)
        query = exp.select(*(column(one) for one, _ in columns)).from_(table(name)).where(within)
        rule = Origin(f"kind {kind.name}", kind.span)
        world.add(Relation(kind.name, ("fact",), columns, query, rule, stored=kind.name in world.few))
        world.current[kind.name] = kind.name


def number_of(order: Sequence[exp.Expr]) -> exp.Expr:
    """ROW_NUMBER over an order; missing first, as the language orders."""
    ordered = [exp.Ordered(this=one, nulls_first=True) for one in order]
    return cast(exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=ordered)), "BIGINT")
