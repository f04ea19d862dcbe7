"""One spelling for names that come in several: serial numbers with and without prefix, zeros, check digit, hyphens."""

from __future__ import annotations

from sqlglot import exp

from adapters.client.config import Spelling
from adapters.feeds.expressions import both, call, cast, matches, number, text, when
from engine.plan.relation import column

_DIGITS = "[0-9]{2,}"
"""What a text with a Luhn check digit consists of."""


def spelled(raw: exp.Expression, spelling: Spelling) -> exp.Expression:
    """A text in its one spelling; NULL where nothing is left of it, or its check digit is another.

    Case goes first, then characters to leave out, a prefix, the check digit, and zeros before the rest.
    """
    found = _without_prefix(_in_case(raw, spelling), spelling)
    if spelling.check_digit == "luhn":
        found = when(both(matches(found, _DIGITS), _fits_luhn(found.copy())), call("left", found.copy(), number(-1)))
    elif spelling.check_digit == "dropped":
        found = call("left", found, number(-1))
    if spelling.leading_zeros == "dropped":
        found = call("ltrim", found, text("0"))
    return call("nullif", found, text(""))


def _in_case(raw: exp.Expression, spelling: Spelling) -> exp.Expression:
    found = raw if spelling.case == "as is" else call(spelling.case, raw)
    for one in spelling.without:
        found = call("replace", found, text(one), text(""))
    return found


def _without_prefix(found: exp.Expression, spelling: Spelling) -> exp.Expression:
    """The text behind the first of the prefixes that it begins with."""
    rest = exp.Case()
    for prefix in spelling.prefixes:
        behind = call("substr", found.copy(), number(len(prefix) + 1))
        rest = rest.when(call("starts_with", found.copy(), text(prefix)), behind)
    return rest.else_(found) if spelling.prefixes else found


def _fits_luhn(digits: exp.Expression) -> exp.Expression:
    """Whether the last digit is the check digit of those before it: from the right every second counts double."""
    place = exp.to_identifier("place", quoted=True)
    length = call("length", digits)
    at = exp.Add(this=exp.Sub(this=length, expression=column("place")), expression=number(1))
    digit = cast(call("substr", digits.copy(), at, number(1)), "INTEGER")
    doubled = exp.Sub(
        this=exp.Mul(this=number(2), expression=digit.copy()),
        expression=when(exp.GT(this=digit.copy(), expression=number(4)), number(9), number(0)),
    )
    even = exp.EQ(this=exp.Mod(this=column("place"), expression=number(2)), expression=number(0))
    counted = exp.Lambda(this=when(even, doubled, digit), expressions=[place])
    places = call("generate_series", number(1), length.copy())
    total = call("list_sum", call("list_transform", places, counted))
    return exp.EQ(this=exp.Mod(this=exp.Paren(this=total), expression=number(10)), expression=number(0))
