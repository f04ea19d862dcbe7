"""Journals that are reversed: what they posted is posted once more on the other sides, by the next period.

The lines of a reversal are numbered from REVERSAL on: line 1002 takes back line 2. They are of the period that they
post in. What is of a closed period comes too late to stand in that period: it is taken back where it posts, and keeps
its origin.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Ruleset
from engine.plan.posting.balances import measures
from engine.plan.posting.postings import POSTING
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import World

REVERSAL = 1000
"""A line's number and this is the number of the line that takes it back."""

HANDED = "handed reversal"
"""What a hard close leaves to be taken back, as lines with the numbers they had."""

REVERSALS = "reversal"
"""The postings that take back what reversing journals posted before."""


def reversing_journals(ruleset: Ruleset) -> tuple[str, ...]:
    """The names of the journals that the next period reverses."""
    return tuple(sorted(one.name for one in ruleset.journals.values() if one.reverses_on is not None))


def make_reversals(world: World, postings: str, wanted: frozenset[str] | None) -> str | None:
    """`reversal`: postings on the other sides, of what was handed over and of late `postings`; None where no journal
    is ever reversed. `wanted` limits the journals (None: all)."""
    late = reversing_journals(world.ruleset) if world.follows else ()
    branches = [_handed(world, wanted)] if HANDED in world.given else []
    if late:
        not_here = exp.NullSafeNEQ(this=column("origin"), expression=exp.Literal.string(world.period.name))
        branches.append(_swapped(world, postings, column("origin")).where(_of(late), not_here))
    if not branches:
        return None
    made = world.relation(postings)
    rule = Origin("journals that are reversed")
    world.add(Relation(REVERSALS, made.grain, made.columns, union_all(branches), rule))
    return REVERSALS


def _handed(world: World, wanted: frozenset[str] | None) -> exp.Select:
    query = _swapped(world, HANDED, exp.Literal.string(world.period.name))
    return query if wanted is None else query.where(_of(tuple(sorted(wanted))))


def _of(journals: tuple[str, ...]) -> exp.Expr:
    return exp.In(this=column("journal"), expressions=[exp.Literal.string(one) for one in journals])


def _swapped(world: World, name: str, origin: exp.Expr) -> exp.Select:
    """Lines on the other sides, numbered as reversals."""
    on_debit = exp.EQ(this=column("side"), expression=exp.Literal.string("debit"))
    side = exp.Case().when(on_debit, exp.Literal.string("credit")).else_(exp.Literal.string("debit"))
    number = exp.Add(this=column("line"), expression=exp.Literal.number(str(REVERSAL)))
    own = {"line": cast(number, "INTEGER"), "side": side, "origin": origin}
    columns = [named(own[one], one) if one in own else column(one) for one, _ in POSTING]
    return exp.select(*columns, *(column(one) for one in (*measures(world), "rows"))).from_(table(name))


def handed_reversal(world: World) -> exp.Query | None:
    """The lines that the next period takes back; None where no journal is reversed."""
    journals = reversing_journals(world.ruleset)
    if not journals:
        return None
    names = [*(one for one, _ in POSTING), *measures(world), "rows"]
    own = exp.LT(this=column("line"), expression=exp.Literal.number(str(REVERSAL)))
    here = exp.EQ(this=column("origin"), expression=exp.Literal.string(world.period.name))
    return exp.select(*(column(one) for one in names)).from_(table("ledger line")).where(_of(journals), own, here)
