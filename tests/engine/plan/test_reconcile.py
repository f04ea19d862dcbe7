"""The reported side of a reconciliation: a count near the period's end, rolled to it by what moved between."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.small_world import HEAD, Inputs, small_world

SHELF = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    arrival-date, sale-date, count-date are dates
    reported-for is a period
register part identified by code
stock for each part
    outside, shelf
kind arrival moves outside to shelf on arrival-date identified by document
    has part, quantity
kind sale moves shelf to outside on sale-date identified by document
    has part, quantity, reported-for
kind count states shelf on count-date identified by part, count-date
    has quantity
reconciliation shelf-count for each part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 5 days of period end
    opens from adjusted closing stock
    amount variance is reported - expected, but 0 when reported is missing
"""
)
DRAWN_IN = """\
adjustment next-period-sale of shelf-count in stage date for each sale
    when sale-date is after period end
     and reported-for is period
    then count it at period end
"""


def shelf(*sales: tuple[str, str], counted: str, units: int) -> Inputs:
    """Ten arrive in January and three on 2 February; one unit is sold at each (date, reported-for)."""
    return {
        "part": [{"part": "X1"}],
        "arrival": [
            {"document": "A1", "part": "X1", "quantity": 10, "arrival-date": "2026-01-10"},
            {"document": "A2", "part": "X1", "quantity": 3, "arrival-date": "2026-02-02"},
        ],
        "sale": [
            {"document": f"S{at}", "part": "X1", "quantity": 1, "sale-date": day, "reported-for": period}
            for at, (day, period) in enumerate(sales)
        ],
        "count": [{"part": "X1", "count-date": counted, "quantity": units}],
    }


@pytest.mark.parametrize(
    ("counted", "units", "reported"),
    [
        ("2026-01-29", 10, 9),
        ("2026-01-31", 9, 9),
        ("2026-02-01", 8, 9),
        ("2026-02-02", 11, 9),
        ("2026-02-05", 11, 9),
        ("2026-02-06", 11, None),
    ],
)
@pytest.mark.parametrize("adjustment", ["", DRAWN_IN])
def test_a_count_is_rolled_to_the_period_end_by_what_moved_between(
    counted: str, units: int, reported: int | None, adjustment: str
) -> None:
    sales = (("2026-01-30", "FY2026-P01"), ("2026-02-01", "FY2026-P02"))
    text = SHELF.replace("    amount variance", "    stages date\n    amount variance") if adjustment else SHELF
    world = small_world(text + adjustment, shelf(*sales, counted=counted, units=units))
    [row] = world.rows("shelf-count", "expected", "reported")
    assert row == {"expected": 9, "reported": None if reported is None else Decimal(reported)}


def test_what_moves_after_the_end_stays_out_of_the_stock_of_the_period() -> None:
    world = small_world(SHELF, shelf(("2026-02-01", "FY2026-P02"), counted="2026-02-03", units=12))
    assert [row["closing"] for row in world.rows("stock", "bucket", "closing") if row["bucket"] == "shelf"] == [10]
    assert world.rows("sale") == []
    assert [row["variance"] for row in world.rows("shelf-count", "variance")] == [0]
