"""A price shared over the periods of a service: each posts its own, late ones are caught up, and what stops."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.engine.plan.test_allocations import naive
from tests.support.small_world import HEAD, SmallWorld, small_world

SERVICES = (
    HEAD
    + """\
terms
    code, order, line are text
    price, ssp are money
    satisfied is one of on-delivery, over-time
    order-date, service-start, service-end are dates
kind bundle-order moves nothing on order-date identified by order
    has price
kind bundle-line moves nothing on order-date identified by order, line
    has ssp, satisfied and perhaps service-start, service-end
accounts ledger
    | role     | account | title      | type      | normal | nature   |
    | position | 1510    | "Position" | asset     | debit  | monetary |
    | revenue  | 4010    | "Revenue"  | revenue   | credit | monetary |
allocation bundle-price for each bundle-order
    spreads bundle-order.price over bundle-line in proportion to bundle-line.ssp
    leftover cents by largest remainder, ties by line
amount service-days for each bundle-line, period
    when service-start is not missing
     and service-end is not missing
    is earlier of (period end, service-end) - later of (period start, service-start) + 1 days
    floored at 0 days
allocation service-by-period for each bundle-line
    spreads bundle-price over period in proportion to service-days when satisfied is over-time
    leftover cents by largest remainder, ties by period
journal recognise-service for each bundle-line, period posts on period end in fiscal
    when satisfied is over-time
    debit  position service-by-period
    credit revenue  service-by-period
"""
)
ABROAD = (
    SERVICES.replace(
        "    overlays may change",
        "    lines convert at spot rate on the posting date, difference to position\n    overlays may change",
    )
    .replace(
        "terms\n    code",
        "rates spot from erp-spot quoted to USD, stale after 31 days, missing stops the run, crossed through USD\n"
        "terms\n    code",
    )
    .replace("    debit  position service", "    converts at spot rate on order-date\n    debit  position service")
)
FOR_EVER = SERVICES.replace("earlier of (period end, service-end)", "period end")
Facts = dict[str, list[dict[str, object]]]


def order(name: str, price: object, known: str = "2026-01-10") -> dict[str, object]:
    return {"order": name, "order-date": "2026-01-10", "price": price, "known-at": known}


def line(
    name: str, number: int, ssp: object, start: object = None, end: object = None, known: str = "2026-01-10"
) -> dict[str, object]:
    return {
        "order": name, "line": f"{number:03}", "order-date": "2026-01-10", "ssp": ssp, "known-at": known,
        "satisfied": "on-delivery" if start is None else "over-time", "service-start": start, "service-end": end,
    }  # fmt: skip


def closed(world: SmallWorld) -> list[tuple[object, Decimal]]:
    """The revenue of a close by the period it belongs to."""
    rows = world.rows("ledger line", "side", "origin", "amount")
    return [(row["origin"], Decimal(str(row["amount"]))) for row in rows if row["side"] == "credit"]


def test_each_period_posts_its_own_part_and_a_late_order_what_it_missed() -> None:
    # A: 100 of which 60 are a service of 75 days, 16 in January, 28, 31: 12.80, 22.40 and 24.80.
    # B becomes known in March: 73 over 59 days from 1 February, 28 and 31: 34.6440 and 38.3559, so 34.64 and 38.36.
    facts: Facts = {
        "bundle-order": [order("A", 100), order("B", 73, "2026-03-02")],
        "bundle-line": [
            line("A", 1, 40),
            line("A", 2, 60, "2026-01-16", "2026-03-31"),
            line("B", 1, 1, "2026-02-01", "2026-03-31", "2026-03-02"),
        ],
    }
    known = {name: [row for row in rows if row["known-at"] < "2026-03"] for name, rows in facts.items()}  # type: ignore[operator]
    january = small_world(SERVICES, known)
    february = small_world(SERVICES, known, "FY2026-P02", before=january)
    march = small_world(SERVICES, facts, "FY2026-P03", before=february)
    april = small_world(SERVICES, facts, "FY2026-P04", before=march)
    assert closed(january) == [("FY2026-P01", Decimal("12.80"))]
    assert closed(february) == [("FY2026-P02", Decimal("22.40"))]
    # March's own are 24.80 of A and 38.36 of B.
    assert closed(march) == [("FY2026-P02", Decimal("34.64")), ("FY2026-P03", Decimal("63.16"))]
    assert closed(april) == []


def test_a_line_that_comes_to_an_order_after_a_hard_close_stops_the_run() -> None:
    # Shared anew, the first line would be worth 50 where 100 is being posted for it: 117.23 would be earned of 100.
    orders, first = [order("A", 100)], line("A", 1, 50, "2026-01-01", "2026-03-31")
    january = small_world(SERVICES, {"bundle-order": orders, "bundle-line": [first]})
    late = line("A", 2, 50, "2026-01-01", "2026-03-31", "2026-02-10")
    with pytest.raises(RunStopped, match="was shared by a hard close before bundle-line A 002 became known"):
        small_world(SERVICES, {"bundle-order": orders, "bundle-line": [first, late]}, "FY2026-P02", before=january)


def test_random_services_are_shared_as_by_hand_and_foot() -> None:
    source, first = random.Random(20260110), date(2026, 1, 1)
    orders, lines, expected = [], [], []
    for number in range(150):
        name, price = f"O{number:03}", Decimal(source.randint(1, 10_000_000)) / 100
        start = first + timedelta(days=source.randint(0, 300))
        end = start + timedelta(days=source.randint(0, 500))
        orders.append(order(name, price))
        lines.append(line(name, 1, 1, start, end))
        months: dict[str, int] = {}
        for at in range((end - start).days + 1):
            day = start + timedelta(days=at)
            months[f"FY{day.year}-P{day.month:02}"] = months.get(f"FY{day.year}-P{day.month:02}", 0) + 1
        parts = naive(price, [Decimal(one) for one in months.values()])
        assert sum(parts) == price
        expected += [(name, period, part) for period, part in zip(months, parts, strict=True) if part]
    world = small_world(SERVICES, {"bundle-order": orders, "bundle-line": lines})
    rows = world.rows("allocation service-by-period", "order", "period", "service-by-period")
    assert [tuple(row.values()) for row in rows if row["service-by-period"]] == expected


def test_what_is_booked_foots_over_lines_and_periods() -> None:
    # EUR 0.10 over two like services of January and February, 31 and 28 days: 0.05 each, 0.03 and 0.02 of it. At 1.1111
    # the running totals 0.03, 0.05, 0.08 and 0.10 are worth 0.03, 0.06, 0.09 and 0.11.
    lines = [line("A", at, 1, "2026-01-01", "2026-02-28") | {"currency": "EUR"} for at in (1, 2)]
    facts: Facts = {
        "bundle-order": [order("A", "0.10") | {"currency": "EUR"}],
        "bundle-line": lines,
        "spot": [{"currency": "EUR", "date": "2026-01-10", "rate": "1.1111"}],
    }
    january = small_world(ABROAD, facts)
    february = small_world(ABROAD, facts, "FY2026-P02", before=january)
    found = [
        [
            (row["amount"], row["booked"])
            for row in one.rows("ledger line", "side", "amount", "booked")
            if row["side"] == "credit"
        ]
        for one in (january, february)
    ]
    assert found == [[(Decimal("0.06"), Decimal("0.06"))], [(Decimal("0.04"), Decimal("0.05"))]]


@pytest.mark.parametrize(
    ("rules", "given", "said"),
    [
        (SERVICES, line("A", 1, 1, "2026-02-01"), "cannot be shared.*first at order A, line 001"),
        (SERVICES, line("A", 1, 1, "2026-02-01", "2262-03-31"), "from 2026-02-01 to 2262-03-31; more than 100 years"),
        (FOR_EVER, line("A", 1, 1, "2026-02-01", "2026-03-31"), "weighs in a period that lies outside the days"),
    ],
    ids=["no end", "mistyped", "weighs for ever"],
)  # fmt: skip
def test_what_cannot_be_shared_over_periods_stops_the_run(rules: str, given: Mapping[str, object], said: str) -> None:
    lines: Sequence[Mapping[str, object]] = [given]
    with pytest.raises(RunStopped, match=said) as stop:
        small_world(rules, {"bundle-order": [order("A", 10)], "bundle-line": lines})
    assert stop.value.code == "T424"
