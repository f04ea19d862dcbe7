"""Facts put in the place of one: by days, to the last unit, and by rows of a register; over closes, and what stops."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, Inputs, SmallWorld, small_world

SHOP = (
    HEAD.replace(
        "    days begin at midnight in America/New_York\n",
        "    days begin at midnight in America/New_York\n"
        "    working days monday, tuesday, wednesday, thursday, friday except holiday\n",
    )
    + """\
terms
    code, invoice, line are text
    quantity is a quantity
    per-kit is a number
    sale-date, covers-from, day-date, count-date, receipt-date, date are dates
    kit, old-part are parts
register company identified by code
register partner identified by code
register part identified by code
register holiday identified by date
register component identified by kit, part
    has per-kit
register successor identified by old-part, part with history by date
stock for each company, partner, part
    own, shelf, customer
kind receipt moves own to shelf on receipt-date identified by company, partner, invoice
    has part, quantity
kind sale moves shelf to customer on sale-date identified by company, partner, invoice, line
    has part, quantity and perhaps covers-from
kind day-sale moves nothing on day-date identified by company, partner, invoice, line, day-date
    has quantity
kind tally states shelf on count-date identified by company, partner, part, count-date
    has quantity
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported tally.quantity, latest within 3 days of period end
    stages renumber, unpack, complete
    amount variance is reported - expected, but 0 when reported is missing
adjustment new-number of siso in stage renumber for each sale
    when a successor exists for part as old-part
    then replace it by successor of quantity
adjustment unpacked of siso in stage unpack for each sale
    when a component exists for part as kit
    then replace it by component of quantity * component.per-kit
adjustment week of siso in stage complete for each sale
    when covers-from is not missing
    then split it by week-to-days marked estimated
allocation week-to-days for each sale
    spreads quantity over day in proportion to day.working when day is at least covers-from and day is at most sale-date
    leftover units by largest remainder, ties by day
exception reported-by-day to week-to-days
    when a day-sale exists for partner, invoice, line
    spreads quantity over day in proportion to sum of day-sale.quantity
    leftover units by largest remainder, ties by day
"""
)
PERIODS = ("FY2026-P01", "FY2026-P02", "FY2026-P03")
ENDS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))


def sale(invoice: str, day: str, quantity: object, since: str | None = None, part: str = "X1") -> dict[str, object]:
    return {
        "partner": "ACME", "invoice": invoice, "line": "1", "sale-date": day, "part": part, "quantity": quantity,
        "covers-from": since,
    }  # fmt: skip


def ran(inputs: Inputs, period: str = PERIODS[0], before: SmallWorld | None = None, text: str = SHOP) -> SmallWorld:
    return small_world(text, inputs, period, before=before, threads=1)


def by_day(world: SmallWorld) -> dict[str, object]:
    return {
        str(row["sale-date"])[5:]: Decimal(str(row["quantity"])) for row in world.rows("sale", "sale-date", "quantity")
    }


def test_a_week_is_split_over_its_working_days_or_those_reported_to_the_last_unit() -> None:
    # Monday 5 to Sunday 11 January 2026; Wednesday is a holiday: 10 units over four days, two are left over.
    days = [("2026-01-17", 3), ("2026-01-18", 4)]
    inputs: Inputs = {
        "sale": [sale("W1", "2026-01-11", 10, "2026-01-05"), sale("W2", "2026-01-18", 10, "2026-01-12")],
        "holiday": [{"date": "2026-01-07"}],
        "day-sale": [
            {"partner": "ACME", "invoice": "W2", "line": "1", "day-date": day, "quantity": units} for day, units in days
        ],
    }
    world = ran(inputs)
    # 10 * 3 / 7 = 4 2/7 and 10 * 4 / 7 = 5 5/7: the unit left over goes to the larger remainder.
    assert by_day(world) == {"01-05": 3, "01-06": 3, "01-08": 2, "01-09": 2, "01-17": 4, "01-18": 6}
    rows = world.rows("sale", "made-by", "mark", "invoice", "covers-from")
    assert {(row["made-by"], row["mark"], row["invoice"], str(row["covers-from"])) for row in rows} == {
        ("week", "estimated", "W1", "2026-01-05"), ("week", "estimated", "W2", "2026-01-12"),
    }  # fmt: skip
    loaded = {row["fact"]: row["invoice"] for row in world.rows("sale as loaded", "fact", "invoice")}
    assert all(loaded[row["made-from"]] == row["invoice"] for row in world.rows("sale", "made-from", "invoice"))


def shares(quantity: int, days: list[date], holidays: set[date]) -> dict[date, int]:
    """The oracle: one unit at a time in fractions of the working days, leftovers to the earliest."""
    working = [one for one in days if one.weekday() < 5 and one not in holidays]
    each, left = divmod(abs(quantity), len(working))
    sign = 1 if quantity > 0 else -1
    return {one: sign * (each + (place < left)) for place, one in enumerate(working) if each + (place < left)}


def test_over_closes_every_day_gets_its_units_once() -> None:
    draw = random.Random(7)
    holidays = {date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16)}
    weeks: list[tuple[date, dict[str, object]]] = []
    expected: dict[str, dict[date, int]] = {}
    for number in range(40):
        monday = date(2025, 12, 29) + timedelta(days=7 * draw.randrange(12))
        days = [monday + timedelta(days=one) for one in range(draw.choice((7, 7, 14)))]
        quantity, part = draw.randrange(-20, 200) or 7, draw.choice("XY")
        sent = days[-1] + timedelta(days=draw.choice((-3, 3, 35)))
        known = next((end for end in ENDS if sent <= end + timedelta(days=5)), ENDS[-1])
        week = sale(f"W{number}", str(days[-1]), quantity, str(monday), part)
        weeks.append((known, {**week, "known-at": known}))
        expected[f"W{number}"] = shares(quantity, days, holidays)
    inputs: dict[str, list[Mapping[str, object]]] = {"holiday": [{"date": str(one)} for one in sorted(holidays)]}
    world: SmallWorld | None = None
    seen: dict[tuple[str, date], int] = defaultdict(int)
    for period, end in zip(PERIODS, ENDS, strict=True):
        world = ran({**inputs, "sale": [one for known, one in weeks if known <= end]}, period, world)
        for row in world.rows("sale", "invoice", "sale-date", "quantity"):
            day = date.fromisoformat(str(row["sale-date"]))
            seen[str(row["invoice"]), day] += int(Decimal(str(row["quantity"])))
            assert day <= end
    for invoice, of_days in expected.items():
        assert {day: units for (name, day), units in seen.items() if name == invoice} == of_days


def test_a_week_of_an_old_number_of_a_kit_is_renamed_unpacked_and_split_once() -> None:
    inputs: Inputs = {
        "successor": [{"old-part": "OLD", "part": "KIT", "date": "2026-01-01"}],
        "component": [{"kit": "KIT", "part": "A", "per-kit": 2}, {"kit": "KIT", "part": "B", "per-kit": 1}],
        "sale": [sale("W1", "2026-02-01", 3, "2026-01-30", "OLD"), sale("W2", "2026-02-03", 3, "2026-01-30", "OLD")],
    }
    first = ran(inputs)
    wanted = ("invoice", "part", "sale-date", "quantity")
    assert [(row["invoice"], row["part"], row["quantity"]) for row in first.rows("sale", *wanted)] == [
        ("W1", "A", Decimal(6)), ("W1", "B", Decimal(3)), ("W2", "A", Decimal(2)), ("W2", "B", Decimal(1)),
    ]  # fmt: skip
    second = ran(inputs, PERIODS[1], first)
    assert [(row["invoice"], row["part"], row["quantity"]) for row in second.rows("sale", *wanted)] == [
        ("W2", "A", Decimal(2)), ("W2", "A", Decimal(2)), ("W2", "B", Decimal(1)), ("W2", "B", Decimal(1)),
    ]  # fmt: skip
    third = ran(inputs, PERIODS[2], second)
    assert third.rows("sale") == []
    known = third.run.world.known("sale")
    assert sum(Decimal(str(row["quantity"])) for row in third.rows(known, "quantity")) == 18


def test_a_week_sent_twice_is_left_out_once_and_for_all() -> None:
    twins = """\
adjustment twin of siso in stage renumber for each sale
    when two agree on partner, part, quantity, covers-from and their sale-date differs by at most 1 days
    then exclude the later by known-at
"""
    weeks = [sale("W1", "2026-02-03", 6, "2026-01-29"), {**sale("W9", "2026-02-03", 6, "2026-01-29")}]
    sent = [{**one, "known-at": f"2026-01-3{place}"} for place, one in enumerate(weeks)]
    text = SHOP.replace("adjustment new-number", twins + "adjustment new-number")
    first = ran({"sale": sent}, text=text)
    again = [{**weeks[0], "invoice": f"A{number}", "known-at": f"2026-0{number}-20"} for number in (2, 3)]
    second = ran({"sale": [*sent, again[0]]}, PERIODS[1], first, text)
    assert (by_day(first), by_day(second)) == ({"01-29": 2, "01-30": 2}, {"02-02": 1, "02-03": 1})
    third = ran({"sale": [*sent, *again]}, PERIODS[2], second, text)
    assert by_day(third) == {}


def test_what_cannot_be_parted_stops_the_run() -> None:
    weekend = {"sale": [sale("W1", "2026-01-11", 10, "2026-01-10")]}
    with pytest.raises(RunStopped, match="no part takes a share"):
        ran(weekend)
    with pytest.raises(RunStopped, match="no day to share OUR-COMPANY ACME W1 1 over"):
        ran({"sale": [sale("W1", "2026-01-11", 10, "2026-01-12")]})
    with pytest.raises(RunStopped, match="not rounded"):
        ran({"sale": [sale("W1", "2026-01-09", "1.5", "2026-01-05")]})
    twice = [{"old-part": "OLD", "part": part, "date": "2026-01-01"} for part in ("X", "Y")]
    with pytest.raises(RunStopped, match="several rows for OUR-COMPANY ACME S1 1"):
        ran({"successor": twice, "sale": [sale("S1", "2026-01-09", 1, None, "OLD")]})
    third = [{"kit": "KIT", "part": "A", "per-kit": "0.3333"}]
    with pytest.raises(RunStopped, match="less than a thousandth"):
        ran({"component": third, "sale": [sale("S1", "2026-01-09", 1, None, "KIT")]})
    alike = SHOP.replace("in stage unpack", "in stage renumber")
    old_kit: Inputs = {
        "successor": [{"old-part": "KIT", "part": "X", "date": "2026-01-01"}],
        "component": [{"kit": "KIT", "part": "A", "per-kit": 2}],
        "sale": [sale("S1", "2026-01-09", 1, None, "KIT")],
    }
    with pytest.raises(RunStopped, match="`new-number` and `unpacked` both act on OUR-COMPANY ACME S1 1"):
        ran(old_kit, text=alike)
