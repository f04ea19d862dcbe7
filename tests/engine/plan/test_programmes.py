"""Facts beside registers, sums within days that a key names, and the rebate they make: tiers, outlook, true-up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tests.support.small_world import HEAD, SmallWorld, small_world

REBATES = (
    HEAD
    + """\
terms
    code, document are text
    quantity, from-volume, volume are quantities
    unit-price, unit-rebate are prices
    starts, ends, bill-date, outlook-date are dates
register partner identified by code
register programme identified by code
    has partner, starts, ends
register programme-tier identified by programme with bands by from-volume
    has unit-rebate
kind bill moves nothing on bill-date identified by document
    has partner, quantity, unit-price
kind outlook moves nothing on outlook-date identified by document
    has programme, volume
accounts ledger
    | role             | account | title         | type      | normal | nature   |
    | receivable       | 1210    | "Receivables" | asset     | debit  | monetary |
    | refund-liability | 2410    | "Rebate owed" | liability | credit | monetary |
    | revenue          | 4010    | "Revenue"     | revenue   | credit | monetary |
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(quantity * unit-price)
    debit  receivable price
    credit revenue    price
amount bought-under for each bill, programme
    when programme.partner is partner
    is quantity
amount bought for each programme, period
    is sum of bought-under since programme.starts through programme.ends
amount foreseen for each programme, period
    is last-outlook, but bought when no outlook exists for programme
amount last-outlook for each programme, period
    is outlook.volume at the latest outlook.outlook-date
amount right for each programme, period
    is rounded(bought * programme-tier.unit-rebate at the band of foreseen)
journal accrue for each programme, period posts on period end in fiscal
    true up refund-liability to right, offset to revenue
"""
)
# Case 60 of the published cases (a retrospective volume discount): 480 a unit, 432 each once more than 600 are bought
# in the year; 75 in the first quarter, when fewer than 600 are foreseen, 225 in the second, when more are.
MASTERS: dict[str, list[dict[str, object]]] = {
    "partner": [{"partner": "DATATECH"}, {"partner": "OTHER"}],
    "programme": [{"programme": "V", "partner": "DATATECH", "starts": "2026-01-10", "ends": "2026-12-20"}],
    "programme-tier": [
        {"programme": "V", "from-volume": 1, "unit-rebate": 0},
        {"programme": "V", "from-volume": 601, "unit-rebate": 48},
    ],
}


def bill(document: str, day: str, quantity: int, partner: str = "DATATECH") -> dict[str, object]:
    return {"document": document, "bill-date": day, "quantity": quantity, "partner": partner, "unit-price": 480}


def outlook(document: str, day: str, volume: int) -> dict[str, object]:
    return {"document": document, "outlook-date": day, "volume": volume, "programme": "V"}


FIRST = {"bill": [bill("A", "2026-01-15", 75)], "outlook": [outlook("1", "2026-01-31", 500)]}
SECOND = {
    "bill": [*FIRST["bill"], bill("B", "2026-02-15", 225)],
    "outlook": [*FIRST["outlook"], outlook("2", "2026-02-28", 700)],
}


def closed(*inputs: Mapping[str, list[dict[str, object]]]) -> list[SmallWorld]:
    worlds: list[SmallWorld] = []
    for index, facts in enumerate(inputs, start=1):
        before = worlds[-1] if worlds else None
        worlds.append(small_world(REBATES, {**MASTERS, **facts}, f"FY2026-P0{index}", before=before))
    return worlds


def revenue(world: SmallWorld) -> Decimal:
    rows = world.rows("ledger line", "role", "side", "amount")
    signed = (
        Decimal(str(row["amount"])) * (1 if row["side"] == "credit" else -1) for row in rows if row["role"] == "revenue"
    )
    return sum(signed, Decimal(0))


def test_a_retrospective_discount_is_caught_up_when_the_outlook_changes() -> None:
    first, second = closed(FIRST, SECOND)
    assert revenue(first) == 36_000
    assert revenue(second) == 93_600
    owed = [
        row for row in second.rows("ledger line", "programme", "role", "amount") if row["role"] == "refund-liability"
    ]
    assert owed == [{"programme": "V", "role": "refund-liability", "amount": Decimal(14_400)}]


def test_only_the_days_of_the_programme_and_its_partner_count() -> None:
    early, late, other = bill("X", "2026-01-09", 10), bill("Y", "2026-01-10", 1), bill("Z", "2026-01-20", 99, "OTHER")
    facts = {**SECOND, "bill": [*FIRST["bill"], early, late, other]}
    [january] = closed({**facts, "outlook": [outlook("1", "2026-01-31", 700)]})
    owed = [row["amount"] for row in january.rows("ledger line", "role", "amount") if row["role"] == "refund-liability"]
    assert owed == [Decimal(48 * 76)]


def test_a_programme_after_its_last_day_counts_no_more() -> None:
    ended = {**MASTERS, "programme": [{**MASTERS["programme"][0], "ends": "2026-02-14"}]}
    january = small_world(REBATES, {**ended, **FIRST}, "FY2026-P01")
    february = small_world(REBATES, {**ended, **SECOND}, "FY2026-P02", before=january)
    owed = [
        row["amount"] for row in february.rows("ledger line", "role", "amount") if row["role"] == "refund-liability"
    ]
    assert owed == [Decimal(48 * 75)]
