"""Rules and values in words: where a rule stands, what it cites, what a value is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from dsl.span import Span
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    ComparisonOf,
    ExistsTest,
    Expression,
    Literal,
    MissingTest,
    OneOfTest,
    PeriodTest,
    TestOf,
)
from engine.model.ruleset import Item, Ruleset
from engine.model.schema import IDENTITY_SEPARATOR
from engine.run.explanation import Named, Place, Rule, Tested

MISSING = "missing"
_OPERATORS = {
    "is": "",
    "is-not": "not ",
    "at-least": "at least ",
    "at-most": "at most ",
    "under": "under ",
    "over": "over ",
    "before": "before ",
    "after": "after ",
}


def place(span: Span) -> Place:
    """Where a text begins."""
    return Place(span.source.name, span.location.line)


def text(span: Span) -> str:
    """A stretch of the rules in one line."""
    return " ".join(span.text.split())


def rule(ruleset: Ruleset, word: str, item: Item) -> Rule:
    """A rule with its reason and the texts it cites."""
    meta = item.meta
    cites = tuple((name, ruleset.citations[name].texts) for name in meta.cites if name in ruleset.citations)
    version = "" if meta.version is None else f"{meta.version}"
    return Rule(
        word, item.name, place(item.span), version, (meta.effective_from, meta.effective_through), meta.why, cites
    )


def said(value: object, type_: DataType | None = None) -> str:
    """A value as people read it; money and prices with two decimals or more, other numbers without idle zeros."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return number(value, 2 if type_ is not None and type_.family in (Family.MONEY, Family.PRICE) else 0)
    return str(value).replace(IDENTITY_SEPARATOR, " ").strip()


def number(value: Decimal, least: int = 0) -> str:
    """A number with thousands separated, at least some decimals and none that are idle."""
    exponent = value.normalize().as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return f"{value:,.{max(least, decimals)}f}"


def identity(names: tuple[str, ...], joined: str) -> Named:
    """The identifying fields of a fact with their values, those that are missing left out."""
    return tuple((name, part) for name, part in zip(names, joined.split(IDENTITY_SEPARATOR), strict=False) if part)


def called(kind: str, joined: str) -> str:
    """What a fact is called in a sentence: its kind and the values that identify it."""
    parts = [part for part in joined.split(IDENTITY_SEPARATOR) if part]
    return f"{kind} {', '.join(parts)}"


Values = Mapping[int, tuple[object, DataType]]
"""What the expressions of a test came to, by their place in `operands`."""


def words_of(test: TestOf, holds: bool | None, values: Values) -> Tested:
    """A test in words, with what its expressions came to."""
    return Tested(_words(test, holds, values), holds)


def _words(test: TestOf, holds: bool | None, values: Values) -> str:
    if isinstance(test, ExistsTest):
        if holds:
            return text(test.span)
        return f"needs {text(test.span)}, and there is {'one' if test.negated else 'none'}"
    left = f"{text(test.left.span)} is {said(*values[0])}"
    match test:
        case ComparisonOf():
            wanted = f"{_OPERATORS[test.operator]}{_operand(test.right, values.get(1))}"
            if holds:
                return left if test.operator == "is" else f"{left}, {wanted}"
        case OneOfTest():
            options = ", ".join(_operand(one, values.get(index)) for index, one in enumerate(test.options, start=1))
            wanted = f"{'none' if test.negated else 'one'} of {options}"
            if holds and not test.negated:
                return left
        case MissingTest():
            wanted = "a value" if test.negated else "nothing there"
            if holds:
                return left
        case PeriodTest():
            wanted = f"{'not ' if test.negated else ''}{text(test.period.span)}"
    return f"{left}, {'which is' if holds else 'needs'} {wanted}"


def _operand(node: Expression, value: tuple[object, DataType] | None) -> str:
    if isinstance(node, Literal) or value is None:
        return text(node.span)
    return f"{text(node.span)} ({said(*value)})"
