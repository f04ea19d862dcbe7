"""Sums, counts, averages and `exists` over other rows: which rows count for whoever asks."""

from __future__ import annotations

from decimal import Decimal

from tests.support.small_world import HEAD, Inputs, SmallWorld, small_world

SHELF = (
    HEAD
    + """\
terms
    code, document, line, note are text
    quantity is a quantity
    unit-cost is a price
    in-date, out-date, claim-date, count-date, date are dates
register company identified by code
register partner identified by code
register part identified by code
stock for each company, partner, part
    outside, shelf
kind arrival moves outside to shelf on in-date identified by company, document, line
    has partner, part, quantity and perhaps note
kind sale moves shelf to outside on out-date identified by company, document
    has partner, part, quantity and perhaps note
kind claim moves nothing on claim-date identified by company, document
    has partner, part and perhaps note
kind tally states shelf on count-date identified by company, partner, part, count-date
    has quantity and perhaps unit-cost
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported tally.quantity, latest within 3 days of period end
    stages only
"""
)


def fact(document: str, dated: str, day: str, quantity: object = 1, **more: object) -> dict[str, object]:
    """A fact of ACME's X1 on a day."""
    return {"document": document, dated: day, "partner": "ACME", "part": "X1", "quantity": quantity, **more}


def sale(document: str, day: str, quantity: object = 1, **more: object) -> dict[str, object]:
    return fact(document, "out-date", day, quantity, **more)


def arrival(document: str, line: str, day: str, quantity: object = 1, **more: object) -> dict[str, object]:
    return fact(document, "in-date", day, quantity, line=line, **more)


def claim(document: str, day: str, **more: object) -> dict[str, object]:
    return {"document": document, "claim-date": day, "partner": "ACME", "part": "X1", **more}


def ran(items: str, inputs: Inputs, period: str = "FY2026-P01", before: SmallWorld | None = None) -> SmallWorld:
    return small_world(SHELF + items, inputs, period, before=before)


def by_document(world: SmallWorld, name: str) -> dict[str, object]:
    return {str(row["document"]): row[name] for row in world.values(name, "document")}


def test_a_sum_for_a_period_is_that_of_its_facts() -> None:
    items = "amount sold for each company, partner, part, period is sum of sale.quantity\n"
    inputs = {"sale": [sale("S1", "2026-01-01", 3), sale("S2", "2026-01-31", 4), sale("S3", "2026-02-01", 5)]}
    first = ran(items, inputs)
    assert first.values("sold", "part") == [{"part": "X1", "sold": Decimal(7)}]
    second = ran(items, inputs, "FY2026-P02", first)
    assert second.values("sold", "part") == [{"part": "X1", "sold": Decimal(5)}]


def test_nothing_sums_to_nothing_counts_to_nothing_and_has_no_average() -> None:
    items = """\
amount sold for each company, partner, part, period is sum of sale.quantity
amount often for each company, partner, part, period is count of sale
amount usual for each company, partner, part, period is average of sale.quantity
amount shown for each company, partner, part, period is rounded(usual), but 7 units when usual is missing
"""
    world = ran(items, {"arrival": [arrival("A1", "1", "2026-01-01")]})
    assert world.values("sold") == [{"sold": Decimal(0)}]
    assert world.values("often") == [{"often": Decimal(0)}]
    assert world.values("shown") == [{"shown": Decimal(7)}]


def test_an_average_is_kept_exact_and_rounds_once() -> None:
    items = """\
amount usual for each company, partner, part, period is average of sale.quantity
amount shown for each company, partner, part, period is rounded(usual * 100), but 0 units when usual is missing
"""
    world = ran(items, {"sale": [sale("S1", "2026-01-02"), sale("S2", "2026-01-02"), sale("S3", "2026-01-02", 2)]})
    assert world.values("usual") == [{"usual": Decimal(4), "usual:over": Decimal(3)}]
    assert world.values("shown") == [{"shown": Decimal(133)}]


def test_an_event_sees_what_was_there_up_to_its_day_closed_periods_included() -> None:
    items = """\
amount arrived for each claim is sum of arrival.quantity
amount lines for each claim is count of arrival
"""
    inputs = {
        "arrival": [
            arrival("D1", "1", "2026-01-05", 3),
            arrival("D1", "2", "2026-01-20", 4),
            arrival("D2", "1", "2026-01-20", 9),
            arrival("D3", "1", "2026-01-06", 1),
            arrival("D3", "2", "2026-02-10", 5),
        ],
        "claim": [
            claim("D1", "2026-01-19"),
            claim("D2", "2026-01-20"),
            claim("D3", "2026-02-09"),
            claim("D4", "2026-01-31"),
        ],
    }
    first = ran(items, inputs)
    assert by_document(first, "arrived") == {"D1": 3, "D2": 9, "D4": 0}
    assert by_document(first, "lines") == {"D1": 1, "D2": 1, "D4": 0}
    second = ran(items, inputs, "FY2026-P02", first)
    assert by_document(second, "arrived") == {"D3": 1}


def test_without_event_or_period_everything_up_to_the_periods_end_counts() -> None:
    items = """\
amount ever for each company, partner, part is sum of arrival.quantity
amount ever-arrived for each claim is ever
"""
    inputs = {
        "arrival": [
            arrival("D1", "1", "2026-01-05", 3),
            arrival("D2", "1", "2026-02-20", 4),
            arrival("D3", "1", "2026-03-01", 5),
        ],
        "claim": [claim("D1", "2026-01-01"), claim("D2", "2026-02-01")],
    }
    first = ran(items, inputs)
    assert by_document(first, "ever-arrived") == {"D1": 3}
    assert by_document(ran(items, inputs, "FY2026-P02", first), "ever-arrived") == {"D2": 7}


def test_a_test_of_the_rows_leaves_out_those_it_is_not_met_or_not_known_for() -> None:
    items = """\
amount noted for each company, partner, part, period
    is sum of (sale.quantity where sale.note is not missing and sale.quantity is over 1 units)
"""
    inputs = {
        "sale": [
            sale("S1", "2026-01-02", 5),
            sale("S2", "2026-01-02", 1, note="a"),
            sale("S3", "2026-01-02", 2, note="b"),
        ]
    }
    assert ran(items, inputs).values("noted") == [{"noted": Decimal(2)}]


def test_counts_dated_after_the_periods_end_belong_to_the_next() -> None:
    items = """\
amount stated for each company, partner, part, period is sum of (tally.unit-cost where tally.unit-cost is not missing)
control plausible for each tally
    needs quantity is at most 5 units
    otherwise raise odd low to controller
"""
    counts = [("2026-01-31", 6, 10), ("2026-02-02", 7, 100), ("2026-02-28", 8, 1000)]
    inputs = {
        "arrival": [arrival("A1", "1", "2026-01-01")],
        "tally": [
            {"partner": "ACME", "part": "X1", "count-date": day, "quantity": held, "unit-cost": cost}
            for day, held, cost in counts
        ],
    }
    first = ran(items, inputs)
    assert first.values("stated") == [{"stated": Decimal(10)}]
    assert [str(row["count-date"]) for row in first.rows("control plausible")] == ["2026-01-31"]
    second = ran(items, inputs, "FY2026-P02", first)
    assert second.values("stated") == [{"stated": Decimal(1100)}]
    assert [str(row["count-date"]) for row in second.rows("control plausible")] == ["2026-02-02", "2026-02-28"]


EXISTS = """\
control noted for each claim
    needs an arrival exists for partner, part, note {before}
    otherwise raise odd low to controller
control strange for each claim
    needs no arrival exists for document as line
    otherwise raise odd low to controller
"""


def test_exists_looks_up_to_the_askers_day_or_before_a_day_and_missing_equals_itself() -> None:
    inputs = {
        "arrival": [
            arrival("D1", "1", "2026-01-05"),
            arrival("D2", "1", "2026-01-05", note="a"),
            arrival("D9", "D5", "2026-01-05", note="b", part="X2"),
        ],
        "claim": [
            claim("D1", "2026-01-05"),
            claim("D2", "2026-01-04"),
            claim("D3", "2026-01-04", note="a"),
            claim("D4", "2026-01-06", note="a"),
            claim("D5", "2026-01-06", note="b"),
        ],
    }
    world = ran(EXISTS.format(before=""), inputs)
    assert [row["document"] for row in world.rows("control noted")] == ["D2", "D3", "D5"]
    assert [row["document"] for row in world.rows("control strange")] == ["D5"]
    earlier = ran(EXISTS.format(before="before claim-date"), inputs)
    assert [row["document"] for row in earlier.rows("control noted")] == ["D1", "D2", "D3", "D5"]


def test_a_window_over_facts_holds_both_its_days_and_none_after_the_period() -> None:
    items = """\
amount two-months for each company, partner, part, period is sum of sale.quantity within last 2 periods
amount quarter-so-far for each company, partner, part, period is sum of sale.quantity within last 1 quarters
amount two-quarters for each company, partner, part, period is sum of sale.quantity within last 2 quarters
amount last-month for each company, partner, part, period
    is sum of sale.quantity since previous period start through previous period end
amount fixed for each company, partner, part, period is sum of sale.quantity since 2026-01-31 through 2026-12-31
"""
    days = (
        "2025-09-30",
        "2025-10-01",
        "2025-12-31",
        "2026-01-01",
        "2026-01-31",
        "2026-02-01",
        "2026-02-28",
        "2026-03-01",
    )
    inputs = {"sale": [sale(f"S{at}", day, 10**at) for at, day in enumerate(days)]}
    before = ran(items, inputs)
    world = ran(items, inputs, "FY2026-P02", before)
    wanted = {
        "two-months": 1111000, "quarter-so-far": 1111000, "two-quarters": 1111110, "last-month": 11000,
        "fixed": 1110000,
    }  # fmt: skip
    assert {name: world.values(name)[0][name] for name in wanted} == wanted
