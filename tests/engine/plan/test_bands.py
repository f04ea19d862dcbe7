"""Values at the band of a value and band by band over it, against sums by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, small_world

TIERS = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    from-quantity is a quantity
    from-amount, amount are money
    unit-rebate is a price
    share is a rate
    bill-date is a date
register deal identified by code
register tier identified by deal with bands by from-quantity
    has unit-rebate
register step identified by deal with bands by from-amount
    has share
kind bill moves nothing on bill-date identified by document
    has deal, quantity, amount
parameter off is a rate for each band of quantity
    | from       | under 600 units | 600 to under 1,000 units | at least 1,000 units |
    | 2020-01-01 | 0%              | 10%                           | 15%                 |
    review by 2030-01-31
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
report shown for each bill
    shows price-at, over-all, share-at, share-over, off-at
amount price-at   for each bill is tier.unit-rebate at the band of quantity
amount over-all   for each bill is rounded(tier.unit-rebate band by band over quantity)
amount share-at   for each bill is step.share at the band of amount
amount share-over for each bill is rounded(step.share band by band over amount)
amount off-at     for each bill is off at the band of quantity
"""
)
DEALS: dict[str, list[dict[str, object]]] = {
    "deal": [{"deal": "D"}, {"deal": "E"}],
    "tier": [
        {"deal": "D", "from-quantity": 1, "unit-rebate": "10"},
        {"deal": "D", "from-quantity": 101, "unit-rebate": "9"},
        {"deal": "D", "from-quantity": 201, "unit-rebate": "8.5"},
        {"deal": "E", "from-quantity": 10, "unit-rebate": "1"},
    ],
    "step": [
        {"deal": one, "from-amount": low, "share": share}
        for one in "DE"
        for low, share in (("0", "0.01"), ("1000", "0.02"))
    ],
}


def shown(quantity: object, amount: object, deal: str = "D") -> tuple[object, ...]:
    bill = {"document": "A", "bill-date": "2026-01-05", "deal": deal, "quantity": quantity, "amount": amount}
    world = small_world(TIERS, {**DEALS, "bill": [bill]}, "FY2026-P01")
    [row] = world.rows("report shown", "price-at", "over-all", "share-at", "share-over", "off-at")
    return tuple(row.values())


@pytest.mark.parametrize(
    ("quantity", "price", "total"),
    [
        # The band from 101 begins with the 101st unit: a hundred units cost 10 each, the next hundred 9.
        (0, "10", "0"),
        (1, "10", "10"),
        (100, "10", "1000"),
        (101, "9", "1009"),
        (200, "9", "1900"),
        (201, "8.5", "1908.5"),
        (250, "8.5", "2325"),
        ("100.5", "10", "1004.5"),
    ],
)
def test_quantities_begin_a_band_with_its_first_unit(quantity: object, price: str, total: str) -> None:
    assert shown(quantity, 0)[:2] == (Decimal(price), Decimal(total))


@pytest.mark.parametrize(
    ("amount", "share", "total"),
    [("0", "0.01", "0"), ("999.99", "0.01", "10"), ("1000", "0.02", "10"), ("1500", "0.02", "20")],
)
def test_money_lies_in_a_band_from_its_lower_end(amount: str, share: str, total: str) -> None:
    assert shown(1, amount)[2:4] == (Decimal(share), Decimal(total))


@pytest.mark.parametrize(("quantity", "off"), [(0, "0"), (599, "0"), (600, "0.10"), (999, "0.10"), (1000, "0.15")])
def test_a_parameter_by_band(quantity: int, off: str) -> None:
    assert shown(quantity, 0)[4] == Decimal(off)


def test_under_the_first_band_there_is_no_value_and_over_it_nothing() -> None:
    # Deal E begins with its tenth unit: nine units have no price, and band by band they come to nothing.
    price, total, *_ = shown(9, 0, "E")
    assert (price, total) == (None, Decimal(0))
    assert shown(12, 0, "E")[:2] == (Decimal(1), Decimal(3))


def test_a_posting_that_finds_no_band_stops_the_run() -> None:
    journal = (
        "journal sell for each bill posts on bill-date in fiscal\n"
        "    amount rebate is rounded(quantity * price-at)\n"
        "    debit  receivable rebate\n    credit revenue    rebate\n"
    )
    bill = {"document": "A", "bill-date": "2026-01-05", "deal": "E", "quantity": 9, "amount": 0}
    with pytest.raises(RunStopped, match="has no amount: something it reads has no row"):
        small_world(TIERS + journal, {**DEALS, "bill": [bill]}, "FY2026-P01")
