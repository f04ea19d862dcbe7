"""Journals that post the shares of periods: each in its own period, those of a late fact all at once."""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Journal
from engine.plan.facts import PERIOD, fact_columns, reaches_beyond
from engine.plan.relation import Origin, Relation, column, table
from engine.plan.values.allocations import make_allocation
from engine.plan.values.frame import Frame
from engine.plan.values.frames import TOOLS, fact_frame
from engine.plan.values.periods import append_periods, in_periods, moment_name, moments_in, reads_by_period
from engine.plan.world import World, date_literal


def frame_by_period(world: World, journal: Journal) -> Frame | None:
    """The rows of a journal that posts shares of periods: all facts known in the period that is closed, and those no
    close has seen in the periods before it. None where it posts no such shares."""
    allocations = reads_by_period(world.ruleset, journal) if journal.grain.form == "rows" else ()
    if not allocations:
        return None
    kind, moments = world.ruleset.kinds[journal.grain.rows[0]], moments_in(world.ruleset, journal)
    own = [one for one, _ in fact_columns(kind.record)]
    made = [make_allocation(world, one, TOOLS) for one in allocations]
    asked = [exp.select(column(PERIOD)).distinct().from_(table(one.name)) for one in made]
    names = {str(row[0]) for query in asked for row in world.executor.rows(query)}
    before = [one for name in sorted(names) if (one := world.calendar.period(name)) and one.start < world.period.start]
    calendar = f"periods of {journal.name}"
    append_periods(world, calendar, (*before, world.period), moments)
    days = [moment_name(one) for one in moments]
    here = exp.EQ(this=column(PERIOD, "p"), expression=exp.Literal.string(world.period.name))
    known = table(world.known(kind.name), "f")
    chosen = exp.select(*(column(one, "f") for one in own), *(column(one, "p") for one in (PERIOD, *days)))
    late = chosen.copy().from_(table(world.facts(kind.name), "f"))
    late = late.join(table(calendar, "p"), on=exp.Not(this=exp.Paren(this=here)), copy=False)
    query = chosen.from_(known).join(table(calendar, "p"), on=here.copy(), copy=False)
    if reaches_beyond(world.ruleset, kind.name):
        until = exp.LTE(this=column(kind.record.on or "", "f"), expression=date_literal(world.period.end))
        query, late = query.where(until), late.where(until.copy())
    name = f"{kind.name} by period of {journal.name}"
    columns = (*fact_columns(kind.record), (PERIOD, "VARCHAR"), *((one, "DATE") for one in days))
    rows = exp.union(query, late, distinct=False, copy=False)
    rule = Origin(f"journal {journal.name}", journal.span)
    world.add(Relation(name, ("fact", PERIOD), columns, rows, rule, stored=False))
    return in_periods(fact_frame(world, kind.name, name), moments)
