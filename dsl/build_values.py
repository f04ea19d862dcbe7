"""From parse tree to syntax tree, the small half: words, expressions, tests, grids and scopes.

`VALUES` maps each rule of the grammar to what makes its node from a span and the children; the same for items stands
in `build_items.py`. Where the children of a rule stand in the order of the fields, the dataclass itself is the maker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from lark import Token

from dsl import syntax
from dsl.diagnostics import Diagnostic
from dsl.span import Span

Maker = Callable[..., Any]
"""Makes a node from its span and children; children are nodes, tuples, tokens of keywords, or None where absent."""


class BuildFault(Exception):
    """A text that parses but cannot become a tree: carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


# ---- words ---------------------------------------------------------------------------------------------------------


def date_value(text: str, span: Span) -> date:
    """The date a word says; raises BuildFault (T012) for one the calendar does not have."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BuildFault(no_such_date(text, span)) from None


def no_such_date(text: str, span: Span) -> Diagnostic:
    """The finding that a date does not exist, with the last day of its month offered where the month does."""
    year, month = int(text[:4]), int(text[5:7])
    if 1 <= month <= 12 and year:
        following = date(year + month // 12, month % 12 + 1, 1) if year < 9999 or month < 12 else None
        last = date.fromordinal(following.toordinal() - 1) if following else date(year, 12, 31)
        return Diagnostic("T012", f"`{text}` is not a day of the calendar", span, f"the last day of that month is {last}")
    return Diagnostic("T012", f"`{text}` is not a day of the calendar", span, "write year-month-day: `2026-01-31`")


def _plain(written: str) -> Decimal:
    return Decimal(written.replace(",", ""))


def _percent(span: Span, written: str) -> syntax.Percent:
    return syntax.Percent(span, _plain(written[:-1]) / 100, written)


TOKENS: dict[str, Callable[[Span, str], Any]] = {
    "NAME": syntax.Name,
    "STRING": lambda span, written: syntax.Quoted(span, written[1:-1]),
    "NUMBER": lambda span, written: syntax.Number(span, _plain(written), written),
    "PERCENT": _percent,
    "DATE": lambda span, written: syntax.DateLiteral(span, date_value(written, span)),
    "PERIOD": syntax.PeriodLiteral,
}
"""What makes a node from a token of each of these types; tokens of other types stay tokens."""


def _words(span: Span, *children: Any) -> tuple[Any, ...]:
    return children


def _word(span: Span, token: Token) -> str:
    return str(token)


# ---- expressions ---------------------------------------------------------------------------------------------------


def _calendar_word(span: Span, word: Token) -> syntax.Name:
    return syntax.Name(span, str(word))


def _ref(span: Span, *parts: syntax.Name) -> syntax.Ref:
    return syntax.Ref(span, parts)


def _measure(span: Span, number: syntax.Number, unit: syntax.Name) -> syntax.Measure:
    return syntax.Measure(span, number.value, unit, number.written)


def _edge(span: Span, *words: Token | syntax.Name) -> syntax.Moment:
    *shift, unit, edge = (word.text if isinstance(word, syntax.Name) else str(word) for word in words)
    return syntax.Moment(span, shift[0] if shift else "", unit, edge)


def _binary(operator: str) -> Maker:
    return lambda span, left, right: syntax.Binary(span, operator, left, right)


def _band(through: bool) -> Maker:
    return lambda span, value, of: syntax.Band(span, value, of, through)


def _at_extreme(span: Span, value: syntax.Ref, extreme: Token, by: syntax.Ref) -> syntax.AtExtreme:
    return syntax.AtExtreme(span, value, str(extreme), by)


def _choice(span: Span, which: Token, left: syntax.Expression, right: syntax.Expression) -> syntax.Choice:
    return syntax.Choice(span, str(which), left, right)


def _aggregate(span: Span, function: Token, value: syntax.Expression, window: syntax.Window | None) -> syntax.Aggregate:
    return syntax.Aggregate(span, str(function), value, None, window)


def _aggregate_where(
    span: Span, function: Token, value: syntax.Expression, where: syntax.Tests | None, window: syntax.Window | None
) -> syntax.Aggregate:
    return syntax.Aggregate(span, str(function), value, where, window)


_EXPRESSIONS: dict[str, Maker] = {
    "add": _binary("+"),
    "subtract": _binary("-"),
    "multiply": _binary("*"),
    "divide": _binary("/"),
    "negate": syntax.Negate,
    "convert": syntax.Convert,
    "at_rate": syntax.AtRate,
    "on_date": syntax.OnDate,
    "band": _band(through=False),
    "band_by_band": _band(through=True),
    "at_extreme": _at_extreme,
    "rounded": syntax.Rounded,
    "choice": _choice,
    "aggregate": _aggregate,
    "aggregate_where": _aggregate_where,
    "balance_of": lambda span, role: syntax.BalanceOf(span, role, False),
    "balance_of_company": lambda span, role: syntax.BalanceOf(span, role, True),
    "absolute": syntax.Absolute,
    "window_last": lambda span, last: syntax.Window(span, last, None, None),
    "window_since": lambda span, since, through: syntax.Window(span, None, since, through),
    "edge": _edge,
    "ref": _ref,
    "calendar_word": _calendar_word,
    "measure": _measure,
    "names": _words,
    "strings": _words,
}


# ---- tests ---------------------------------------------------------------------------------------------------------


def _tests(joined: str) -> Maker:
    return lambda span, *tests: syntax.Tests(span, tests, joined)


def _comparison(operator: str) -> Maker:
    return lambda span, left, right: syntax.Comparison(span, left, operator, right)


def _is_compared(span: Span, left: syntax.Expression, word: Token, right: syntax.Expression) -> syntax.Comparison:
    return syntax.Comparison(span, left, str(word), right)


def _one_of(negated: bool) -> Maker:
    return lambda span, left, options: syntax.OneOf(span, left, negated, options)


def _missing(negated: bool) -> Maker:
    return lambda span, left: syntax.IsMissing(span, left, negated)


def _exists(negated: bool) -> Maker:
    return lambda span, name, matches, before: syntax.Exists(span, negated, name, matches, before)


_TESTS: dict[str, Maker] = {
    "one_test": _tests(""),
    "and_tests": _tests("and"),
    "or_tests": _tests("or"),
    "is": _comparison("is"),
    "is_not": _comparison("is-not"),
    "is_at_least": _comparison("at-least"),
    "is_at_most": _comparison("at-most"),
    "is_compared": _is_compared,
    "is_one_of": _one_of(negated=False),
    "is_not_one_of": _one_of(negated=True),
    "is_missing": _missing(negated=False),
    "is_not_missing": _missing(negated=True),
    "exists": _exists(negated=False),
    "exists_none": _exists(negated=True),
    "matches": _words,
    "match": syntax.Match,
}


# ---- grids and scopes ----------------------------------------------------------------------------------------------


def _row(span: Span, *children: Any) -> syntax.Row:
    arrow = next((index for index, child in enumerate(children) if isinstance(child, Token)), len(children))
    return syntax.Row(span, children[:arrow], children[arrow + 1 :])


def _grid(span: Span, head: syntax.Row, *rows: syntax.Row) -> syntax.Grid:
    return syntax.Grid(span, head, rows)


def _compare_cell(span: Span, word: Token, value: syntax.Expression) -> syntax.CompareCell:
    return syntax.CompareCell(span, str(word), value)


def _limit_cell(operator: str) -> Maker:
    return lambda span, value: syntax.CompareCell(span, operator, value)


def _scope(form: str) -> Maker:
    return lambda span, names: syntax.Scope(span, form, names or ())


_GRIDS: dict[str, Maker] = {
    "row": _row,
    "grid": _grid,
    "any_cell": lambda span, word: syntax.AnyCell(span, str(word)),
    "compare_cell": _compare_cell,
    "at_least_cell": _limit_cell("at-least"),
    "at_most_cell": _limit_cell("at-most"),
    "range_cell": syntax.RangeCell,
    "value_cell": lambda span, *values: syntax.ValueCell(span, values),
    "scope_names": _scope("names"),
    "scope_layer": _scope("layer"),
    "scope_touched": _scope("touched"),
}

VALUES: dict[str, Maker] = _EXPRESSIONS | _TESTS | _GRIDS
"""What makes the node of each rule below items."""

WORDS: dict[str, Maker] = dict.fromkeys(("order", "pooled", "oldest", "to_or_by", "leftover_unit"), _word)
"""Rules that only say which of a few words stands there."""
