"""Corrections: what a period posts that belongs to closed ones, by company, role and origin, as rows that rules read.

Measured in the company's currency: on the role's normal side, as a share of the result of the origin's fiscal year, and
together with whatever else was missing from that period's balances when it was closed.
"""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Ruleset
from engine.plan.fragments import equal
from engine.plan.posting.balances import measures
from engine.plan.relation import Origin, Relation, case, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import RunStopped, World, date_literal, empty

CORRECTIONS = "correction of closed periods"
RESULTS, POSTED_LATE = "handed result", "handed correction"
LATE_FACT = "late-fact"
SHARES = ("share-of-result", "share-accumulated")
EARNED = ("revenue", "expense")

_BY = ("company", "role", "origin-period")


def reads_corrections(ruleset: Ruleset) -> bool:
    """Whether some rule or example is about corrections: then results and corrections are handed over."""
    grains = [*(one.grain for one in ruleset.controls.values()), *(one.grain for one in ruleset.reports.values())]
    expected = (one.name.text for example in ruleset.examples for one in example.expects)
    return any(one.form == "corrections" for one in grains) or "correction" in expected


def make_corrections(world: World) -> Relation:
    """Lines whose origin is a closed period, summed; RunStopped where periods were closed before rules asked for them.

    `share-of-result` and `share-accumulated` are quotients; of a year without a result they are the whole.
    """
    if world.has(CORRECTIONS):
        return world.relation(CORRECTIONS)
    if world.follows and RESULTS not in world.given:
        sentence = (
            "corrections are measured on the results of closed years, and periods were closed before the rules asked "
            "for corrections; close these books anew from their first period"
        )
        raise RunStopped("T429", sentence, ("correction",))
    money = world.relation("posting").type_of("amount")
    here = _by_origin(world).subquery(exp.to_identifier("c", quoted=True))
    years = _results(world, closed_only=True).subquery(exp.to_identifier("y", quoted=True))
    query = exp.select(*(column(one, "c") for one in _BY), column("amount", "c"))
    query = query.from_(here).join(table("past period", "p"), on=_of_origin("c"), copy=False)
    in_year = exp.and_(
        exp.GTE(this=column("start", "p"), expression=column("from", "y")),
        exp.LTE(this=column("start", "p"), expression=column("to", "y")),
        equal(column("company", "y"), column("company", "c")),
        copy=False,
    )
    query = query.join(years, on=in_year, join_type="left", copy=False)
    result = exp.Abs(this=exp.Coalesce(this=column("amount", "y"), expressions=[exp.Literal.number("0")]))
    for share, part in zip(SHARES, (column("amount", "c"), _accumulated(world, money)), strict=True):
        some = exp.NEQ(this=result.copy(), expression=exp.Literal.number("0"))
        whole = exp.Literal.number("1")
        query = query.select(
            named(cast(case([(some, exp.Abs(this=part))], whole), money), share),
            named(cast(case([(some.copy(), result.copy())], whole.copy()), money), f"{share}:over"),
        )
    query = query.select(
        named(exp.Literal.string(LATE_FACT), "cause"),
        named(date_literal(world.period.end), "known-at"),
        named(exp.false(), "flagged"),
    )
    measured = ("amount", *(f"{one}{over}" for one in SHARES for over in ("", ":over")))
    said = (("cause", "VARCHAR"), ("known-at", "DATE"), ("flagged", "BOOLEAN"))
    columns = (*((one, "VARCHAR") for one in _BY), *((one, money) for one in measured), *said)
    return world.add(Relation(CORRECTIONS, _BY, columns, query, Origin("lines of closed periods")))


def _by_origin(world: World) -> exp.Select:
    """What this period posts with the origin of another, by company, role and origin, on the role's normal side."""
    money = world.relation("posting").type_of("amount")
    measure = measures(world)[-1]
    normal = exp.EQ(this=column("side"), expression=column("account.normal"))
    signed = case([(normal, column(measure))], exp.Neg(this=column(measure)))
    total = named(cast(exp.Sum(this=signed), money), "amount")
    late = exp.NEQ(this=column("origin"), expression=exp.Literal.string(world.period.name))
    query = exp.select(column("company"), column("role"), named(column("origin"), "origin-period"), total)
    query = query.from_(table("ledger line")).where(late)
    query = query.group_by(column("company"), column("role"), column("origin"))
    return query.having(exp.NEQ(this=exp.Sum(this=signed.copy()), expression=exp.Literal.number("0")))


def _of_origin(alias: str) -> exp.Expr:
    return exp.EQ(this=column("origin", "p"), expression=column("origin-period", alias))


def _accumulated(world: World, money: str) -> exp.Expr:
    """What a company's role lacked at the end of a row's origin: corrections of it and of periods before it that came
    after it, posted by earlier closes or by this one."""
    posted = exp.select(*(column(one) for one in _BY), column("amount"))
    branches: list[exp.Query] = [
        posted.copy().select(named(date_literal(world.period.start), "posted")).from_(_by_origin(world).subquery("now"))
    ]
    if POSTED_LATE in world.given:
        branches.append(posted.select(column("posted")).from_(table(POSTED_LATE)))
    every = union_all(branches).subquery(exp.to_identifier("e", quoted=True))
    lacking = exp.and_(
        equal(column("company", "e"), column("company", "c")),
        exp.EQ(this=column("role", "e"), expression=column("role", "c")),
        exp.LTE(this=column("start", "o"), expression=column("start", "p")),
        exp.GT(this=column("posted", "e"), expression=column("end", "p")),
        copy=False,
    )
    of_origin = exp.EQ(this=column("origin", "o"), expression=column("origin-period", "e"))
    total = exp.select(cast(exp.Sum(this=column("amount", "e")), money)).from_(every)
    total = total.join(table("past period", "o"), on=of_origin, copy=False).where(lacking)
    return total.subquery()


def _results(world: World, *, closed_only: bool) -> exp.Select:
    """(company, first and last day of a fiscal year, result): what was posted to revenue and expense, revenue positive.

    Of closed periods, and of the open one too unless `closed_only`.
    """
    money = world.relation("posting").type_of("amount")
    year = world.calendar.periods(world.period.year)
    columns = (("company", "VARCHAR"), ("from", "DATE"), ("to", "DATE"), ("amount", money))
    branches: list[exp.Query] = []
    if RESULTS in world.given:
        branches.append(exp.select(*(column(one) for one, _ in columns)).from_(table(RESULTS)))
    if not closed_only:
        measure = measures(world)[-1]
        credit = exp.EQ(this=column("side"), expression=exp.Literal.string("credit"))
        signed = case([(credit, column(measure))], exp.Neg(this=column(measure)))
        earned = exp.In(this=column("account.type"), expressions=[exp.Literal.string(one) for one in EARNED])
        days = (named(date_literal(year[0].start), "from"), named(date_literal(year[-1].end), "to"))
        own = exp.select(column("company"), *days, named(signed, "amount")).from_(table("ledger line")).where(earned)
        branches.append(own)
    if not branches:
        return exp.select(*(named(empty(storage), one) for one, storage in columns)).where(exp.false())
    keys = [column(one) for one in ("company", "from", "to")]
    total = named(cast(exp.Sum(this=column("amount")), money), "amount")
    query = exp.select(*keys, total).from_(union_all(branches).subquery("earned"))
    return query.group_by(*(one.copy() for one in keys))


def handed_corrections(world: World) -> dict[str, exp.Query]:
    """Results by fiscal year and corrections by origin and the period that posted them, where rules ask for them."""
    if not reads_corrections(world.ruleset):
        return {}
    posted = exp.select(*(column(one) for one in _BY), column("amount"))
    now = posted.copy().select(named(date_literal(world.period.start), "posted"))
    rows: exp.Query = now.from_(_by_origin(world).subquery("now"))
    if POSTED_LATE in world.given:
        rows = exp.union(rows, posted.select(column("posted")).from_(table(POSTED_LATE)), distinct=False, copy=False)
    return {RESULTS: _results(world, closed_only=False), POSTED_LATE: rows}
