"""Calendars of weeks against year ends and week counts that companies published, and against their own definition."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.ledger.calendar import PATTERNS, Calendar

SATURDAY, SUNDAY = 5, 6


def weeks(
    pattern: str, month: int, day: int, weekday: int, *, extra_joins: int = 0, named_by: str = "last"
) -> Calendar:
    return Calendar("c", pattern, month, day, weekday, extra_joins, named_by, "UTC", (0, 1, 2, 3, 4), "")


IDT = weeks("4-4-5", 3, 31, SUNDAY, extra_joins=9)
XILINX = weeks("4-4-5", 3, 31, SATURDAY)
LATTICE = weeks("4-4-5", 12, 31, SATURDAY)

# Case 84 of the published cases: year ends and week counts of three filings.
PUBLISHED = [
    (IDT, 2016, "2016-04-03", 53),
    (IDT, 2017, "2017-04-02", 52),
    (IDT, 2018, "2018-04-01", 52),
    (XILINX, 2015, "2015-03-28", 52),
    (XILINX, 2016, "2016-04-02", 53),
    (XILINX, 2017, "2017-04-01", 52),
    (XILINX, 2018, "2018-03-31", 52),
    (XILINX, 2019, "2019-03-30", 52),
    (XILINX, 2020, "2020-03-28", 52),
    (LATTICE, 2015, "2016-01-02", 52),
    (LATTICE, 2016, "2016-12-31", 52),
    (LATTICE, 2017, "2017-12-30", 52),
    (LATTICE, 2018, "2018-12-29", 52),
]


def length(start: date, end: date) -> int:
    days = (end - start).days + 1
    assert days % 7 == 0
    return days // 7


@pytest.mark.parametrize(("calendar", "year", "end", "count"), PUBLISHED)
def test_years_end_and_last_as_published(calendar: Calendar, year: int, end: str, count: int) -> None:
    periods = calendar.periods(year)
    assert (str(periods[-1].end), length(periods[0].start, periods[-1].end)) == (end, count)
    assert calendar.period_of(date.fromisoformat(end)) == periods[-1]


def test_the_extra_week_joins_the_period_named() -> None:
    # IDT: in a year of 53 weeks the third quarter has 14.
    quarters = {quarter: calendar_weeks(IDT, 2016, quarter) for quarter in (1, 2, 3, 4)}
    assert quarters == {1: 13, 2: 13, 3: 14, 4: 13}


def calendar_weeks(calendar: Calendar, year: int, quarter: int) -> int:
    found = calendar.span(f"FY{year}-Q{quarter}")
    return length(found[0].start, found[-1].end)


def test_first_quarters_end_as_published() -> None:
    assert str(LATTICE.span("FY2017-Q1")[-1].end) == "2017-04-01"
    assert str(LATTICE.span("FY2018-Q1")[-1].end) == "2018-03-31"


@pytest.mark.parametrize(
    ("pattern", "five_weeks"),
    [("4-4-5", {3, 6, 9, 12}), ("4-5-4", {2, 5, 8, 11}), ("5-4-4", {1, 4, 7, 10}), ("4-4-4", set()), ("13x4", set())],
)
def test_periods_have_the_weeks_of_their_pattern(pattern: str, five_weeks: set[int]) -> None:
    # Case 85; FY2017 of this calendar has 52 weeks.
    periods = weeks(pattern, 3, 31, SATURDAY).periods(2017)
    found = {one.number: length(one.start, one.end) for one in periods}
    assert found == {number: 5 if number in five_weeks else 4 for number in range(1, len(PATTERNS[pattern]) + 1)}


@pytest.mark.parametrize("pattern", ["4-4-4", "13x4"])
def test_the_thirteenth_period_takes_the_weeks_that_remain(pattern: str) -> None:
    last = weeks(pattern, 3, 31, SATURDAY).periods(2016)[-1]
    assert (last.number, length(last.start, last.end)) == (13, 5)


def test_the_thirteenth_period_stands_in_the_fourth_quarter() -> None:
    quarters = [one.quarter for one in weeks("13x4", 3, 31, SATURDAY).periods(2017)]
    assert quarters == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4]


@pytest.mark.parametrize("named_by", ["first", "last"])
@pytest.mark.parametrize(("month", "day"), [(1, 31), (2, 29), (3, 31), (6, 30), (12, 31), (1, 0), (12, 0)])
def test_years_follow_one_another_without_a_gap_and_each_has_its_own_number(
    month: int, day: int, named_by: str
) -> None:
    for weekday in range(7):
        calendar = weeks("4-5-4", month, day, weekday, named_by=named_by)
        for year in range(1995, 2060):
            this, following = calendar.periods(year), calendar.periods(year + 1)
            assert following[0].start == this[-1].end + timedelta(days=1)
            assert length(this[0].start, this[-1].end) in (52, 53)
            assert this[-1].end.weekday() == weekday
            for one in (this[0], this[-1]):
                assert calendar.period_of(one.start) == calendar.period_of(one.end) == one
