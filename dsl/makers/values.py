"""From parse tree to syntax tree, the small half: words, expressions, tests, grids and scopes.

`VALUES` maps each rule of the grammar to what makes its node from a span and the children; the same for items stands
in `build_items.py`. Where the children of a rule stand in the order of the fields, the dataclass itself is the maker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from dsl import syntax
from dsl.span import Span

Maker = Callable[..., Any]
"""Makes a node from its span and children; children are nodes, tuples, tokens of keywords, or None where absent."""


# ---- words ---------------------------------------------------------------------------------------------------------


def _plain(written: str) -> Decimal:
    return Decimal(written.replace(",", ""))


def _percent(span: Span, written: str) -> syntax.Percent:
    return syntax.Percent(span, _plain(f"{written[:-1]}E-2"), written)


TOKENS: dict[str, Callable[[Span, str], Any]] = {
    "NAME": syntax.Name,
    "STRING": lambda span, written: syntax.Quoted(span, written[1:-1]),
    "NUMBER": lambda span, written: syntax.Number(span, _plain(written), written),
    "PERCENT": _percent,
    "DATE": lambda span, written: syntax.DateLiteral(span, date.fromisoformat(written)),
    "PERIOD": syntax.PeriodLiteral,
    "CALENDAR_WORD": syntax.Name,
}
"""What makes a node from a token of each of these types."""

WORD_CLASSES = frozenset(
    (
        "AGGREGATE",
        "ANYTHING",
        "ARROW",
        "CENTS_UNITS",
        "CHOICE",
        "COMPARE",
        "EDGE",
        "EXTREME",
        "FIRST_LAST",
        "OLDEST_NEWEST",
        "ORDER",
        "POOLED",
        "SHIFT",
        "SIDE",
        "TO_BY",
        "WEEKS",
        "ZONE",
    )
)
"""Types of tokens whose word is a child of its rule; all others are there for the reader only."""


def inner(_: Span, child: Any) -> Any:
    """The maker of a rule that only wraps one child in quoted words."""
    return child


def several(_: Span, *children: Any) -> tuple[Any, ...]:
    """The maker of a rule whose children go to its parent together."""
    return children


# ---- expressions ---------------------------------------------------------------------------------------------------


def _ref(span: Span, *parts: syntax.Name) -> syntax.Ref:
    return syntax.Ref(span, parts)


def _measure(span: Span, number: syntax.Number, unit: syntax.Name) -> syntax.Measure:
    return syntax.Measure(span, number.value, unit, number.written)


def _edge(span: Span, shift: str | None, unit: syntax.Name, edge: str) -> syntax.Moment:
    return syntax.Moment(span, shift or "", unit.text, edge)


def _binary(operator: str) -> Maker:
    return lambda span, left, right: syntax.Binary(span, operator, left, right)


def _band(through: bool) -> Maker:
    return lambda span, value, of: syntax.Band(span, value, of, through)


def _aggregate(span: Span, function: str, value: syntax.Expression, window: syntax.Window | None) -> syntax.Aggregate:
    return syntax.Aggregate(span, function, value, None, window)


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
    "at_extreme": syntax.AtExtreme,
    "rounded": syntax.Rounded,
    "choice": syntax.Choice,
    "aggregate": _aggregate,
    "aggregate_where": syntax.Aggregate,
    "balance_of": lambda span, role: syntax.BalanceOf(span, role, False),
    "balance_of_company": lambda span, role: syntax.BalanceOf(span, role, True),
    "absolute": syntax.Absolute,
    "window_last": lambda span, last: syntax.Window(span, last, None, None),
    "window_since": lambda span, since, through: syntax.Window(span, None, since, through),
    "edge": _edge,
    "ref": _ref,
    "measure": _measure,
}


# ---- tests ---------------------------------------------------------------------------------------------------------


def _tests(joined: str) -> Maker:
    return lambda span, *tests: syntax.Tests(span, tests, joined)


def _comparison(operator: str) -> Maker:
    return lambda span, left, right: syntax.Comparison(span, left, operator, right)


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
    "is_compared": syntax.Comparison,
    "is_one_of": _one_of(negated=False),
    "is_not_one_of": _one_of(negated=True),
    "is_missing": _missing(negated=False),
    "is_not_missing": _missing(negated=True),
    "exists": _exists(negated=False),
    "exists_none": _exists(negated=True),
    "match": syntax.Match,
}


# ---- grids and scopes ----------------------------------------------------------------------------------------------


def _row(span: Span, *children: syntax.Cell | str) -> syntax.Row:
    arrow = next((index for index, child in enumerate(children) if isinstance(child, str)), len(children))
    return syntax.Row(span, _cells(children[:arrow]), _cells(children[arrow + 1 :]))


def _cells(children: tuple[syntax.Cell | str, ...]) -> tuple[syntax.Cell, ...]:
    return tuple(child for child in children if not isinstance(child, str))


def _grid(span: Span, head: syntax.Row, *rows: syntax.Row) -> syntax.Grid:
    return syntax.Grid(span, head, rows)


def _limit_cell(operator: str) -> Maker:
    return lambda span, value: syntax.CompareCell(span, operator, value)


def _scope(form: str) -> Maker:
    return lambda span, names: syntax.Scope(span, form, names or ())


_GRIDS: dict[str, Maker] = {
    "row": _row,
    "grid": _grid,
    "any_cell": syntax.AnyCell,
    "compare_cell": syntax.CompareCell,
    "at_least_cell": _limit_cell("at-least"),
    "at_most_cell": _limit_cell("at-most"),
    "range_cell": syntax.RangeCell,
    "value_cell": lambda span, *values: syntax.ValueCell(span, values),
    "scope_names": _scope("names"),
    "scope_layer": _scope("layer"),
    "scope_touched": _scope("touched"),
}

_PLAIN: dict[str, Maker] = dict.fromkeys(
    ("start", "bracketed", "calendar_word", "when", "where", "as_field", "before"), inner
)
_PLAIN |= dict.fromkeys(("names", "strings", "matches"), several)

VALUES: dict[str, Maker] = _EXPRESSIONS | _TESTS | _GRIDS | _PLAIN
"""What makes the node of each rule below items."""
