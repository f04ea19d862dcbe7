"""Quantities given in reels, boxes or pallets, as units: exactly, by the registers' rows on the day of the fact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
from sqlglot import exp

from adapters.feeds.expressions import (
    both,
    call,
    cast,
    concatenated,
    create_table,
    drop_table,
    is_given,
    is_missing,
    is_one_of,
    number,
    run,
    text,
    when,
)
from adapters.feeds.staging import ROW, Check, record_reasons
from adapters.feeds.values import shown
from engine.model.schema import UNITS, Measure, Record, Schema
from engine.plan.relation import column, named, table

_COUNTED = "counted"
_DIGITS = 1_000_000
"""Factors have six digits behind the point; products are compared in whole numbers of the last digit."""

_LARGEST = 10**18
"""Thousandths from which on a number is no quantity; twice as many digits still fit a product."""


def unit_of(name: str) -> str:
    """What the unit of a column is called among the texts of a filled table."""
    return f"unit of {name}"


def count_in_units(
    connection: duckdb.DuckDBPyConnection, filled: str, record: Record, names: Sequence[str], schema: Schema
) -> None:
    """Put units in the place of what rows of a filled table give in a unit of their own, and record what cannot be
    counted so; each of `names` has the text of its unit beside it."""
    columns = [named(column(one, "f"), f"given:{one}") for one in names]
    units = [named(column(f"text:{unit_of(one)}", "f"), unit_of(one)) for one in names]
    values = [named(cast(_counted(record, one, schema), record.column(one).type.storage), one) for one in names]
    query = exp.select(column(ROW, "f"), *columns, *units, *values).from_(table(filled, "f"))
    run(connection, create_table(_COUNTED, query))
    record_reasons(connection, _COUNTED, [_check(one, schema) for one in names])
    replaced = exp.Star(replace=[named(column(one, "c"), one) for one in names])
    star = exp.Column(this=replaced, table=exp.to_identifier("f", quoted=True))
    same = exp.EQ(this=column(ROW, "c"), expression=column(ROW, "f"))
    rows = exp.select(star).from_(table(filled, "f")).join(table(_COUNTED, "c"), on=same, copy=False)
    run(connection, create_table(filled, rows))
    run(connection, drop_table(_COUNTED))


def _counted(record: Record, name: str, schema: Schema) -> exp.Expression:
    """A quantity in units; NULL where it is no number of them."""
    said, given = column(f"text:{unit_of(name)}", "f"), column(name, "f")
    cases = exp.Case().when(is_one_of(said, UNITS), given)
    have = {one.name for one in record.columns}
    for one in schema.measures:
        steps = schema.measure(one.name) or ()
        if all(step.number is not None or step.register in have for step in steps):
            factors = [_factor(record, step) for step in steps]
            cases = cases.when(is_one_of(said.copy(), one.names), _times(given.copy(), factors))
    return cases


def _times(given: exp.Expression, factors: Sequence[exp.Expression]) -> exp.Expression:
    """A quantity of three digits times factors of six; NULL where more than three would be left, or it is too large."""
    whole: exp.Expression = cast(exp.Mul(this=cast(given, "DECIMAL(38,3)"), expression=number(1000)), "HUGEINT")
    for factor in factors:
        millionths = cast(exp.Mul(this=factor, expression=number(_DIGITS)), "HUGEINT")
        product = exp.Paren(this=exp.Mul(this=exp.Paren(this=whole), expression=millionths))
        is_whole = exp.EQ(this=exp.Mod(this=product, expression=number(_DIGITS)), expression=number(0))
        largest = exp.Mul(this=cast(number(_LARGEST), "HUGEINT"), expression=number(_DIGITS))
        fits = exp.LT(this=call("abs", product.copy()), expression=largest)
        whole = when(both(is_whole, fits), exp.IntDiv(this=product.copy(), expression=number(_DIGITS)))
    thousandth = cast(exp.Literal.number("0.001"), "DECIMAL(4,3)")
    return exp.Mul(this=cast(whole, "DECIMAL(30,0)"), expression=thousandth)


def _factor(record: Record, measure: Measure) -> exp.Expression:
    """How many of the next unit one is in a row `f`: a number, or that of the register's row on the row's day."""
    if measure.number is not None:
        return cast(exp.Literal.number(f"{measure.number:f}"), "DECIMAL(18,6)")
    begins = cast(text(date.min.isoformat()), "DATE")
    since = exp.Coalesce(this=column("date", "x"), expressions=[begins]) if measure.by_date else begins
    newest = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
            for key, value in (
                ("since", since),
                ("known", column("known-at", "x")),
                ("version", column("version", "x")),
                ("factor", cast(column(measure.field, "x"), "DECIMAL(18,6)")),
            )
        ]
    )
    row = exp.select(call("struct_extract", exp.Max(this=newest), text("factor")))
    row = row.from_(table(f"known:{measure.register}", "x"))
    row = row.where(exp.EQ(this=column("identity", "x"), expression=column(measure.register, "f")))
    if measure.by_date and record.on is not None:
        row = row.where(exp.LTE(this=since.copy(), expression=column(record.on, "f")))
    return row.subquery()


def _check(name: str, schema: Schema) -> Check:
    """What is wrong where a given quantity is no number of units."""
    said, given = column(unit_of(name)), column(f"given:{name}")
    known = [*UNITS, *(one for measure in schema.measures for one in measure.names)]
    listed = ", ".join(("units", *(one.name for one in schema.measures)))
    unsaid = text(f"{name}: its unit is missing")
    unknown = concatenated(text(f"{name}: unit "), shown(said), text(f" is not one of {listed}"))
    uncounted = concatenated(
        text(f"{name}: "),
        call("rtrim", call("rtrim", cast(given, "VARCHAR"), text("0")), text(".")),
        text(" "),
        said.copy(),
        text(
            " cannot be counted in units: nothing says how many that is on the day,"
            " or it is no whole thousandth, or too many"
        ),
    )
    reason = when(is_missing(said.copy()), unsaid, when(is_one_of(said.copy(), known), uncounted, unknown))
    return Check(both(is_given(given.copy()), is_missing(column(name))), reason, f"{name} not in units")
