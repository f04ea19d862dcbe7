"""Journals: sides, zeros, negatives, roles, dates of effect, what stops a run, and the numbers of lines."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

BILLS = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    unit-price is a price
    amount is money
    is-firm is yes or no
    bill-date, date are dates
    role is a role
register partner identified by code
register part identified by code with history by date
    has unit-price
register deal identified by partner, part
    has unit-price
kind bill moves nothing on bill-date identified by document
    has partner, part, quantity, amount, is-firm and perhaps role
accounts ledger
    | role       | account | title         | type    | normal | nature       |
    | receivable | 1210    | "Receivables" | asset   | debit  | monetary     |
    | goods      | 1320    | "Goods"       | asset   | debit  | non-monetary |
    | revenue    | 4010    | "Revenue"     | revenue | credit | non-monetary |
    | rebate     | 4090    | "Rebates"     | revenue | debit  | non-monetary |
table segments decides centre for each ledger-line
    | row  | account.type             => centre |
    | held | asset, liability, equity => "0000" |
    | sold | revenue, expense         => "4200" |
"""
)
SELL = """\
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(amount)
    debit  receivable price
    credit revenue    price
"""


def bill(document: str, amount: object, day: str = "2026-01-15", **more: object) -> dict[str, object]:
    usual = {"partner": "ACME", "part": "X1", "quantity": 1, "is-firm": True}
    return {"document": document, "bill-date": day, "amount": amount, **usual, **more}


def ran(items: str, *bills: Mapping[str, object], strict: bool = True, before: SmallWorld | None = None) -> SmallWorld:
    inputs = {"part": [{"part": "X1", "unit-price": 5, "date": "2020-01-01"}], "bill": bills}
    period = "FY2026-P01" if before is None else "FY2026-P02"
    return small_world(BILLS + items, inputs, period, strict=strict, before=before)


def test_lines_are_summed_by_dimension_and_carry_account_and_segment() -> None:
    world = ran(SELL, bill("A", 10), bill("B", "2.50"), bill("C", 4, part="X2"), bill("D", 8, partner=None))
    names = (
        "id",
        "journal",
        "line",
        "side",
        "role",
        "partner",
        "part",
        "amount",
        "rows",
        "account",
        "centre",
        "currency",
    )
    rows = [tuple(row.values()) for row in world.rows("ledger line", *names)]
    usd = "USD"
    assert rows == [
        ("JL-FY2026-P01-000001", "sell", 1, "debit", "receivable", None, "X1", Decimal(8), 1, "1210", "0000", usd),
        ("JL-FY2026-P01-000002", "sell", 2, "credit", "revenue", None, "X1", Decimal(8), 1, "4010", "4200", usd),
        (
            "JL-FY2026-P01-000003",
            "sell",
            1,
            "debit",
            "receivable",
            "ACME",
            "X1",
            Decimal("12.50"),
            2,
            "1210",
            "0000",
            usd,
        ),
        (
            "JL-FY2026-P01-000004",
            "sell",
            2,
            "credit",
            "revenue",
            "ACME",
            "X1",
            Decimal("12.50"),
            2,
            "4010",
            "4200",
            usd,
        ),
        ("JL-FY2026-P01-000005", "sell", 1, "debit", "receivable", "ACME", "X2", Decimal(4), 1, "1210", "0000", usd),
        ("JL-FY2026-P01-000006", "sell", 2, "credit", "revenue", "ACME", "X2", Decimal(4), 1, "4010", "4200", usd),
    ]


def test_a_line_of_nothing_posts_nothing() -> None:
    items = SELL + "    debit  rebate  rounded(amount) - price\n    credit revenue rounded(amount) - price\n"
    assert ran(items, bill("A", 0), bill("B", 3)).lines("sell") == [
        ("debit", "receivable", Decimal(3)),
        ("credit", "revenue", Decimal(3)),
    ]


def test_a_negative_line_stops_the_run_unless_sides_may_swap() -> None:
    with pytest.raises(RunStopped) as stopped:
        ran(SELL, bill("A", 10, part="X2"), bill("B", -3))
    assert (stopped.value.code, stopped.value.rules) == ("T408", ("journal sell",))
    assert stopped.value.message == (
        "line 1 of journal `sell` is negative (-3.00) for ACME, X1; if that is meant, add `negative amounts swap sides`"
    )
    swapped = ran(SELL + "    negative amounts swap sides\n", bill("A", 10), bill("B", -3))
    # What is credited and what is debited stay apart: a ledger shows both.
    assert swapped.lines("sell") == [
        ("credit", "receivable", Decimal(3)),
        ("debit", "receivable", Decimal(10)),
        ("credit", "revenue", Decimal(10)),
        ("debit", "revenue", Decimal(3)),
    ]


def test_the_role_may_be_a_field_of_the_fact() -> None:
    items = """\
journal load for each bill posts on bill-date in fiscal
    when role is not missing
    debit  bill.role rounded(amount)
    credit revenue   rounded(amount)
"""
    world = ran(items, bill("A", 5, role="goods"), bill("B", 7, role="receivable"), bill("C", 9))
    assert world.lines("load") == [
        ("debit", "goods", Decimal(5)),
        ("debit", "receivable", Decimal(7)),
        ("credit", "revenue", Decimal(12)),
    ]


def test_a_journal_posts_what_lies_within_its_dates_of_effect() -> None:
    items = SELL + "    effective from 2026-01-10 through 2026-01-20\n"
    bills = [bill(day, 10**at, f"2026-01-{day}") for at, day in enumerate(("09", "10", "20", "21"))]
    assert ran(items, *bills).lines("sell")[0] == ("debit", "receivable", Decimal(110))


def test_a_late_fact_posts_in_the_open_period_with_the_period_it_came_from() -> None:
    early = bill("A", 10)
    late = bill("B", 3, "2026-01-20", **{"known-at": "2026-02-03"})
    first = ran(SELL, early)
    second = ran(SELL, early, late, bill("C", 1, "2026-02-04"), before=first)
    assert [
        (row["origin"], row["period"], row["amount"])
        for row in second.rows("ledger line", "origin", "period", "line", "amount")
    ] == [
        ("FY2026-P01", "FY2026-P02", Decimal(3)),
        ("FY2026-P01", "FY2026-P02", Decimal(3)),
        ("FY2026-P02", "FY2026-P02", Decimal(1)),
        ("FY2026-P02", "FY2026-P02", Decimal(1)),
    ]


PRICED = """\
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(quantity * part.unit-price)
    debit  receivable price
    credit revenue    price
"""


def test_an_amount_that_cannot_be_told_stops_the_run_and_is_unknown_in_an_example() -> None:
    with pytest.raises(RunStopped) as stopped:
        ran(PRICED, bill("A", 1), bill("B", 1, part="X9", partner="BOLT"))
    assert (stopped.value.code, stopped.value.rules) == ("T205", ("journal sell",))
    assert stopped.value.message == (
        "line 1 of journal `sell` has no amount: something it reads has no row, or it divides by nothing; "
        "first at partner BOLT, part X9, posting-date 2026-01-15"
    )
    assert ran(PRICED, bill("A", 1), bill("B", 1, part="X9"), strict=False).lines("sell")[0][2] == 5


def test_a_division_by_a_recorded_nothing_stops_the_run() -> None:
    items = PRICED.replace("quantity * part.unit-price", "amount / quantity * 2 units")
    assert ran(items, bill("A", 9, quantity=3)).lines("sell")[0][2] == 6
    with pytest.raises(RunStopped, match="divides by nothing; first at partner ACME, part X1"):
        ran(items, bill("A", 9, quantity=3), bill("B", 9, quantity=0))


def test_a_test_that_cannot_be_told_stops_the_run() -> None:
    items = PRICED.replace("    amount price", "    when part.unit-price is over 1 USD\n    amount price")
    with pytest.raises(RunStopped) as stopped:
        ran(items, bill("A", 1), bill("B", 1, part="X9", partner="BOLT"))
    assert stopped.value.code == "T205"
    assert stopped.value.message == (
        "it cannot be told whether journal `sell` posts: something its `when` reads has no row; "
        "first at partner BOLT, part X9, posting-date 2026-01-15"
    )


def test_the_book_a_journal_posts_in_can_be_tested() -> None:
    items = SELL.replace("    amount price", "    when book is main\n    amount price")
    text = BILLS.replace("calendar fiscal\n", "book main posts\ncalendar fiscal\n")
    world = small_world(text + items, {"bill": [bill("A", 10)]})
    assert world.lines("sell") == [("debit", "receivable", Decimal(10)), ("credit", "revenue", Decimal(10))]
