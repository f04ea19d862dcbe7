"""Weeks of periods: seven days from the first, and what is left."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from engine.ledger.calendar import Period
from engine.run.projecting import weeks_of


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2026, 2, 1), date(2026, 2, 28), [7, 7, 7, 7]),
        (date(2026, 3, 1), date(2026, 3, 31), [7, 7, 7, 7, 3]),
        (date(2026, 1, 25), date(2026, 2, 28), [7] * 5),
        (date(2026, 4, 1), date(2026, 4, 1), [1]),
    ],
)
def test_a_period_is_its_weeks_without_a_gap(first: date, last: date, days: list[int]) -> None:
    weeks = weeks_of(Period("P", first, last, 2026, 1, 1))
    assert [(week.last - week.first).days + 1 for week in weeks] == days
    assert (weeks[0].first, weeks[-1].last) == (first, last)
    assert [week.number for week in weeks] == list(range(1, len(days) + 1))
    assert sum((week.share for week in weeks), Fraction(0)) == Fraction(sum(days), 7)
