"""Reports: `shows` evaluates values at the report's grain; `rolls` sums the ledger's lines by role and journal."""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import Report
from engine.plan.numbers import shown
from engine.plan.posting.balances import measures
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.frames import frame_of
from engine.plan.world import World


def report_names(report: Report) -> tuple[str, ...]:
    """The relations of a report: what it shows and what it rolls."""
    found = [f"report {report.name}"] if report.shows else []
    return (*found, *([f"roll of {report.name}"] if report.rolls else []))


def make_report(world: World, report: Report) -> None:
    """The report's relations."""
    rule = Origin(f"report {report.name}", report.span)
    if report.shows:
        frame = frame_of(world, report.grain)
        # The run's own numbers of layers and events say nothing to a reader; what a report names of them does.
        keys = [key.name for key in report.grain.keys if key.name in frame.keys or key.name == "period"]
        outputs = [(name, frame.key(name)) for name in keys]
        frame.prepare(tuple(expression for _, expression in report.shows), report.grain)
        outputs += [(name, shown(frame.value(value), world.half)) for name, value in report.shows if name not in keys]
        frame.relation(f"report {report.name}", tuple(keys), outputs, rule)
    if report.rolls:
        _make_roll(world, report, rule)


def _make_roll(world: World, report: Report, rule: Origin) -> None:
    """For each role and key: opening, movement by journal, closing, on the role's normal side, as booked."""
    keys = [key.name for key in report.grain.keys if key.name != "period"]
    roles = [role for role, _ in report.rolls]
    money = world.relation("posting").type_of("amount")
    in_roles = exp.In(this=column("role"), expressions=[exp.Literal.string(role) for role in roles])
    on_normal = exp.EQ(this=column("side"), expression=column("account.normal"))
    measure = measures(world)[-1]
    signed = exp.Case().when(on_normal, column(measure)).else_(exp.Neg(this=column(measure)))
    total = named(cast(exp.Sum(this=signed), money), "amount")
    moved = exp.select(*(column(key) for key in keys), column("role"), named(column("journal"), "movement"), total)
    moved = moved.from_(table("ledger line"), copy=False).where(in_roles, copy=False)
    moved = moved.group_by(*(column(key) for key in keys), column("role"), column("journal"), copy=False)
    branches: list[exp.Query] = [moved]
    opening = exp.Literal.string("opening")
    if "handed balance" in world.given:
        before = exp.select(
            *(column(key) for key in keys),
            column("role"),
            named(opening, "movement"),
            named(cast(exp.Sum(this=column(measure)), money), "amount"),
        )
        before = (
            before.from_(table("handed balance"))
            .where(in_roles.copy())
            .group_by(*(column(key) for key in keys), column("role"))
        )
        branches.append(before)
    rows = union_all(branches)
    closing = exp.select(
        *(column(key) for key in keys), column("role"), named(exp.Literal.string("closing"), "movement"),
        named(cast(exp.Sum(this=column("amount")), money), "amount"),
    )  # fmt: skip
    closing = closing.from_(rows.copy().subquery("rolled")).group_by(*(column(key) for key in keys), column("role"))
    query = exp.union(rows, closing, distinct=False, copy=False)
    columns = (*((key, "VARCHAR") for key in keys), ("role", "VARCHAR"), ("movement", "VARCHAR"), ("amount", money))
    world.add(Relation(f"roll of {report.name}", (*keys, "role", "movement"), columns, query, rule))


def handed_balance(world: World) -> exp.Query:
    """Balances by role and dimension, on the normal side, for the next period's rolls."""
    names = ("role", "company", "partner", "part", "programme", "authorisation", "currency")
    money = world.relation("posting").type_of("amount")
    on_normal = exp.EQ(this=column("side"), expression=column("account.normal"))
    signed = [
        named(exp.Case().when(on_normal.copy(), column(one)).else_(exp.Neg(this=column(one))), label)
        for label, one in (("amount", "amount"), ("booked", measures(world)[-1]))
    ]
    moved: exp.Query = exp.select(*(column(name) for name in names), *signed).from_(table("ledger line"))
    if "handed balance" in world.given:
        before = exp.select(*(column(name) for name in (*names, "amount", "booked"))).from_(table("handed balance"))
        moved = exp.union(moved, before, distinct=False, copy=False)
    totals = [named(cast(exp.Sum(this=column(one)), money), one) for one in ("amount", "booked")]
    query = exp.select(*(column(name) for name in names), *totals).from_(moved.subquery("moved"))
    return query.group_by(*(column(name) for name in names))
