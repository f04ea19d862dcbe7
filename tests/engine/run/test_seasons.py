"""Trend and season: on series worked by hand, on series made of what must be found, and on real orders held back."""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from fractions import Fraction

from engine.run.seasons import Fitted, fit
from tests.support.shared import shared_path

TEN, TWENTY = Fraction(10), Fraction(20)


def test_one_season_twice_as_strong_as_the_others() -> None:
    """Thirteen periods, ten a week, and twenty in the last one.

    Every average over thirteen periods holds one strong one: (12 x 10 + 20) / 13 = 140/13. So its ratio is
    20 x 13/140 = 13/7 and that of the others 13/14; these average 1 already. Without season every week is 140/13, and
    the line is flat.
    """
    values = [TWENTY, *([TEN] * 12), TWENTY, *([TEN] * 12)]
    found = fit(values, 12, 13)
    assert found.indices == (*([Fraction(13, 14)] * 12), Fraction(13, 7))
    assert (found.level, found.slope) == (Fraction(140, 13), Fraction(0))
    assert [found.at(26, 12), found.at(27, 0)] == [TWENTY, TEN]


def test_an_even_year_is_centred_between_two_averages() -> None:
    """A straight line is its own centred average, so four quarters of 1, 2, 3, ... have no season and slope 1."""
    found = fit([Fraction(one) for one in range(1, 13)], 0, 4)
    assert found == Fitted((Fraction(1),) * 4, Fraction(1), Fraction(1))
    assert found.at(12, 0) == 13


def test_less_than_two_years_have_no_season() -> None:
    found = fit([TEN, TWENTY, TEN], 0, 2)
    assert found.indices == (Fraction(1), Fraction(1))
    assert found.slope == 0


def test_a_falling_line_ends_at_nothing() -> None:
    found = fit([Fraction(3), Fraction(2), Fraction(1)], 0, 12)
    assert [found.at(place, 0) for place in (3, 4)] == [Fraction(0), Fraction(0)]


def test_nothing_known_is_nothing_foreseen() -> None:
    assert fit([], 0, 12).at(0, 0) == 0
    assert fit([TEN], 0, 12).at(5, 0) == TEN


def test_orders_of_real_parts_held_back() -> None:
    """AdventureWorks: units ordered of 265 parts by month due, nine months known and three held back.

    Off by 21.7 % of the units, part by part, of which 29 parts nobody had ordered before are a third; going on as in
    the last month known is off by 26.4 %.
    """
    path = shared_path("data", "adventureworks", "PurchaseOrderDetail.csv")
    ordered: dict[str, Counter[str]] = defaultdict(Counter)
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        _, _, due, quantity, part, *_ = line.split("\t")
        ordered[part][due[:7]] += int(quantity)
    known = [f"2024-{month:02}" for month in range(8, 13)] + [f"2025-{month:02}" for month in range(1, 5)]
    held = ["2025-05", "2025-06", "2025-07"]
    off, naive, total = Fraction(0), Fraction(0), 0
    for units in ordered.values():
        values = [Fraction(units[month]) / weeks(month) for month in known]
        begun = next((at for at, value in enumerate(values) if value), len(values))
        found = fit(values[begun:], 0, 12)
        for ahead, month in enumerate(held):
            off += abs(found.at(len(values) - begun + ahead, 0) * weeks(month) - units[month])
            naive += abs(values[-1] * weeks(month) - units[month])
            total += units[month]
    assert (len(ordered), total) == (265, 678516)
    assert [round(one / total * 1000) for one in (off, naive)] == [217, 264]


def weeks(month: str) -> Fraction:
    year, number = month.split("-")
    return Fraction(calendar.monthrange(int(year), int(number))[1], 7)
