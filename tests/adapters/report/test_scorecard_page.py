"""The page of scorecards: one table for the period, a trend for each partner, and a line for each in a picture."""

from __future__ import annotations

import re
from decimal import Decimal

from adapters.report.blocks import MISSING, Table
from adapters.report.scorecard_charts import MOST_LINES, pictures_of_cards
from adapters.report.scorecard_page import Cards, Keys, Measure, Scorecard, scorecard_json, scorecard_page
from engine.model.datatypes import Family

MEASURES = (Measure("on-time", Family.RATE), Measure("late-files", Family.NUMBER), Measure("grade", Family.ENUMERATION))
EAST, WEST = ("EAST", "ACME"), ("WEST", "ACME")


def card(share: str, files: int, grade: str | None) -> tuple[object, ...]:
    return (Decimal(share), Decimal(files), grade)


def over(*cards: Cards, without: tuple[str, ...] = ()) -> Scorecard:
    keys = ("company", "partner")
    return Scorecard("partner-scorecard", "demo 1", keys, MEASURES, cards, without, ())


def month(number: int, values: dict[Keys, tuple[object, ...]]) -> Cards:
    return Cards(f"FY2026-P{number:02}", "hard 1", values)


TWO = over(
    month(1, {EAST: card("0.955", 1200, "A"), WEST: card("1", 0, "A")}),
    month(2, {EAST: card("0.5", 0, None), WEST: card("1", 0, "B")}),
    without=("FY2025-P12",),
)


def test_what_two_companies_know_of_one_partner_stands_in_two_rows_and_two_trends() -> None:
    now, raised, *trends, _ = scorecard_page("Demo", TWO).blocks
    assert isinstance(now, Table)
    assert now.rows == (("EAST, ACME", "50.0 %", "0", MISSING), ("WEST, ACME", "100.0 %", "0", "B"))
    assert isinstance(raised, Table)
    assert raised.rows == ()
    first, second = (one for one in trends if isinstance(one, Table))
    assert first.title == "Trend of EAST, ACME"
    assert first.rows == (("on-time", "95.5 %", "50.0 %"), ("late-files", "1,200", "0"), ("grade", "A", MISSING))
    assert second.title == "Trend of WEST, ACME"


def test_one_period_is_no_trend() -> None:
    found = over(TWO.cards[0])
    assert len(scorecard_page("Demo", found).blocks) == 2
    assert pictures_of_cards(found) == ()


def test_values_are_exact_and_periods_without_the_report_are_named() -> None:
    values = scorecard_json("Demo", TWO)
    assert values["cards"][0]["rows"][0] == {
        "company": "EAST", "partner": "ACME", "on-time": "0.955", "late-files": "1200", "grade": "A",
    }  # fmt: skip
    assert values["without-report"] == ["FY2025-P12"]


def test_a_picture_has_a_line_for_each_and_says_which_are_left_out() -> None:
    many: dict[Keys, tuple[object, ...]] = {
        ("EAST", f"<P{number:02}>"): card("0.5", number, "A") for number in range(1, MOST_LINES + 2)
    }
    share, files = pictures_of_cards(over(month(1, many), month(2, many)))
    assert share.title == f"on-time, the first {MOST_LINES} of {MOST_LINES + 1}"
    assert "<script" not in share.svg
    assert "EAST, &lt;P12&gt;" in files.svg
    assert "P13" not in files.svg
    points = {one for one in re.findall(r'aria-label="([^"]*)"', files.svg) if "value: 12" in one}
    assert len(points) == 2, points
