"""Overrides in a run: what stands in the place of what, what follows from it, and what counts for nothing."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.test_overrides_oracle import of_row, override
from tests.support.shop_client import RULESET
from tests.support.small_world import SmallWorld, small_world

KEY = {"company": "US01", "part": "X100"}
HISTORY: dict[str, list[dict[str, object]]] = {
    "company": [{"company": "US01"}],
    "partner": [{"partner": "ACME"}, {"partner": "BOLT"}],
    "part": [{"part": "X100", "list-price": "12.50"}],
    "shipment": [
        {**KEY, "partner": one, "number": f"S-{one}", "quantity": 100, "unit-price": "10", "ship-date": "2026-01-05"}
        for one in ("ACME", "BOLT")
    ],
    "sale": [],
    "count": [
        {**KEY, "partner": one, "quantity": units, "as-of-date": "2026-01-31"}
        for one, units in (("ACME", 90), ("BOLT", 98))
    ],
}


def run(*overridden: tuple[str, str, str, str]) -> SmallWorld:
    held = tuple(override(of_row(partner, "X100"), *rest) for partner, *rest in overridden)
    return small_world(RULESET, HISTORY, threads=1, overrides=held)


def test_everything_that_reads_an_overridden_column_reads_the_override() -> None:
    """ACME lacks 10 units of 12.50 each: 125.00, which is large. Treated as small all the same, they count as sold at
    10.00 each. BOLT lacks 2 units, worth 25.00; valued at 150.00 instead they are looked into, and nothing posts.

    What names a row or a column that is not there counts for nothing, and says so.
    """
    world = run(
        ("ACME", "treatment", "absorb", ""), ("BOLT", "value", "-150.00", "USD"),
        ("CRUX", "reported", "5", "units"), ("ACME", "no-longer-there", "5", "units"),
    )  # fmt: skip
    assert world.rows("siso", "partner", "variance", "value", "severity", "treatment") == [
        {
            "partner": "ACME",
            "variance": Decimal(-10),
            "value": Decimal(-125),
            "severity": "high",
            "treatment": "absorb",
        },
        {
            "partner": "BOLT",
            "variance": Decimal(-2),
            "value": Decimal(-150),
            "severity": "high",
            "treatment": "look-into",
        },
    ]
    assert world.lines("earn") == [
        ("debit", "deferred-revenue", Decimal("100.00")),
        ("credit", "product-revenue", Decimal("100.00")),
    ]
    assert world.rows("override", "override", "was", "counts") == [
        {"override": "O-US01-ACME-X100-no-longer-there", "was": None, "counts": False},
        {"override": "O-US01-ACME-X100-treatment", "was": "look-into", "counts": True},
        {"override": "O-US01-BOLT-X100-value", "was": "-25.00", "counts": True},
        {"override": "O-US01-CRUX-X100-reported", "was": None, "counts": False},
    ]
