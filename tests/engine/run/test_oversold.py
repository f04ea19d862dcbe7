"""Units sold beyond stock as exceptions, worked out by hand for a small shop."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.run.exceptions import read_exceptions
from tests.engine.run.test_exceptions import INPUTS, RULES, sold
from tests.support.small_world import small_world

STOPS = "units sold beyond stock stop the close"
PHRASES = {
    "wait": ("units sold beyond stock wait for the next receipt", "wait for the next receipt"),
    "last price": (
        "units sold beyond stock take the last price, the next receipt settles to product-revenue",
        "took the last price, which the next receipt settles",
    ),
}


@pytest.mark.parametrize("phrase", PHRASES)
def test_units_sold_beyond_stock_are_an_exception_of_their_pool_worth_what_the_last_ones_cost(phrase: str) -> None:
    """BRAVO got 6 of X100 at 26 and sold 2 and 7: 3 are sold beyond stock, and at 26 they are worth 78."""
    text, words = PHRASES[phrase]
    rules = RULES.replace(STOPS, text)
    inputs = {**INPUTS, "sale": [*INPUTS["sale"], sold("P-3", "BRAVO", 7, "2026-01-25")]}
    found = [one for one in read_exceptions(small_world(rules, inputs).run.world) if one.of == "oversell"]
    line = rules[: rules.index(text)].count("\n") + 1
    assert [(one.where, one.severity, one.owner, one.outcomes, one.value, one.place) for one in found] == [
        ("US01, BRAVO, X100", "high", "controller", ("oversell",), Decimal("78.00"), f"small.tieout:{line}")
    ]
    assert found[0].sentence == f"3 units sold beyond stock {words}, 78.00 USD at the last price"
