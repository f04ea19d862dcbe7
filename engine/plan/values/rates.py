"""Rates of exchange: what 1 of a currency is worth on each day on which its rate may be used."""

from __future__ import annotations

from sqlglot import exp

from engine.model.ruleset import RateSet
from engine.plan.facts import newest
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.world import RunStopped, World

RATE_STORAGE = "DECIMAL(18,8)"
_COLUMNS = (("currency", "VARCHAR"), ("day", "DATE"), ("rate", RATE_STORAGE), ("quoted-on", "DATE"))


def rates_name(rates: str) -> str:
    """The relation of a rate set, by currency and day."""
    return f"rates {rates}"


def make_rates(world: World) -> None:
    """`rates NAME` of each rate set: a row for each currency and day from a quotation until the next, or until it is
    stale; RunStopped where a rate is not above 0."""
    for rates in world.ruleset.rates.values():
        _refuse_nothing(world, rates)
        rule = Origin(f"rates {rates.name}", rates.span)
        world.add(Relation(rates_name(rates.name), ("currency", "day"), _COLUMNS, _by_day(rates), rule))


def _by_day(rates: RateSet) -> exp.Select:
    """Days as rows, so that a rate is found by equality and never by a range."""
    rows = newest(f"input {rates.record.name}", ["currency", "date", "rate"], rates.record.row_key)
    order = exp.Order(expressions=[exp.Ordered(this=column("date", "n"), nulls_first=True)])
    following = exp.Window(this=exp.Lead(this=column("date", "n")), partition_by=[column("currency", "n")], order=order)
    usable = exp.Literal.number(str(rates.stale_after + 1))
    until_next = exp.Coalesce(
        this=exp.Paren(this=exp.Sub(this=following, expression=column("date", "n"))), expressions=[usable]
    )
    days = exp.Anonymous(
        this="RANGE", expressions=[exp.Literal.number("0"), exp.Least(this=until_next, expressions=[usable.copy()])]
    )
    unnested = exp.Anonymous(this="UNNEST", expressions=[days])
    each = exp.select(
        column("currency", "n"), column("date", "n"), column("rate", "n"), named(unnested, "after")
    ).from_(rows.subquery(exp.to_identifier("n", quoted=True)))
    day = exp.Add(this=column("date", "d"), expression=cast(column("after", "d"), "INTEGER"))
    return exp.select(
        column("currency", "d"), named(cast(day, "DATE"), "day"), column("rate", "d"),
        named(column("date", "d"), "quoted-on"),
    ).from_(each.subquery(exp.to_identifier("d", quoted=True)))  # fmt: skip


def _refuse_nothing(world: World, rates: RateSet) -> None:
    shown = [column(name) for name in ("currency", "date", "rate")]
    never = exp.LTE(this=column("rate"), expression=exp.Literal.number("0"))
    query = exp.select(*shown).from_(table(f"input {rates.record.name}")).where(never).order_by(*shown).limit(1)
    for currency, day, rate in world.executor.rows(query):
        message = f"rate `{rates.name}` of {currency} on {day} is {rate:f}: a rate is above 0; correct it in its feed"
        raise RunStopped("T504", message, (f"rates {rates.name}",))
