"""Money in several currencies: conversion at rates, rounding to the minor unit, and what must never meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

BILLS = (
    HEAD
    + """\
rates spot from erp quoted to USD, stale after 3 days, missing stops the run, crossed through USD
terms
    code, document are text
    currency is a currency
    amount, fee are money
    bill-date are dates
register company identified by code
    has currency
register partner identified by code
    has fee
kind bill moves nothing on bill-date identified by document
    has company, partner, amount
amount in-dollars for each bill is rounded(amount converted to USD at spot rate on bill-date)
amount in-euros for each bill is rounded(amount converted to EUR at spot rate on bill-date)
amount at-home for each bill is rounded(amount converted to company.currency at spot rate on bill-date)
amount half for each bill is rounded(amount * 50%)
amount with-fee for each bill is rounded(amount + partner.fee)
amount billed for each partner, period is sum of bill.amount
amount billed-in-dollars for each partner, period is sum of in-dollars
amount billed-at-home for each company, period is sum of at-home
amount at-home-exactly for each bill is amount converted to company.currency at spot rate on bill-date
amount billed-exactly for each company, period is rounded(sum of at-home-exactly)
"""
)

RATES = [
    {"currency": "EUR", "date": "2026-01-09", "rate": "1.1"},
    {"currency": "EUR", "date": "2026-01-12", "rate": "1.25"},
    {"currency": "JPY", "date": "2026-01-12", "rate": "0.0064"},
    {"currency": "KWD", "date": "2026-01-12", "rate": "3.25"},
]


def bill(document: str, amount: str, currency: str, day: str = "2026-01-12", **more: str) -> dict[str, object]:
    return {"document": document, "amount": amount, "currency": currency, "bill-date": day, "partner": "ACME", **more}


def run(*bills: Mapping[str, object], rates: Sequence[Mapping[str, object]] = RATES) -> SmallWorld:
    companies = [{"company": "HOME"}, {"company": "KUWAIT", "currency": "KWD"}]
    partners = [{"partner": "ACME", "fee": "2", "currency": "EUR"}]
    given = {"bill": bills, "spot": rates, "company": companies, "partner": partners}
    return small_world(BILLS, given)


def values(world: SmallWorld, name: str, key: str = "document") -> dict[object, object]:
    return {row[key]: row[name] for row in world.values(name, key)}


def test_money_is_converted_at_the_rate_of_its_day_and_keeps_it_until_the_next() -> None:
    world = run(
        bill("A", "100", "EUR", "2026-01-11"),
        bill("B", "100", "EUR", "2026-01-12"),
        bill("C", "100", "USD"),
        bill("D", "12345", "JPY", "2026-01-15"),
    )
    # 100 x 1.1, 100 x 1.25, as it is, 12,345 x 0.0064 = 79.008.
    assert values(world, "in-dollars") == {
        "A": Decimal(110), "B": Decimal(125), "C": Decimal(100), "D": Decimal("79.01"),
    }  # fmt: skip


def test_two_currencies_cross_through_the_one_they_are_quoted_to_exactly() -> None:
    world = run(bill("A", "100", "JPY"), bill("B", "1", "USD"), bill("C", "7", "EUR"))
    # 100 x 0.0064 / 1.25 = 0.512; 1 / 1.25 = 0.80; the same currency is not converted.
    assert values(world, "in-euros") == {"A": Decimal("0.51"), "B": Decimal("0.80"), "C": Decimal(7)}


def test_the_currency_of_a_company_is_that_of_its_register() -> None:
    world = run(bill("A", "13", "USD", company="HOME"), bill("B", "13", "USD", company="KUWAIT"))
    assert values(world, "at-home") == {"A": Decimal(13), "B": Decimal(4)}


@pytest.mark.parametrize(
    ("currency", "amount", "half"),
    [("JPY", "101", "51"), ("KWD", "0.001", "0.001"), ("KWD", "0.333", "0.167"), ("USD", "0.01", "0.01")],
)
def test_rounding_is_to_the_minor_unit_of_the_rows_own_currency(currency: str, amount: str, half: str) -> None:
    assert values(run(bill("A", amount, currency)), "half") == {"A": Decimal(half)}


@pytest.mark.parametrize(
    ("day", "currency", "said"),
    [
        ("2026-01-16", "EUR", "EUR to USD on 2026-01-16"),
        ("2026-01-08", "EUR", "EUR to USD on 2026-01-08"),
        ("2026-01-12", "CHF", "CHF to USD on 2026-01-12"),
    ],
)
def test_a_missing_or_stale_rate_stops_the_run_naming_the_pair_and_the_day(day: str, currency: str, said: str) -> None:
    world = run(bill("A", "100", "USD"), bill("B", "100", currency, day))
    with pytest.raises(RunStopped, match=said) as stopped:
        values(world, "in-dollars")
    assert stopped.value.code == "T504"
    assert "rates `spot` have none that is not stale (after 3 days)" in str(stopped.value)
    # A sum over the same rows stops as well: a missing rate is never a smaller sum.
    with pytest.raises(RunStopped, match=said):
        values(world, "billed-in-dollars", "partner")


def test_nothing_needs_no_rate() -> None:
    assert values(run(bill("A", "0", "CHF")), "in-dollars") == {"A": Decimal(0)}


def test_a_rate_that_is_not_above_nothing_stops_the_run() -> None:
    with pytest.raises(RunStopped, match=r"rate `spot` of EUR on 2026-01-09 is 0.0*: a rate is above 0"):
        run(rates=[{"currency": "EUR", "date": "2026-01-09", "rate": "0"}])


def test_money_of_two_currencies_meets_neither_in_a_row_nor_in_a_sum() -> None:
    world = run(bill("A", "100", "EUR"), bill("B", "100", "USD"))
    with pytest.raises(RunStopped, match=r"money of two currencies meets, USD and EUR in B"):
        values(world, "with-fee")
    with pytest.raises(RunStopped, match=r"`sum of bill.amount`: money of two currencies meets, EUR and USD"):
        values(world, "billed", "partner")
    assert values(run(bill("A", "100", "EUR")), "with-fee") == {"A": Decimal(102)}
    assert values(run(bill("A", "100", "EUR"), bill("B", "1", "EUR")), "billed", "partner") == {"ACME": Decimal(101)}


def test_rates_quoted_from_a_currency_say_what_one_of_it_is() -> None:
    rates = [
        {"currency": "EUR", "date": "2026-01-12", "rate": "0.8"},
        {"currency": "JPY", "date": "2026-01-12", "rate": "156.25"},
    ]
    bills = [bill("A", "100", "EUR"), bill("B", "1000", "JPY"), bill("C", "3", "USD")]
    rules = BILLS.replace("quoted to USD", "quoted from USD")
    world = small_world(rules, {"partner": [{"partner": "ACME"}], "bill": bills, "spot": rates})
    # 100 / 0.8; 1,000 / 156.25 = 6.4; 1,000 / 156.25 x 0.8 = 5.12; 3 x 0.8.
    assert values(world, "in-dollars") == {"A": Decimal(125), "B": Decimal("6.4"), "C": Decimal(3)}
    assert values(world, "in-euros") == {"A": Decimal(100), "B": Decimal("5.12"), "C": Decimal("2.4")}


def test_what_is_converted_is_added_up_before_it_is_rounded() -> None:
    bills = [bill(name, "0.01", "EUR", company="HOME") for name in "ABCD"]
    # Four times 1.25 cents are five cents; each rounded alone they would be four.
    assert values(run(*bills), "billed-exactly", "company") == {"HOME": Decimal("0.05")}
    dinars = [bill("A", "1", "EUR", company="KUWAIT"), bill("B", "1", "EUR", "2026-01-13", company="KUWAIT")]
    # 2 x 1.25 / 3.25 = 0.769...; both days have the same dinar.
    assert values(run(*dinars), "billed-exactly", "company") == {"KUWAIT": Decimal("0.769")}
    rates = [*RATES, {"currency": "KWD", "date": "2026-01-13", "rate": "3.20"}]
    # 1.25 / 3.25 + 1.25 / 3.20 = 0.38461... + 0.39062... = 0.77524...
    assert values(run(*dinars, rates=rates), "billed-exactly", "company") == {"KUWAIT": Decimal("0.775")}


COUNTED = (
    HEAD
    + """\
rates spot from erp quoted to USD, stale after 3 days, missing stops the run
terms
    code, document are text
    quantity is a quantity
    list-price is a price
    ship-date, count-date are dates
register part identified by code
    has list-price
stock for each part
    own, shelf
kind shipment moves own to shelf on ship-date identified by document
    has part, quantity
kind count states shelf on count-date identified by part, count-date
    has quantity
reconciliation siso for each part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    opens from adjusted closing stock
    stages clean, absorb
    amount variance is reported - expected, but 0 when reported is missing
    amount value is rounded(variance * part.list-price converted to USD at spot rate on period end)
table treatments decides treatment for each siso
    | row   | absolute value    => treatment |
    | small | under 100 USD     => leave     |
    | large | at least 100 USD  => ask       |
"""
)


def test_a_difference_is_decided_by_what_it_is_worth_at_a_rate() -> None:
    given: dict[str, list[dict[str, object]]] = {
        "part": [{"part": "X", "list-price": 100, "currency": "EUR"}],
        "spot": [{"currency": "EUR", "date": "2026-01-31", "rate": "1.25"}],
        "shipment": [{"document": "A", "part": "X", "ship-date": "2026-01-10", "quantity": 10}],
        "count": [{"part": "X", "count-date": "2026-01-31", "quantity": 9}],
    }
    decided = small_world(COUNTED, given).rows("siso", "value", "treatment")
    assert decided == [{"value": Decimal(-125), "treatment": "ask"}]
