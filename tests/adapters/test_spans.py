"""Weeks and periods of a partner's calendar as days: what a file names FY2026-W05 lies in the periods it lies in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.client.check import check_client
from dsl.diagnostics import Diagnostics
from engine.ledger.calendar import Calendar
from tests.support.channel_client import FEED, HEAD, SCHEMA, Folder

RETAIL = Calendar("retail", "4-5-4", 1, 31, 5, 0, "first", "UTC", tuple(range(5)), "")
"""Years that end on the Saturday nearest 31 January, named by their first day: FY2025 ended on 31 January 2026."""
MONTHS = Calendar("fiscal", "", 12, 31, 0, 0, "last", "UTC", tuple(range(5)), "")
WITH_CALENDARS = replace(SCHEMA, calendars=(MONTHS, RETAIL))


def test_a_week_or_period_of_a_calendar_is_its_first_or_last_day(tmp_path: Path) -> None:
    folder = Folder(tmp_path, WITH_CALENDARS)
    folder.configure(FEED.replace("sale-date: DATE", "sale-date: {column: DATE, last-day-in: retail}"))
    rows = ["FY2026-W01", "FY2026-P02", "FY2025-W52", "FY2026-W53", "2026-02-03", "FY2026-Q1"]
    folder.take("acme_pos_1.csv", "\n".join([HEAD, *(f"{at},{cell},X,5" for at, cell in enumerate(rows)), ""]))
    assert {fact["invoice-number"]: fact["sale-date"] for fact in folder.facts("pos-sale")} == {
        "0": date(2026, 2, 7), "1": date(2026, 4, 4), "2": date(2026, 1, 31), "5": date(2026, 5, 2),
    }  # fmt: skip
    told = "is no period such as FY2026-P01 or a week such as FY2026-W05 of calendar retail"
    assert folder.quarantine() == {5: [f'sale-date: "FY2026-W53" {told}'], 6: [f'sale-date: "2026-02-03" {told}']}


def test_the_first_day_and_a_code_map_and_calendars_that_are_not_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path, WITH_CALENDARS)
    supply = "{column: DATE, first-day-in: fiscal, codes: months}"
    feed = FEED.replace("sale-date: DATE", f"sale-date: {supply}")
    folder.configure(feed.replace("    fills:", "    codes: {months: {Feb-26: FY2026-P02}}\n    fills:"))
    folder.take("acme_pos_1.csv", f"{HEAD}\n1,Feb-26,X,5\n")
    assert [fact["sale-date"] for fact in folder.facts("pos-sale")] == [date(2026, 2, 1)]
    folder.configure(FEED.replace("sale-date: DATE", "sale-date: {column: DATE, last-day-in: retial}"))
    found = Diagnostics()
    check_client(folder.client(), WITH_CALENDARS, found)
    assert [(one.code, one.message, one.help) for one in found.errors] == [
        ("C003", "the ruleset has no calendar `retial`", "did you mean `retail`?")
    ]
