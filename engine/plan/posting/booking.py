"""What lines are booked at in their company's currency, beside the amount of the transaction.

A line converts at the rate its journal names, else as the head says: at the posting date, and what is not monetary in
a layer at the layer's own date, so that units leave at the rate they came in at. Each line is rounded; what debits
and credits then differ by is one more line, of no amount, under the role the head names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal
from engine.model.ruleset import Journal, PostingLine, RateSet
from engine.plan.numbers import Value, add, at_scale, choose, decimal_type, negate
from engine.plan.relation import cast
from engine.plan.values.currencies import (
    company_currency,
    convert,
    define_company_currency,
    define_rates,
    rounded_to_minor,
)
from engine.plan.values.frame import ROWS, Frame

TEXT = DataType(Family.TEXT)
MONEY = DataType(Family.MONEY)
LAYERED = ("slices", "layers")
Made = dict[tuple[object, ...], tuple[Value, Value]]
"""Amounts and what they are booked at, by what their lines have in common."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A line of a journal with the columns of a frame that hold its amounts, its role and its currency."""

    line: PostingLine
    amount: Value
    booked: Value
    currency: Value
    role: Value | None
    day: Value | None = None
    """The day of the rate, where the line was converted."""


def book_lines(frame: Frame, journal: Journal, lines: tuple[PostingLine, ...]) -> list[Booked]:
    """The lines of a journal's rows in both currencies, and the difference of its roundings and rates as the last."""
    define_company_currency(frame)
    if journal.converts is not None:
        frame.prepare(journal.converts[1], journal.grain)
    own = lines if journal.company_currency_only else lines[:-1]
    made: Made = {}
    found = [_book_line(frame, journal, index, line, made) for index, line in enumerate(own, start=1)]
    return [*found, *(_difference(frame, rest, found) for rest in lines[len(own) :])]


def _book_line(frame: Frame, journal: Journal, index: int, line: PostingLine, made: Made) -> Booked:
    role = None if isinstance(line.role, Literal) else frame.define(f"role {index}", frame.value(line.role))
    value = frame.value(line.value)
    if value.over is not None or value.scale is None:
        raise InternalError(f"an unrounded amount reached a posting over {frame.base}")
    own = value.currency if value.currency is not None else company_currency(frame)
    if journal.company_currency_only:
        exact = replace(rounded_to_minor(frame, value), along=value.along, currency=own)
        return _company_only(frame, index, line, frame.define(f"amount {index}", exact), role)
    # A debit and a credit of one value at one rate are worked out once.
    key = _key(index, value, own, _rate(frame, journal, line, role)[1], _of_layer(frame, journal, line))
    if key not in made:
        exact = replace(rounded_to_minor(frame, value), along=value.along, currency=own)
        amount = frame.define(f"amount {index}", exact)
        booked = frame.define(f"booked {index}", _at_rate(frame, journal, line, amount, role))
        made[key] = amount, booked
    amount, booked = made[key]
    day = frame.define(f"rate day {index}", Value(_rate(frame, journal, line, role)[1], DataType(Family.DATE)))
    if amount.currency is None:
        raise InternalError(f"a line over {frame.base} has no currency")
    return Booked(line, amount, booked, Value(amount.currency, TEXT), role, day)


def _key(index: int, value: Value, own: exp.Expr, day: exp.Expr, of_layer: bool) -> tuple[object, ...]:
    """What lines of a journal have in common where they are of one value, currency and rate.

    What is read from a row that is joined has no name that lasts beyond its step, so such a line stands alone.
    """
    parts = (value.sql, own, day, *(value.along or ()))
    if any(one.table != ROWS for part in parts for one in part.find_all(exp.Column)):
        return (index,)
    return of_layer, *(one.sql() for one in parts)


def _company_only(frame: Frame, index: int, line: PostingLine, booked: Value, role: Value | None) -> Booked:
    """A line that changes what is booked and leaves the amount of the transaction as it is."""
    own = frame.own_currency() or company_currency(frame)
    nothing = Value(_zero(), MONEY, 0, currency=own)
    amount = frame.define(f"amount {index} in its currency", nothing)
    return Booked(line, amount, booked, Value(own, TEXT), role)


def _zero() -> exp.Expr:
    return cast(exp.Literal.number("0"), decimal_type(0))


def _at_rate(frame: Frame, journal: Journal, line: PostingLine, amount: Value, role: Value | None) -> Value:
    """A line's amount in its company's currency; what is in that already stands as it is, which most rows do."""
    rates, day = _rate(frame, journal, line, role)
    own, company = amount.currency, company_currency(frame)
    if own is not None and own != company:
        define_rates(frame, own, company, rates, day)

    def booked(one: Value) -> Value:
        return rounded_to_minor(frame, convert(frame, one, company, rates, day, f"journal {journal.name}"))

    # Slices converted at their own day add up by day; what is of the layer, and shares of a whole, by running totals.
    if amount.along is None or (journal.grain.form in LAYERED and not _of_layer(frame, journal, line)):
        converted = booked(amount)
    else:
        until, since = (replace(amount, sql=one, along=None) for one in amount.along)
        converted = add(booked(until), booked(since), amount.type, "-")
    if own is None or own == company:
        return converted
    same = exp.EQ(this=own.copy(), expression=company.copy())
    return replace(choose(same, replace(amount, along=None, currency=company), converted), currency=company)


def _rate(frame: Frame, journal: Journal, line: PostingLine, role: Value | None) -> tuple[RateSet, exp.Expr]:
    """The rate set and the day that a line converts at."""
    ruleset = frame.world.ruleset
    if journal.converts is not None:
        name, on = journal.converts
        return ruleset.rates[name], frame.value(on).sql
    conversion = ruleset.head.conversion
    if conversion is None:
        raise InternalError("check refuses journals where nothing says how lines convert")
    posted = frame.value(journal.posts_on).sql
    if journal.grain.form not in LAYERED or conversion.layer_date is None:
        return ruleset.rates[conversion.rates.text], posted
    opened = frame.field("layer", conversion.layer_date.text).sql
    if role is None:
        return ruleset.rates[conversion.rates.text], opened if _of_layer(frame, journal, line) else posted
    apart = [exp.Literal.string(one.role) for one in ruleset.accounts.values() if not one.monetary]
    is_apart = exp.In(this=role.sql.copy(), expressions=apart)
    return ruleset.rates[conversion.rates.text], exp.Case().when(is_apart, opened).else_(posted)


def _of_layer(frame: Frame, journal: Journal, line: PostingLine) -> bool:
    """Whether a line is booked at its layer's own rate: it is not monetary, and no journal says otherwise."""
    if journal.converts is not None or journal.grain.form not in LAYERED or not isinstance(line.role, Literal):
        return False
    account = frame.world.ruleset.accounts.get(str(line.role.value))
    return account is not None and not account.monetary


def _difference(frame: Frame, rest: PostingLine, found: list[Booked]) -> Booked:
    """Debits less credits as booked: what a last line must credit."""
    total: Value | None = None
    for one in found:
        booked = replace(one.booked, sql=at_scale(one.booked, one.booked.scale or 0))
        signed = booked if one.line.side == "debit" else negate(booked)
        total = signed if total is None else add(total, signed, MONEY, "+")
    if total is None:
        raise InternalError("a journal without lines was posted")
    own = company_currency(frame)
    booked = frame.define("booked difference", replace(total, currency=own))
    amount = frame.define("amount of the difference", Value(_zero(), MONEY, 0, currency=own))
    return Booked(rest, amount, booked, Value(own, TEXT), None)
