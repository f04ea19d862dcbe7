"""Days, prices, limits at their edges: first and last days, the last load, a price that changes."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.plan.test_journal import BILLS, PRICED, SELL, bill, ran
from tests.engine.plan.test_limits import LATE, MASTERS, sale
from tests.support.small_world import Rows, small_world


def test_a_closed_month_posts_once_and_what_comes_late_for_its_first_or_last_day_is_of_that_month() -> None:
    # 10 of the last day are posted in January. 3 and 5 come late, for its first day and its last: February posts 8.
    posted = bill("A", 10, "2026-01-31")
    late = [
        bill(name, amount, day, **{"known-at": "2026-02-03"})
        for name, amount, day in (("B", 3, "2026-01-01"), ("C", 5, "2026-01-31"))
    ]
    second = ran(SELL, posted, *late, bill("D", 1, "2026-02-01"), before=ran(SELL, posted))
    found = [(row["origin"], row["amount"]) for row in second.rows("ledger line", "origin", "line", "amount")]
    assert found == [("FY2026-P01", Decimal(8))] * 2 + [("FY2026-P02", Decimal(1))] * 2


def test_of_two_versions_the_one_known_last_is_posted() -> None:
    first = bill("A", 10, "2026-01-15", **{"known-at": "2026-01-16", "version": 1})
    second = bill("A", 7, "2026-01-15", **{"known-at": "2026-01-20", "version": 2})
    for bills in ((first, second), (second, first)):
        assert [row["amount"] for row in ran(SELL, *bills).rows("ledger line", "line", "amount")] == [7, 7]


def test_on_the_day_that_a_price_changes_the_new_one_holds() -> None:
    # 5 on the 14th, 6 on the 15th and the 16th.
    prices: Rows = [
        {"part": "X1", "unit-price": price, "date": day} for price, day in ((5, "2020-01-01"), (6, "2026-01-15"))
    ]
    bills = [bill(f"B{day}", 0, f"2026-01-{day}") for day in (14, 15, 16)]
    world = small_world(BILLS + PRICED, {"part": prices, "bill": bills})
    assert [row["amount"] for row in world.rows("ledger line", "line", "amount")] == [17, 17]


def test_what_uses_up_a_limit_to_the_last_unit_passes() -> None:
    # A tenth of 100 units may be counted early: 6 and 4 are 10.
    days = (("B", "2026-02-01", 6), ("C", "2026-02-02", 4), ("D", "2026-02-03", 1))
    sales = [sale("A", "ACME", "2026-01-10", 100), *(sale(name, "ACME", day, units) for name, day, units in days)]
    shipped: Rows = [{"document": "S", "partner": "ACME", "ship-date": "2026-01-02", "quantity": 300}]
    world = small_world(LATE, {**MASTERS, "shipment": shipped, "sale": sales})
    names = {row["fact"]: row["document"] for row in world.rows("sale as loaded", "document", "fact")}
    assert sorted(str(names[row["fact"]]) for row in world.rows("adjustment counted-late", "fact")) == ["B", "C"]
