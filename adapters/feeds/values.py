"""A text cell as a value of the language: declared formats only, exact, NULL where the text is not such a value.

Each reading is a value expression, and checks that say in words why a text was not taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from adapters.client.config import Delimited, Supply
from adapters.client.dates import MONTHS, DateFormat, date_format
from adapters.feeds.expressions import (
    both,
    call,
    cast,
    concatenated,
    is_given,
    is_missing,
    is_one_of,
    matches,
    number,
    text,
    texts,
    try_cast,
    when,
)
from adapters.feeds.spelling import spelled
from adapters.feeds.staging import Check
from engine.model.datatypes import SCALES, DataType, Family
from engine.plan.relation import column

LONGEST_SHOWN = 60
FIRST_DATE, LAST_DATE = "1900-01-01", "2199-12-31"
TOTAL_TYPE = "DECIMAL(38,9)"
"""The type of control totals: exact, whatever column of a file is summed."""

_TERM_TYPE = "DECIMAL(28,9)"
"""The type of what is summed: so many rows of the largest numbers fit a total that no file holds as many."""

_TOTAL_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Reading:
    """How one text column is read: the typed value, and what may be wrong with the text."""

    value: exp.Expression
    checks: tuple[Check, ...]


def shown(raw: exp.Expression) -> exp.Expression:
    """A cell in quotes for a message, shortened."""
    longer = exp.GT(this=call("length", raw), expression=number(LONGEST_SHOWN))
    short = when(longer, concatenated(call("left", raw, number(LONGEST_SHOWN)), text("…")), raw)
    return concatenated(text('"'), short, text('"'))


def read(
    name: str, raw: exp.Expression, value: exp.Expression, type_: DataType, supply: Supply, feed: Delimited
) -> Reading:
    """The reading of the text `raw` as the language's column `name`; `value` is where checks find the typed value."""
    if type_.is_numeric:
        return _read_number(name, raw, value, type_, supply, feed)
    if type_.family is Family.DATE:
        return read_date(name, raw, value, date_formats(supply, feed))
    if type_.family is Family.YES_NO:
        typed = when(is_one_of(raw, ("yes", "no")), exp.EQ(this=raw, expression=text("yes")))
        return Reading(typed, (_unlike(name, raw, value, "neither yes nor no", "not yes or no"),))
    if type_.family is Family.ENUMERATION:
        typed = when(is_one_of(raw, type_.values), raw)
        listed = ", ".join(type_.values[:12]) + (", …" if len(type_.values) > 12 else "")
        return Reading(typed, (_unlike(name, raw, value, f"not one of {listed}", "unknown value"),))
    if type_.family is Family.CURRENCY:
        typed = when(matches(raw, "[A-Z]{3}"), raw)
        return Reading(typed, (_unlike(name, raw, value, "not a currency like USD", "not a currency"),))
    if supply.spelling is not None:
        has = "its check digit is another" if supply.spelling.check_digit == "luhn" else "nothing is left of it"
        return Reading(
            spelled(raw, supply.spelling), (_unlike(name, raw, value, f"in no spelling: {has}", "unspelled"),)
        )
    return Reading(raw, ())


def date_formats(supply: Supply, feed: Delimited) -> tuple[DateFormat, ...]:
    """The formats a date cell may have; parts of file names are dates in ISO form already."""
    if supply.file_name is not None:
        return (date_format("YYYY-MM-DD"),)
    return tuple(date_format(one) for one in supply.format or feed.dates)


def read_date(name: str, raw: exp.Expression, value: exp.Expression, formats: tuple[DateFormat, ...]) -> Reading:
    """A date in one of the declared formats; a text that reads as two different dates is not taken."""
    listed = " or ".join(one.text for one in formats)
    summary = f"{name} not in {listed}"
    if len(formats) == 1:
        typed = _date_in(raw, formats[0])
        return Reading(typed, (_unlike(name, raw, value, f"not a date in {listed}", summary, counted=summary),))
    candidate = exp.to_identifier("candidate", quoted=True)
    given = exp.Lambda(this=is_given(column("candidate")), expressions=[candidate])
    found = exp.Array(expressions=[_date_in(raw, one) for one in formats])
    different = call("list_sort", call("list_distinct", call("list_filter", found, given)))
    count = call("len", different)
    typed = when(exp.EQ(this=count, expression=number(1)), call("list_extract", different.copy(), number(1)))
    two = exp.GT(this=count.copy(), expression=number(1))
    both_dates = call("array_to_string", cast(different.copy(), "VARCHAR[]"), text(" or "))
    ambiguous = concatenated(text(f"{name}: "), shown(raw), text(" can be "), both_dates)
    neither = _unlike(name, raw, value, f"not a date in {listed}", summary, counted=summary)
    return Reading(
        typed,
        (
            Check(both(is_given(raw), two), ambiguous, f"{name} can be two dates"),
            Check(both(neither.fails, exp.Not(this=exp.Paren(this=two.copy()))), neither.reason, summary),
        ),
    )


def _date_in(raw: exp.Expression, declared: DateFormat) -> exp.Expression:
    if declared.text == "YYYY-MM-DD":
        found: exp.Expression = raw
    elif declared.named_month:
        part = {group: call("regexp_extract", raw, text(declared.pattern), number(group)) for group in (1, 2, 3)}
        names = call("list_position", texts(MONTHS), call("lower", part[declared.month]))
        year = concatenated(text("20"), part[declared.year]) if declared.short_year else part[declared.year]
        found = concatenated(year, text("-"), cast(names, "VARCHAR"), text("-"), part[declared.day])
    else:
        century = "20" if declared.short_year else ""
        iso = rf"{century}\{declared.year}-\{declared.month}-\{declared.day}"
        found = call("regexp_replace", raw, text(declared.pattern), text(iso))
    date = try_cast(found, "DATE")
    in_range = exp.Between(this=date, low=cast(text(FIRST_DATE), "DATE"), high=cast(text(LAST_DATE), "DATE"))
    return when(both(matches(raw, declared.pattern), in_range), date.copy())


def number_pattern(feed: Delimited, percent: bool = False) -> str:
    """The regular expression of a whole cell that writes a number as declared."""
    point = re.escape(feed.decimal)
    whole = "[0-9]+"
    if feed.thousands is not None:
        whole = f"(?:[0-9]{{1,3}}(?:{re.escape(feed.thousands)}[0-9]{{3}})+|[0-9]+)"
    body = f"(?:{whole}(?:{point}[0-9]+)?|{point}[0-9]+)" + (" ?%?" if percent else "")
    return {"leading minus": f"-?{body}", "trailing minus": f"{body}-?", "brackets": rf"(?:{body}|\({body}\))"}[
        feed.negative
    ]


def _plain(raw: exp.Expression, feed: Delimited, percent: bool) -> exp.Expression:
    """A cell that fits the declared form, as digits with a leading minus and a point."""
    plain = raw
    if percent:
        plain = call("replace", call("replace", plain, text("%"), text("")), text(" "), text(""))
    if feed.thousands is not None:
        plain = call("replace", plain, text(feed.thousands), text(""))
    if feed.decimal != ".":
        plain = call("replace", plain, text(feed.decimal), text("."))
    if feed.negative == "trailing minus":
        plain = when(call("suffix", plain, text("-")), concatenated(text("-"), call("left", plain, number(-1))), plain)
    if feed.negative == "brackets":
        plain = call("replace", call("replace", plain, text("("), text("-")), text(")"), text(""))
    return plain


def total_of(raw: exp.Expression, feed: Delimited) -> exp.Expression:
    """The number in a cell for a control total, whatever column it is; NULL where it cannot be read exactly."""
    plain = _plain(raw, feed, percent=False)
    readable = both(matches(raw, number_pattern(feed)), exp.Not(this=_too_precise(plain, _TOTAL_DIGITS)))
    return when(readable, cast(try_cast(plain.copy(), _TERM_TYPE), TOTAL_TYPE))


def _too_precise(plain: exp.Expression, digits: int) -> exp.Expression:
    """Whether a plain number has a digit other than 0 behind its last digit that is kept."""
    return matches(plain, rf"[^.]*\.[0-9]{{{digits}}}[0-9]*[1-9][0-9]*")


def _read_number(
    name: str, raw: exp.Expression, value: exp.Expression, type_: DataType, supply: Supply, feed: Delimited
) -> Reading:
    digits = SCALES[type_.family] - (2 if supply.percent else 0)
    plain = _plain(raw, feed, supply.percent)
    well_formed = matches(raw, number_pattern(feed, supply.percent))
    exact = exp.Not(this=exp.Paren(this=_too_precise(plain, max(digits, 0))))
    typed = try_cast(plain.copy(), f"DECIMAL(18,{digits})" if supply.percent else type_.storage)
    if supply.percent:
        hundredth = cast(exp.Literal.number("0.01"), "DECIMAL(3,2)")
        typed = try_cast(exp.Mul(this=typed, expression=hundredth), type_.storage)
    if supply.sign == "flip":
        typed = exp.Neg(this=typed)
    elif supply.sign == "absolute":
        typed = call("abs", typed)
    unread = both(is_given(raw), is_missing(value))
    reason = when(
        exp.Not(this=exp.Paren(this=well_formed.copy())),
        concatenated(text(f"{name}: "), shown(raw), text(f" is not a number{_written(feed)}")),
        when(
            exp.Not(this=exp.Paren(this=exact.copy())),
            concatenated(text(f"{name}: "), shown(raw), text(f" has more than {digits} digits behind the point")),
            concatenated(text(f"{name}: "), shown(raw), text(" is too large")),
        ),
    )
    checks = [Check(unread, reason, f"{name} not a number")]
    if type_.family in (Family.QUANTITY, Family.DAYS) and supply.negative == "refused":
        below = exp.LT(this=value, expression=number(0))
        said = concatenated(text(f"{name}: "), shown(raw), text(" is below zero, and the feed has no sign rule for it"))
        checks.append(Check(below, said, f"{name} below zero"))
    return Reading(when(both(well_formed, exact), typed), tuple(checks))


def _written(feed: Delimited) -> str:
    marks = f' written with "{feed.decimal}" before decimals'
    return marks + (f' and "{feed.thousands}" between thousands' if feed.thousands is not None else "")


def _unlike(
    name: str, raw: exp.Expression, value: exp.Expression, words: str, summary: str, counted: str | None = None
) -> Check:
    fails = both(is_given(raw), is_missing(value))
    reason = concatenated(text(f"{name}: "), shown(raw), text(f" is {words}"))
    return Check(fails, reason, counted if counted is not None else f"{name} {summary}")
