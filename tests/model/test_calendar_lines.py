"""Calendars as their lines say them."""

from __future__ import annotations

from datetime import date

import pytest

from engine.ledger.calendar import Calendar
from tests.model.small import SMALL, planted, resolved, told

RETAIL = (
    "    weeks 4-4-5, year ends saturday nearest 31 january, week 53 joins the last period, named by its first day\n"
)


def calendar(lines: str) -> Calendar:
    ruleset, found = resolved(planted((RETAIL, lines)))
    assert ruleset is not None, [(one.code, one.message) for one in found]
    return ruleset.calendars["retail"]


def test_months_end_with_the_month_named() -> None:
    found = calendar("    months, year ends 30 june, named by its last day\n    days begin at midnight in Asia/Tokyo\n")
    assert (found.end_month, found.named_by, found.zone) == (6, "last", "Asia/Tokyo")
    assert found.period_of(date(2026, 7, 1)).name == "FY2027-P01"


def test_weeks_end_on_the_weekday_named() -> None:
    found = calendar(
        "    weeks 4-5-4, year ends last saturday of january, week 53 joins period 12, named by its first day\n"
    )
    assert (found.pattern, found.weekday, found.end_day, found.extra_joins) == ("4-5-4", 5, 0, 12)
    assert found.period_of(date(2026, 2, 1)).start == date(2026, 2, 1)


def test_working_days_are_those_listed_except_a_register_s() -> None:
    ruleset, _ = resolved(SMALL)
    assert ruleset is not None
    assert ruleset.calendars["fiscal"].working_days == (0, 1, 2, 3, 4)
    assert ruleset.calendars["fiscal"].except_register == "holiday"


@pytest.mark.parametrize(
    ("lines", "message", "help_text"),
    [
        ("    months, year ends 31 decembre\n", "no month `decembre`", "did you mean `december`?"),
        (
            "    months, year ends 31 december\n    working days monday, thorsday\n",
            "no weekday `thorsday`",
            "did you mean `thursday`?",
        ),
        (
            "    months, year ends 31 december\n    working days monday except holidays\n",
            "no register `holidays`",
            "did you mean `holiday`?",
        ),
        (
            "    months, year ends 15 june, named by its last day\n",
            "a year of months ends with the last day of a month",
            "write `30 june`",
        ),
        (
            "    weeks 4-4-5, year ends sunday nearest 31 april, week 53 joins period 9, named by its last day\n",
            "31 april is no day of every year",
            "write a day from 1 to 30",
        ),
        (
            "    weeks 4-4-5, year ends sunday nearest 31 march, week 53 joins period 13, named by its last day\n",
            "4-4-5 has no period 13",
            "name a period from 1 to 12",
        ),
        (
            "    weeks 4-4-4, year ends sunday nearest 31 march, week 53 joins period 6, named by its last day\n",
            "in 4-4-4 period 13 takes all weeks that remain",
            "write `week 53 joins the last period`, or a year of 13x4",
        ),
    ],
)
def test_words_a_calendar_does_not_know_are_told(lines: str, message: str, help_text: str) -> None:
    assert (message, help_text) in [(one.message, one.help) for one in told(planted((RETAIL, lines)))]
