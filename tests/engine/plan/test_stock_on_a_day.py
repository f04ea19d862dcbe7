"""Units on a day: what had moved by its end, within a period and over a hard close."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tests.support.small_world import HEAD, SmallWorld, small_world

SHELF = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    in-date, out-date, cut-date are dates
register partner identified by code
register part identified by code
stock for each partner, part
    outside, shelf, customer
kind receipt moves outside to shelf on in-date identified by document
    has partner, part, quantity
kind sale moves shelf to customer on out-date identified by document
    has partner, part, quantity
kind price-cut moves nothing on cut-date identified by partner, part, cut-date
accounts ledger
    | role | account | title  | type  | normal | nature   |
    | cash | 1000    | "Cash" | asset | debit  | monetary |
report held-at-cut for each price-cut
    shows held, at-start
amount held for each price-cut is shelf
amount at-start for each price-cut is shelf on previous period end
amount partner-held for each partner, period is shelf on 2026-01-15
report mid-month for each partner, period
    shows partner-held
"""
)


def moved(kind: str, document: str, day: str, quantity: int, part: str = "X") -> dict[str, object]:
    on = "in-date" if kind == "receipt" else "out-date"
    return {"document": document, on: day, "partner": "ACME", "part": part, "quantity": quantity}


JANUARY = {
    "receipt": [moved("receipt", "1", "2026-01-05", 10), moved("receipt", "2", "2026-01-20", 5, "Y")],
    "sale": [moved("sale", "3", "2026-01-10", 3), moved("sale", "4", "2026-01-31", 2)],
}


def cut(day: str, part: str = "X") -> dict[str, object]:
    return {"partner": "ACME", "part": part, "cut-date": day}


def ran(
    facts: Mapping[str, list[dict[str, object]]], period: str = "FY2026-P01", before: SmallWorld | None = None
) -> SmallWorld:
    masters: dict[str, list[dict[str, object]]] = {"partner": [{"partner": "ACME"}], "part": []}
    return small_world(SHELF, {**masters, **facts}, period, before=before)


def held(world: SmallWorld) -> list[tuple[object, ...]]:
    rows = world.rows("report held-at-cut", "part", "cut-date", "held", "at-start")
    return [tuple(str(one) if one is not None else None for one in row.values()) for row in rows]


def test_a_fact_sees_what_had_moved_by_the_end_of_its_day() -> None:
    cuts = [
        cut("2026-01-04"),
        cut("2026-01-05"),
        cut("2026-01-09"),
        cut("2026-01-10"),
        cut("2026-01-31"),
        cut("2026-01-19", "Y"),
    ]
    assert held(ran({**JANUARY, "price-cut": cuts})) == [
        ("X", "2026-01-04", "0.000", "0.000"),
        ("X", "2026-01-05", "10.000", "0.000"),
        ("X", "2026-01-09", "10.000", "0.000"),
        ("X", "2026-01-10", "7.000", "0.000"),
        ("X", "2026-01-31", "5.000", "0.000"),
        ("Y", "2026-01-19", "0.000", "0.000"),
    ]


def test_a_key_adds_up_the_parts_it_does_not_name() -> None:
    world = ran({**JANUARY, "price-cut": []})
    assert [row["partner-held"] for row in world.rows("report mid-month", "partner-held")] == [Decimal(7)]


def test_after_a_hard_close_days_begin_with_what_was_handed_over_and_late_facts_count() -> None:
    january = ran({**JANUARY, "price-cut": []})
    february = {
        "receipt": [
            *JANUARY["receipt"],
            moved("receipt", "5", "2026-02-03", 4),
            {**moved("receipt", "6", "2026-01-30", 1), "known-at": "2026-02-05"},
        ],
        "sale": JANUARY["sale"],
        "price-cut": [cut("2026-02-01"), cut("2026-02-03"), {**cut("2026-01-12"), "known-at": "2026-02-05"}],
    }
    # Five were left and one came late; of the middle of January nothing is known any more.
    assert held(ran(february, "FY2026-P02", january)) == [
        ("X", "2026-01-12", None, "6.000"),
        ("X", "2026-02-01", "6.000", "6.000"),
        ("X", "2026-02-03", "10.000", "6.000"),
    ]
