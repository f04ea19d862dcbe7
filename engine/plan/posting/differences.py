"""What closed periods would have posted had they known what is known now, less what they posted.

Where late facts recompute from their date, closed periods are replayed, and the open one posts what differs: line by
line, with the period it belongs to as its origin. Balances go on from what was posted, so after the difference they are
those of the replay.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Ruleset
from engine.plan.posting.balances import measures
from engine.plan.posting.postings import POSTING
from engine.plan.relation import Origin, Relation, case, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import World

POSTED, RECOMPUTED = "handed posted line", "handed recomputed line"
"""The lines of the periods that were replayed: as they were posted, corrections of them included, and as replayed."""

DIFFERENCES = "difference of closed periods"
"""The postings that bring what was posted to what was recomputed."""

DIFFERENCE = 2000
"""A line's number and this is the number of the line that corrects it."""

AS_POSTED, AS_RECOMPUTED = "as-posted", "as-recomputed"
"""What a line came to in its period, debits positive: with its corrections so far, and in the replay. `... booked` is
that in the company's currency, where there are rates."""

_BY = tuple(name for name, _ in POSTING if name != "side")


def recomputes(ruleset: Ruleset) -> bool:
    """Whether late facts recompute from their date."""
    return any(one.late == "recompute" for one in ruleset.layers.values())


def make_differences(world: World, postings: str) -> str | None:
    """`difference of closed periods`: a posting for each line that a replay brings to another amount.

    Columns of `postings`, and what the line came to before and after; None where nothing was replayed.
    """
    if RECOMPUTED not in world.given:
        return None
    made = world.relation(postings)
    money = made.type_of("amount")
    both = union_all([_signed(world, RECOMPUTED, True), _signed(world, POSTED, False)])
    told = tuple(f"{one}{tail}" for one in (AS_POSTED, AS_RECOMPUTED) for tail in _tails(world))
    sums = {one: cast(exp.Sum(this=column(one)), money) for one in (*measures(world), *told)}
    summed = exp.select(*(column(one) for one in _BY), *(named(total, one) for one, total in sums.items()))
    summed = summed.from_(both.subquery("both")).group_by(*(column(one) for one in _BY))
    zero = exp.Literal.number("0")
    signs = [column(one, "d") for one in measures(world)]
    falls: exp.Expr = signs[-1]
    for sign in reversed(signs[:-1]):
        falls = case([(exp.NEQ(this=sign, expression=zero), sign)], falls)
    on_debit = exp.GT(this=exp.Paren(this=falls), expression=zero.copy())
    own: dict[str, exp.Expr] = {
        "line": cast(exp.Add(this=column("line", "d"), expression=exp.Literal.number(str(DIFFERENCE))), "INTEGER"),
        "side": case([(on_debit, exp.Literal.string("debit"))], exp.Literal.string("credit")),
    }
    chosen = [named(own[name], name) if name in own else column(name, "d") for name, _ in POSTING]
    amounts = [named(case([(on_debit.copy(), one)], exp.Neg(this=one.copy())), one.name) for one in signs]
    rows = named(cast(zero.copy(), "BIGINT"), "rows")
    some = [exp.NEQ(this=one.copy(), expression=zero.copy()) for one in signs]
    query = (
        exp.select(*chosen, *amounts, rows, *(column(one, "d") for one in told))
        .from_(summed.subquery("d"))
        .where(exp.or_(*some, copy=False))
    )
    columns = (*made.columns, *((one, money) for one in told))
    return world.add(Relation(DIFFERENCES, made.grain, columns, query, Origin("late facts of closed periods"))).name


def _tails(world: World) -> tuple[str, ...]:
    """What follows the name of a figure for each measure."""
    return tuple("" if one == "amount" else f" {one}" for one in measures(world))


def _signed(world: World, name: str, recomputed: bool) -> exp.Select:
    """Lines with their amounts signed, debits of the replay positive; a correction counts with the line it corrects."""
    on_debit = exp.EQ(this=column("side"), expression=exp.Literal.string("debit"))
    correcting = exp.GTE(this=column("line"), expression=exp.Literal.number(str(DIFFERENCE)))
    line = exp.Sub(this=column("line"), expression=exp.Literal.number(str(DIFFERENCE)))
    of_line = named(case([(correcting, line)], column("line")), "line")

    def signed(measure: str) -> exp.Expr:
        return case([(on_debit.copy(), column(measure))], exp.Neg(this=column(measure)))

    moved = [named(signed(one) if recomputed else exp.Neg(this=signed(one)), one) for one in measures(world)]
    zero = exp.Literal.number("0")
    told: dict[str, exp.Expr] = {}
    for measure, tail in zip(measures(world), _tails(world), strict=True):
        before, after = (zero, signed(measure)) if recomputed else (signed(measure), zero)
        told |= {f"{AS_POSTED}{tail}": before, f"{AS_RECOMPUTED}{tail}": after}
    chosen = [of_line if one == "line" else column(one) for one in _BY]
    return exp.select(*chosen, *moved, *(named(value, one) for one, value in told.items())).from_(table(name))
