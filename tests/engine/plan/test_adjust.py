"""Adjustments, stage by stage: what each action does to facts, to stock, to the comparison and to the next period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.support.small_world import HEAD, Inputs, Rows, SmallWorld, small_world

SHOP = (
    HEAD
    + """\
terms
    code, document, line, invoice are text
    quantity is a quantity
    ship-date, receipt-date, sale-date, count-date, date are dates
    reported-for is a period
    counts-road is yes or no
register company identified by code
register partner identified by code
    has counts-road
register part identified by code
stock for each company, partner, part
    own, road, shelf, customer
kind shipment moves own to road on ship-date identified by company, document
    has partner, part, quantity
kind receipt moves road to shelf on receipt-date identified by company, document, line
    has partner, part, quantity
kind sale moves shelf to customer on sale-date identified by company, partner, invoice, line
    has part, quantity, reported-for
kind tally states shelf on count-date identified by company, partner, part, count-date
    has quantity
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported tally.quantity, latest within 3 days of period end
    reported includes road when partner.counts-road is yes
    stages clean, complete, absorb
    amount variance is reported - expected, but 0 when reported is missing
"""
)
TWINS = """\
adjustment twin of siso in stage clean for each sale
    when two agree on partner, part, quantity, invoice and their sale-date differs by at most 2 days
    then exclude the later by known-at
"""
DATES = """\
adjustment mistyped of siso in stage clean for each sale
    when reported-for is period
     and sale-date is after period end + 5 days
    then date it at period end
adjustment cut-off of siso in stage clean for each sale
    when sale-date is after period end
     and sale-date is at most period end + 5 days
     and reported-for is period
    then count it at period end
adjustment too-old of siso in stage clean for each sale
    when sale-date is before period start
    then date it at previous period start
"""
ARRIVED = """\
adjustment arrived of siso in stage complete for each shipment
    when quantity is over sum of receipt.quantity
     and ship-date + 10 days is at most period end
    then record receipt of quantity - sum of receipt.quantity dated ship-date + 10 days marked estimated
    reverses on next period start
    effective from 2026-01-05
"""
SOLD_ON = """\
terms
    unit-price is a price
layers channel over shelf for each company, partner, part
    carry unit-price
    leave oldest first by receipt-date
    units sold beyond stock wait for the next receipt
    late facts catch up in the open period
    leftover cents follow the running total
amount unit-price for each receipt is 3 USD
adjustment sold-on of siso in stage complete for each shipment
    when ship-date is at least period start
    then record sale of quantity dated ship-date
accounts ledger
    | role    | account | title     | type    | normal | nature       |
    | owed    | 1210    | "Owed"    | asset   | debit  | monetary     |
    | revenue | 4010    | "Revenue" | revenue | credit | non-monetary |
journal earn for each layer touched by sale posts on event-date in fiscal
    amount gross is rounded(quantity * layer.unit-price)
    debit  owed    gross
    credit revenue gross
"""
ABSORB = """\
adjustment gone of siso in stage absorb for each siso
    when reported is not missing
     and expected is over reported
    then record sale of expected - reported dated period end marked adjusted
control marked-sales for each sale
    needs mark is missing
    otherwise raise adjusted low to controller
"""


def ran(items: str, inputs: Inputs, period: str = "FY2026-P01", before: SmallWorld | None = None) -> SmallWorld:
    partners = {"partner": [{"partner": "ACME", "counts-road": False}, {"partner": "BOLT", "counts-road": True}]}
    return small_world(SHOP + items, {**partners, **inputs}, period, before=before)


def shipment(document: str, day: str, quantity: object, partner: str = "ACME") -> dict[str, object]:
    return {"document": document, "ship-date": day, "quantity": quantity, "partner": partner, "part": "X1"}


def receipt(document: str, line: str, day: str, quantity: object, partner: str = "ACME") -> dict[str, object]:
    return {
        "document": document,
        "line": line,
        "receipt-date": day,
        "quantity": quantity,
        "partner": partner,
        "part": "X1",
    }


def sale(invoice: str, line: str, day: str, quantity: object = 1, **more: object) -> dict[str, object]:
    return {
        "invoice": invoice, "line": line, "sale-date": day, "quantity": quantity, "partner": "ACME", "part": "X1",
        "reported-for": "FY2026-P01", **more,
    }  # fmt: skip


def tally(day: str, quantity: object, partner: str = "ACME") -> dict[str, object]:
    return {"count-date": day, "quantity": quantity, "partner": partner, "part": "X1"}


def siso(world: SmallWorld, partner: str = "ACME", name: str = "siso") -> tuple[object, object]:
    """Expected and reported units of a partner."""
    row = next(row for row in world.rows(name, "partner", "expected", "reported") if row["partner"] == partner)
    return row["expected"], row["reported"]


def closing(world: SmallWorld, bucket: str, partner: str = "ACME") -> Decimal:
    rows = world.rows("stock", "bucket", "partner", "closing")
    return sum(
        (Decimal(str(row["closing"])) for row in rows if (row["bucket"], row["partner"]) == (bucket, partner)),
        Decimal(0),
    )


def sales(world: SmallWorld, *names: str) -> Rows:
    return world.rows("sale", "invoice", "line", "sale-date", *names)


# ---- twins -----------------------------------------------------------------------------------------------------------


def test_of_a_chain_of_twins_the_first_known_stays() -> None:
    inputs = {
        "sale": [
            sale("I1", "1", "2026-01-10", **{"known-at": "2026-01-20"}),
            sale("I1", "2", "2026-01-12", **{"known-at": "2026-01-18"}),
            sale("I1", "3", "2026-01-14", **{"known-at": "2026-01-19"}),
            sale("I1", "4", "2026-01-17"),
            sale("I1", "5", "2026-01-10", 2),
            sale("I2", "6", "2026-01-10"),
        ]
    }
    world = ran(TWINS, inputs)
    # A~B~C: A and C differ by four days, yet both are twins of B; B was known first.
    assert [row["line"] for row in sales(world)] == ["2", "4", "5", "6"]
    kept = {row["fact"]: row["kept"] for row in world.rows("adjustment twin", "fact", "kept")}
    assert len(kept) == 2
    assert len(set(kept.values())) == 1


def test_twins_known_alike_are_told_apart_by_date_then_identity_and_missing_agrees_with_missing() -> None:
    inputs = {
        "sale": [
            sale("I1", "2", "2026-01-10", **{"known-at": "2026-01-20", "part": None}),
            sale("I1", "1", "2026-01-10", **{"known-at": "2026-01-20", "part": None}),
            sale("I1", "3", "2026-01-09", **{"known-at": "2026-01-20"}),
            sale("I1", "4", "2026-01-10", **{"known-at": "2026-01-20"}),
        ]
    }
    assert [row["line"] for row in sales(ran(TWINS, inputs))] == ["1", "3"]


def test_a_twin_excluded_stays_out_of_later_periods() -> None:
    inputs = {"sale": [sale("I1", "1", "2026-01-31"), sale("I1", "2", "2026-01-31", **{"known-at": "2026-02-20"})]}
    first = ran(TWINS, {"sale": inputs["sale"][:1]})
    second = ran(TWINS, inputs, "FY2026-P02", first)
    assert closing(first, "customer") == 1
    # What is sent again after the close is an open fact: its twin lies in the closed period and stays.
    assert closing(second, "customer") == 1


# ---- dates -----------------------------------------------------------------------------------------------------------


def test_a_date_moved_is_the_facts_date_and_one_counted_moves_the_comparison_only() -> None:
    known = {"known-at": "2026-01-31"}
    inputs = {
        "receipt": [receipt("S1", "1", "2026-01-02", 10)],
        "sale": [
            sale("I1", "1", "2026-02-20", **known),
            sale("I2", "1", "2026-02-03", 2, **known),
            sale("I3", "1", "2026-01-15", 3),
        ],
        "tally": [tally("2026-01-31", 4)],
    }
    first = ran(DATES, inputs)
    assert [(row["invoice"], row["sale-date"]) for row in sales(first)] == [
        ("I1", date(2026, 1, 31)),
        ("I3", date(2026, 1, 15)),
    ]
    assert siso(first) == (4, 4)
    assert closing(first, "shelf") == 6
    second = ran(DATES, inputs, "FY2026-P02", first)
    assert [(row["invoice"], row["sale-date"]) for row in sales(second)] == [("I2", date(2026, 2, 3))]
    assert closing(second, "shelf") == 4


def test_a_date_is_never_moved_before_the_period_that_moves_it() -> None:
    late = sale("I1", "1", "2025-12-31", **{"known-at": "2026-01-15"})
    first = ran(DATES, {}, "FY2025-P12")
    second = ran(DATES, {"sale": [late]}, "FY2026-P01", first)
    assert [(row["invoice"], row["sale-date"]) for row in sales(second)] == [("I1", date(2026, 1, 1))]


# ---- recorded facts --------------------------------------------------------------------------------------------------


def test_a_recorded_fact_has_the_rows_fields_its_own_mark_and_is_taken_back_in_the_next_period() -> None:
    shipped = [shipment("S1", "2026-01-10", 10), shipment("S2", "2026-01-25", 7), shipment("S3", "2026-01-04", 5)]
    inputs = {"shipment": shipped, "receipt": [receipt("S1", "1", "2026-01-15", 4)]}
    first = ran(ARRIVED, inputs)
    names = ("document", "line", "quantity", "receipt-date", "mark", "made-by", "partner", "part")
    recorded = [row for row in first.rows("receipt", *names) if row["made-by"] is not None]
    assert recorded == [
        {
            "document": "S1", "line": None, "quantity": Decimal(6), "receipt-date": date(2026, 1, 20),
            "mark": "estimated", "made-by": "arrived", "partner": "ACME", "part": "X1",
        }
    ]  # fmt: skip
    assert closing(first, "shelf") == 10
    assert closing(first, "road") == 12
    later = {**inputs, "receipt": [*inputs["receipt"], receipt("S1", "2", "2026-02-10", 6)]}
    second = ran(ARRIVED, later, "FY2026-P02", first)
    rows = second.rows("receipt", "document", "quantity", "receipt-date", "made-by")
    assert [(row["document"], row["quantity"], str(row["receipt-date"]), row["made-by"]) for row in rows] == [
        ("S1", Decimal("-6"), "2026-02-01", "arrived"),
        ("S1", Decimal(6), "2026-02-10", None),
        ("S2", Decimal(7), "2026-02-04", "arrived"),
    ]
    assert closing(second, "shelf") == 17


def test_what_is_assumed_and_taken_back_is_assumed_again_while_nothing_arrives() -> None:
    inputs = {"shipment": [shipment("S1", "2026-01-10", 10)]}
    first = ran(ARRIVED, inputs)
    second = ran(ARRIVED, inputs, "FY2026-P02", first)
    third = ran(ARRIVED, inputs, "FY2026-P03", second)
    assert [closing(world, "shelf") for world in (first, second, third)] == [10, 10, 10]
    quantities = [[row["quantity"] for row in world.rows("receipt", "quantity")] for world in (first, second, third)]
    assert quantities == [[Decimal(10)], [Decimal(-10), Decimal(10)], [Decimal(-10), Decimal(10)]]
    numbers = [row["fact"] for world in (first, second, third) for row in world.rows("receipt", "fact")]
    assert len(set(numbers)) == 5


def test_a_recorded_sale_that_waits_over_a_close_shares_its_number_with_none_of_the_next_period() -> None:
    inputs = {
        "shipment": [shipment("S1", "2026-01-10", 10), shipment("S2", "2026-02-10", 7)],
        "receipt": [receipt("S1", "1", "2026-02-15", 30)],
    }
    first = ran(SOLD_ON, inputs)
    second = ran(SOLD_ON, inputs, "FY2026-P02", first)
    assert [row["quantity"] for row in second.rows("slice", "quantity")] == [Decimal(7), Decimal(10)]
    assert second.lines("earn") == [("debit", "owed", Decimal("51.00")), ("credit", "revenue", Decimal("51.00"))]


def test_absorbed_units_leave_the_comparison_even_and_carry_their_mark() -> None:
    inputs = {
        "shipment": [shipment("S2", "2026-01-02", 5, "BOLT")],
        "receipt": [receipt("S1", "1", "2026-01-02", 10), receipt("S2", "1", "2026-01-02", 5, "BOLT")],
        "tally": [tally("2026-01-31", 4)],
    }
    world = ran(ABSORB, inputs)
    assert siso(world) == (10, 4)
    assert siso(world, name="siso residual") == (4, 4)
    assert siso(world, "BOLT", "siso residual") == (5, None)
    assert len(world.rows("control marked-sales")) == 1
    recorded = world.rows("sale", "quantity", "sale-date", "mark", "reported-for", "partner", "part", "company")
    assert recorded == [
        {
            "quantity": Decimal(6), "sale-date": date(2026, 1, 31), "mark": "adjusted", "reported-for": None,
            "partner": "ACME", "part": "X1", "company": "OUR-COMPANY",
        }
    ]  # fmt: skip
    following = ran(ABSORB, inputs, "FY2026-P02", world)
    assert closing(following, "shelf") == 4


def test_an_adjustment_acts_on_facts_of_its_own_dates_only() -> None:
    items = ARRIVED.replace("effective from 2026-01-05", "effective from 2026-01-05 through 2026-01-10")
    shipped = [
        shipment("A", "2026-01-04", 1),
        shipment("B", "2026-01-05", 2),
        shipment("C", "2026-01-10", 4),
        shipment("D", "2026-01-11", 8),
    ]
    assert closing(ran(items, {"shipment": shipped}), "shelf") == 6


# ---- the comparison --------------------------------------------------------------------------------------------------


def test_goods_on_the_road_are_expected_of_partners_that_count_them() -> None:
    inputs = {
        "shipment": [shipment("S1", "2026-01-10", 3), shipment("S2", "2026-01-10", 4, "BOLT")],
        "receipt": [receipt("S0", "1", "2026-01-02", 10), receipt("S9", "1", "2026-01-02", 10, "BOLT")],
    }
    world = ran("", inputs)
    # S0 and S9 arrived without a shipment: the road is short of them.
    assert siso(world) == (10, None)
    assert siso(world, "BOLT") == (10 + 4 - 10, None)


def test_of_several_counts_the_latest_near_the_end_stands() -> None:
    inputs = {
        "receipt": [receipt("S1", "1", "2026-01-02", 20)],
        "tally": [tally("2026-01-30", 8), tally("2026-01-31", 9), tally("2026-01-20", 7)],
    }
    assert siso(ran("", inputs)) == (20, 9)
