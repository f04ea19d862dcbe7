"""Books beside the one that posts: what differs, what is shared, what is handed over, and what compares them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlglot import exp

from engine.plan.relation import column, table
from engine.plan.world import RunStopped
from tests.support.small_world import SHOP, SmallWorld, small_world

BOOKS = (
    SHOP.replace("when partner.tier is silver\naccounts", "when evidence is as-reported\naccounts")
    + """\
book main posts
book resale never posts
book counted never posts
book group on top of main never posts
decision evidence for each partner is one of as-reported, as-counted decided as of period end
    unless excepted, as-reported
exception counts-what-is-missing to evidence
    when book is counted
    becomes as-counted
exception deferred-view to basis
    when book is one of resale, counted
    becomes deferred-basis
amount at-net-price for each company, partner, period is sum of (layer.remaining * layer.unit-price)
amount ahead for each company, partner, period is balance of main.revenue - balance of resale.revenue
control revenue-differs-by-stock for each company, partner, period
    needs ahead is at-net-price
    otherwise raise books-apart critical to controller
report books for each company, partner, period
    shows ahead, at-net-price
"""
)

Facts = dict[str, list[dict[str, object]]]


def facts(sold: Sequence[tuple[str, int, str]], counted: tuple[int, str] | None = None) -> Facts:
    shipments: list[dict[str, object]] = [
        {"company": "CO", "document": "A", "line": "1", "partner": "P", "part": "X", "quantity": 10,
         "unit-price": 8, "unit-cost": 5, "ship-date": "2026-01-05"},
        {"company": "CO", "document": "B", "line": "1", "partner": "P", "part": "X", "quantity": 10,
         "unit-price": 9, "unit-cost": 6, "ship-date": "2026-01-06"},
    ]  # fmt: skip
    receipts: list[dict[str, object]] = [
        {**{key: row[key] for key in ("company", "document", "line", "partner", "part", "quantity")},
         "receipt-date": row["ship-date"]}
        for row in shipments
    ]  # fmt: skip
    sales: list[dict[str, object]] = [
        {"company": "CO", "partner": "P", "invoice": name, "line": "1", "part": "X", "quantity": units,
         "sale-date": day, "reported-for": "FY2026-P01" if day < "2026-02" else "FY2026-P02"}
        for name, units, day in sold
    ]  # fmt: skip
    found: Facts = {
        "company": [{"code": "CO"}],
        "partner": [{"code": "P", "date": "2026-01-01", "tier": "gold", "model": "stocking", "transit-days": 3}],
        "part": [{"code": "X", "date": "2026-01-01", "list-price": 10}],
        "shipment": shipments, "receipt": receipts, "sale": sales,
    }  # fmt: skip
    if counted is not None:
        row = {"company": "CO", "partner": "P", "part": "X", "quantity": counted[0], "count-date": counted[1]}
        found["count"] = [row]
    return found


def lines(world: SmallWorld, book: str) -> dict[tuple[str, str], Decimal]:
    """What a book posted, by journal and role: credits positive."""
    run = next(one for one in (world.run, *world.run.books) if one.world.book == book)
    names = ("journal", "role", "side", "amount")
    found: dict[tuple[str, str], Decimal] = {}
    for journal, role, side, amount in run.world.executor.rows(
        exp.select(*(column(one) for one in names)).from_(table("ledger line"))
    ):
        signed = Decimal(str(amount)) * (1 if side == "credit" else -1)
        key = (str(journal), str(role))
        found[key] = found.get(key, Decimal(0)) + signed
    return found


def test_each_book_has_its_own_revenue() -> None:
    world = small_world(BOOKS, facts([("I1", 4, "2026-01-20")], (15, "2026-01-31")))
    assert lines(world, "main")[("sell", "revenue")] == 170
    assert lines(world, "resale")[("earn", "revenue")] == 32
    assert lines(world, "counted")[("earn", "revenue")] == 40
    assert world.rows("report books", "ahead", "at-net-price") == [{"ahead": 138, "at-net-price": 138}]


def test_a_second_period() -> None:
    first = small_world(BOOKS, facts([("I1", 4, "2026-01-20")], (15, "2026-01-31")))
    second = small_world(
        BOOKS, facts([("I1", 4, "2026-01-20"), ("I2", 8, "2026-02-10")], None), "FY2026-P02", before=first
    )
    assert lines(second, "resale")[("earn", "revenue")] == 66
    assert lines(second, "counted")[("earn", "revenue")] == 67
    assert second.rows("report books", "ahead", "at-net-price") == [{"ahead": 72, "at-net-price": 72}]


def test_a_book_cannot_be_begun_over_a_period_closed_without_it() -> None:
    first = small_world(SHOP, facts([]))
    with pytest.raises(RunStopped) as stopped:
        small_world(BOOKS, facts([]), "FY2026-P02", before=first)
    assert (stopped.value.code, stopped.value.rules) == ("T431", ("book resale",))
    assert "FY2026-P01" in stopped.value.message
