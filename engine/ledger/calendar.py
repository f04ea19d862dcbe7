"""Accounting calendars: which period a day belongs to, by months or by weeks (4-4-5 and its kin, 52 or 53 weeks).

Week calendars end on a weekday: the last such weekday of a month, or the one nearest a date (NRF calendar rules). A
year has a 53rd week when its two ends lie 53 weeks apart; the week joins the period the calendar names.
"""

from __future__ import annotations

import calendar as stdlib_calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

PATTERNS = {
    "4-4-5": (4, 4, 5) * 4,
    "4-5-4": (4, 5, 4) * 4,
    "5-4-4": (5, 4, 4) * 4,
    "13x4": (4,) * 13,
    "4-4-4": (4,) * 13,
}


@dataclass(frozen=True, slots=True)
class Period:
    """One period: name (`FY2026-P01`), first and last day (both inside), fiscal year, number from 1, quarter 1 to 4."""

    name: str
    start: date
    end: date
    year: int
    number: int
    quarter: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar.

    pattern '' is months, else a key of PATTERNS. For months `end_month`, `end_day` close the year. For weeks the year
    ends on `weekday` (Monday 0), the last of `end_month` when `end_day` is 0, else the one nearest that day.
    `extra_joins` is the period number that takes week 53 (0: the last). `named_by` 'first' or 'last' day gives FY its
    year; of weeks, the day that the last one is near, and the day after it.
    """

    name: str
    pattern: str
    end_month: int
    end_day: int
    weekday: int
    extra_joins: int
    named_by: str
    zone: str
    working_days: tuple[int, ...]
    except_register: str

    def period_of(self, day: date) -> Period:
        """The period that holds a day."""
        for year in (day.year - 1, day.year, day.year + 1):
            for period in self.periods(year):
                if period.start <= day <= period.end:
                    return period
        raise ValueError(f"calendar {self.name} has no period for {day}")

    def periods(self, year: int) -> tuple[Period, ...]:
        """The periods of a fiscal year, in order."""
        return _periods(self, year)

    def period(self, name: str) -> Period | None:
        """The period of a name (`FY2026-P01`), or None."""
        found = [period for period in self.span(name) if period.name == name]
        return found[0] if found else None

    def span(self, name: str) -> tuple[Period, ...]:
        """The periods that a name covers: one for `FY2026-P01`, three for `FY2026-Q1`, all for `FY2026`; none if
        unknown."""
        head, _, part = name.partition("-")
        if not head.startswith("FY") or not head[2:].isdigit():
            return ()
        periods = self.periods(int(head[2:]))
        if not part:
            return periods
        if part.startswith("Q"):
            return tuple(period for period in periods if f"Q{period.quarter}" == part)
        return tuple(period for period in periods if period.name == name)

    def days(self, name: str) -> tuple[date, date] | None:
        """The first and last day of what a name covers: periods (see `span`), or a week of a year of weeks, such as
        `FY2026-W05`; None if unknown."""
        head, _, part = name.partition("-")
        if self.pattern and part.startswith("W") and part[1:].isdigit():
            year = self.span(head)
            first = year[0].start + timedelta(days=7 * (int(part[1:]) - 1)) if year else date.max
            return (first, first + timedelta(days=6)) if year and year[0].start <= first <= year[-1].end else None
        spans = self.span(name)
        return (spans[0].start, spans[-1].end) if spans else None

    def next(self, period: Period) -> Period:
        """The period after."""
        return self.period_of(period.end + timedelta(days=1))

    def previous(self, period: Period) -> Period:
        """The period before."""
        return self.period_of(period.start - timedelta(days=1))

    def moment(self, period: Period, shift: str, unit: str, edge: str) -> date:
        """An edge of the span of `unit` (period, quarter, year) around a period: shift '', 'previous' or 'next'."""
        spans = self._spans(period, unit)
        first, last = spans[0].start, spans[-1].end
        if shift == "previous":
            before = self._spans(self.period_of(first - timedelta(days=1)), unit)
            first, last = before[0].start, before[-1].end
        elif shift == "next":
            after = self._spans(self.period_of(last + timedelta(days=1)), unit)
            first, last = after[0].start, after[-1].end
        return first if edge == "start" else last

    def _spans(self, period: Period, unit: str) -> tuple[Period, ...]:
        if unit == "period":
            return (period,)
        if unit == "quarter":
            return tuple(one for one in self.periods(period.year) if one.quarter == period.quarter)
        if unit == "year":
            return self.periods(period.year)
        raise ValueError(f"a period has no {unit}")


@lru_cache(maxsize=4096)
def _periods(calendar: Calendar, year: int) -> tuple[Period, ...]:
    bounds = _month_bounds(calendar, year) if not calendar.pattern else _week_bounds(calendar, year)
    count = len(bounds)
    return tuple(
        Period(f"FY{year}-P{number:02d}", start, end, year, number, _quarter(number, count))
        for number, (start, end) in enumerate(bounds, start=1)
    )


def _quarter(number: int, count: int) -> int:
    """Thirteen periods put the thirteenth into the fourth quarter."""
    return min(4, (number - 1) // 3 + 1) if count == 13 else (number - 1) // (count // 4) + 1


def _month_bounds(calendar: Calendar, year: int) -> list[tuple[date, date]]:
    last = _month_end(year, calendar.end_month)
    if calendar.named_by == "first" and calendar.end_month != 12:
        last = _month_end(year + 1, calendar.end_month)
    bounds: list[tuple[date, date]] = []
    for back in range(11, -1, -1):
        month_index = last.year * 12 + last.month - 1 - back
        first = date(month_index // 12, month_index % 12 + 1, 1)
        bounds.append((first, _month_end(first.year, first.month)))
    return bounds


def _month_end(year: int, month: int) -> date:
    return date(year, month, stdlib_calendar.monthrange(year, month)[1])


def _week_bounds(calendar: Calendar, year: int) -> list[tuple[date, date]]:
    named = _year_named(calendar, year)
    start, end = _year_end(calendar, named - 1) + timedelta(days=1), _year_end(calendar, named)
    weeks = list(PATTERNS[calendar.pattern])
    total = ((end - start).days + 1) // 7
    if total == sum(weeks) + 1:
        weeks[calendar.extra_joins - 1 if calendar.extra_joins else len(weeks) - 1] += 1
    bounds: list[tuple[date, date]] = []
    for count in weeks:
        last = start + timedelta(days=7 * count - 1)
        bounds.append((start, last))
        start = last + timedelta(days=1)
    return bounds


def _year_named(calendar: Calendar, year: int) -> int:
    """The calendar year in which a fiscal year has the day that its end is near.

    That day, or the one after its forerunner, gives the year its number: a Saturday nearest 31 December may lie in
    January, and two years that end in one January week and the December after it are still two.
    """
    if calendar.named_by == "last":
        return year
    return year if (_nominal_end(calendar, year - 1) + timedelta(days=1)).year == year else year + 1


def _nominal_end(calendar: Calendar, calendar_year: int) -> date:
    """The day of one calendar year that a year end is near, or the last of whose weekdays it is."""
    last = _month_end(calendar_year, calendar.end_month)
    return last.replace(day=min(calendar.end_day, last.day)) if calendar.end_day else last


def _year_end(calendar: Calendar, calendar_year: int) -> date:
    """The weekday that closes the year nearest (or last of) the month named, in one calendar year."""
    day = _nominal_end(calendar, calendar_year)
    before = day - timedelta(days=(day.weekday() - calendar.weekday) % 7)
    if calendar.end_day == 0 or before == day:
        return before
    after = before + timedelta(days=7)
    return after if (after - day) <= (day - before) else before
