"""Trend and season of a series by classical multiplicative decomposition, in exact fractions.

Ratio to moving average: a centred moving average over one year takes the season out; the mean ratio of the values of
one season to it is that season's index, and all indices average 1; a straight line by least squares through the values
without their season is the trend (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition,
section 3.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

ONE, NOTHING = Fraction(1), Fraction(0)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A series understood: the index of each season, and a line through the values without season.

    Value `t` of the series, counted from 0, is `(level + slope * t) * index` of its season.
    """

    indices: tuple[Fraction, ...]
    level: Fraction
    slope: Fraction

    def at(self, place: int, season: int) -> Fraction:
        """The value at a place of the series, or beyond it, in a season; never under 0."""
        return max(NOTHING, self.level + self.slope * place) * self.indices[season]


def fit(values: Sequence[Fraction], first_season: int, seasons: int) -> Fitted:
    """Trend and season of values that follow one another, the first of a season counted from 0.

    With less than two years of values no season can be told from the trend, and every index is 1.
    """
    indices = _indices(values, first_season, seasons)
    straight = [
        (place, value / indices[season])
        for place, value in enumerate(values)
        if indices[season := (first_season + place) % seasons]
    ]
    return Fitted(indices, *_line(straight))


def _indices(values: Sequence[Fraction], first_season: int, seasons: int) -> tuple[Fraction, ...]:
    if len(values) < 2 * seasons:
        return (ONE,) * seasons
    ratios: list[list[Fraction]] = [[] for _ in range(seasons)]
    for place, average in _centred(values, seasons):
        if average:
            ratios[(first_season + place) % seasons].append(values[place] / average)
    means = [sum(found, NOTHING) / len(found) if found else ONE for found in ratios]
    total = sum(means, NOTHING)
    return tuple(mean * seasons / total for mean in means) if total else (ONE,) * seasons


def _centred(values: Sequence[Fraction], seasons: int) -> list[tuple[int, Fraction]]:
    """Averages over a year around each value that has half a year on both sides; of an even year, of two averages."""
    half = seasons // 2
    found: list[tuple[int, Fraction]] = []
    for place in range(half, len(values) - half):
        around = values[place - half : place + half + 1]
        total = sum(around, NOTHING)
        if seasons % 2 == 0:
            total -= (around[0] + around[-1]) / 2
        found.append((place, total / seasons))
    return found


def _line(points: Sequence[tuple[int, Fraction]]) -> tuple[Fraction, Fraction]:
    """Level and slope of the straight line nearest to points; level alone where they lie on one place."""
    if not points:
        return NOTHING, NOTHING
    count = len(points)
    mean_place = Fraction(sum(place for place, _ in points), count)
    mean = sum((value for _, value in points), NOTHING) / count
    spread = sum(((place - mean_place) ** 2 for place, _ in points), NOTHING)
    if not spread:
        return mean, NOTHING
    slope = sum(((place - mean_place) * (value - mean) for place, value in points), NOTHING) / spread
    return mean - slope * mean_place, slope
