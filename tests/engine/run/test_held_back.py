"""Errors of what was held back: pool by pool, in sum, and of going on as before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from engine.ledger.calendar import Period
from engine.run.held_back import HeldBack, Moved, hold_against
from engine.run.projecting import Wanted

BEFORE = Period("P1", date(2026, 2, 1), date(2026, 2, 28), 2026, 2, 1)
HELD = Period("P2", date(2026, 3, 1), date(2026, 3, 28), 2026, 3, 1)


def wanted(pool: str, units: int) -> Wanted:
    return Wanted("sale", (pool,), "P2", Decimal(units), Decimal(0))


def test_errors_of_pools_do_not_outweigh_each_other() -> None:
    """Ten too many here and ten too few there: nothing in sum, a fifth of a hundred pool by pool."""
    moved: Moved = {("A",): {"P1": Fraction(50), "P2": Fraction(60)}, ("B",): {"P1": Fraction(50), "P2": Fraction(40)}}
    found = hold_against("sale", [wanted("A", 50), wanted("B", 50)], moved, BEFORE, [HELD])
    expected = HeldBack("sale", "P2", Decimal(100), Decimal(100), Decimal("0.2"), Decimal(0), Decimal("0.2"))
    assert found == (expected,)


def test_a_pool_that_moved_nothing_counts_with_all_that_was_projected() -> None:
    found = hold_against("sale", [wanted("C", 5)], {("A",): {"P2": Fraction(10)}}, BEFORE, [HELD])
    assert (found[0].error, found[0].total_error, found[0].naive_error) == (Decimal("1.5"), Decimal("0.5"), Decimal(1))


def test_nothing_moved_has_no_error() -> None:
    found = hold_against("sale", [wanted("A", 5)], {}, BEFORE, [HELD])
    assert (found[0].moved, found[0].projected, found[0].error) == (Decimal(0), Decimal(5), None)
