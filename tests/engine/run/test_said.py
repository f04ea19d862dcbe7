"""Tests of rules in words: what was compared, what was wanted, and whether it held."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dsl.span import Source, Span
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    ComparisonOf,
    ExistsTest,
    Expression,
    FieldOf,
    Grain,
    Literal,
    MissingTest,
    OneOfTest,
    PeriodTest,
    TestOf,
)
from engine.model.expression import Source as Rows
from engine.model.walk import operands
from engine.run.said import called, identity, number, said, words_of

TEXT, QUANTITY, DATE = DataType(Family.TEXT), DataType(Family.QUANTITY), DataType(Family.DATE)
MONEY, RATE, YES_NO = DataType(Family.MONEY), DataType(Family.RATE), DataType(Family.YES_NO)


def span(text: str) -> Span:
    return Span(Source("rules.tieout", text), 0, len(text))


def field(name: str, type_: DataType = TEXT) -> Expression:
    return FieldOf(type_, span(name), True, "sale", name.rpartition(".")[2])


def word(text: str, type_: DataType = TEXT) -> Literal:
    return Literal(type_, span(text), False, text)


def compared(left: Expression, operator: str, right: Expression) -> TestOf:
    return ComparisonOf(span("-"), left, operator, right)


def exists(text: str, negated: bool) -> TestOf:
    return ExistsTest(span(text), negated, Rows(Grain("rows", ("receipt",), (), (), ""), ()), None)


MODEL, UNITS, SOLD = field("partner.model"), field("quantity", QUANTITY), field("sale-date", DATE)


@pytest.mark.parametrize(
    ("test", "holds", "values", "words"),
    [
        (compared(MODEL, "is", word("resale")), True, {0: "resale"}, "partner.model is resale"),
        (
            compared(MODEL, "is", word("consignment")),
            False,
            {0: "resale"},
            "partner.model is resale, needs consignment",
        ),
        (compared(MODEL, "is-not", word("resale")), True, {0: "stocking"}, "partner.model is stocking, not resale"),
        (compared(MODEL, "is", word("resale")), None, {0: None}, "partner.model is missing, needs resale"),
        (
            compared(UNITS, "at-least", word("3", QUANTITY)),
            False,
            {0: Decimal("2.000")},
            "quantity is 2, needs at least 3",
        ),
        (
            compared(SOLD, "after", field("known-at", DATE)),
            False,
            {0: date(2026, 1, 5), 1: date(2026, 1, 7)},
            "sale-date is 2026-01-05, needs after known-at (2026-01-07)",
        ),
        (
            OneOfTest(span("-"), MODEL, False, (word("resale"), word("consignment"))),
            False,
            {0: "stocking"},
            "partner.model is stocking, needs one of resale, consignment",
        ),
        (
            OneOfTest(span("-"), MODEL, True, (word("resale"), word("consignment"))),
            True,
            {0: "stocking"},
            "partner.model is stocking, which is none of resale, consignment",
        ),
        (MissingTest(span("-"), MODEL, True), False, {0: None}, "partner.model is missing, needs a value"),
        (MissingTest(span("-"), MODEL, False), False, {0: "resale"}, "partner.model is resale, needs nothing there"),
        (MissingTest(span("-"), MODEL, True), True, {0: "resale"}, "partner.model is resale"),
        (
            PeriodTest(span("-"), SOLD, False, word("FY2026-P01")),
            False,
            {0: date(2026, 2, 5)},
            "sale-date is 2026-02-05, needs FY2026-P01",
        ),
        (
            exists("no receipt exists for document", True),
            False,
            {},
            "needs no receipt exists for document, and there is one",
        ),
        (exists("a receipt exists for document", False), True, {}, "a receipt exists for document"),
        (
            exists("a receipt exists for document", False),
            False,
            {},
            "needs a receipt exists for document, and there is none",
        ),
    ],
)
def test_a_test_in_words(test: TestOf, holds: bool | None, values: dict[int, object], words: str) -> None:
    found = words_of(test, holds, {at: (value, operands(test)[at].type) for at, value in values.items()})
    assert (found.words, found.holds) == (words, holds)


@pytest.mark.parametrize(
    ("value", "type_", "words"),
    [
        (None, TEXT, "missing"),
        (True, YES_NO, "yes"),
        (Decimal("1234.5000"), MONEY, "1,234.50"),
        (Decimal("0.050000"), RATE, "0.05"),
        (Decimal("1000.000"), QUANTITY, "1,000"),
        (date(2026, 1, 5), DATE, "2026-01-05"),
        ("US01\x1fP-1\x1f", TEXT, "US01 P-1"),
    ],
)
def test_a_value_in_words(value: object, type_: DataType, words: str) -> None:
    assert said(value, type_) == words


def test_a_fact_is_called_by_what_identifies_it() -> None:
    assert called("sale", "US01\x1fP-1\x1f\x1f3") == "sale US01, P-1, 3"
    assert identity(("company", "number", "serial"), "US01\x1fP-1\x1f") == (("company", "US01"), ("number", "P-1"))
    assert number(Decimal("100")) == "100"
