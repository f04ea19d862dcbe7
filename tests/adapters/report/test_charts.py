"""Pictures of a scenario: what is drawn, what is left out, and that the same figures give the same safe bytes."""

from __future__ import annotations

import re
from decimal import Decimal

from adapters.report.charts import MOST_BARS, pictures_of
from engine.run.what_if import Compared, Comparison, ShownRow, ShownTable, WhatIf

PERIODS = ("FY2026-P01", "FY2026-P02")


def beside(as_it_is: int, supposed: int) -> Compared:
    return Compared(Decimal(as_it_is), Decimal(supposed))


def shown(by: tuple[str, ...], *rows: ShownRow) -> WhatIf:
    """A scenario that shows some rows, with one period known and one ahead."""
    comparison = Comparison("ask", "USD", PERIODS, (), (), (), (ShownTable(by, rows),), ())
    return WhatIf(comparison, PERIODS[:1], (), ())


def bars(svg: str) -> list[str]:
    """What each bar says of itself to who cannot see it."""
    return re.findall(r'aria-label="(amount: [^"]*)"', svg) or re.findall(r'aria-label="(name: [^"]*)"', svg)


def test_periods_are_drawn_in_order_and_the_books_only_as_far_as_they_reach() -> None:
    rows = [
        ShownRow("revenue", ("ACME", PERIODS[0]), beside(400, 480)),
        ShownRow("revenue", ("BETA", PERIODS[0]), beside(100, 20)),
        ShownRow("revenue", ("ACME", PERIODS[1]), beside(0, 440)),
    ]
    (picture,) = pictures_of(shown(("partner", "period"), *rows))
    assert picture.title == "revenue by period, USD"
    drawn = bars(picture.svg)
    assert len(drawn) == 3
    assert ["500" in one for one in drawn] == [one in (0, 1) for one in range(3)]
    assert "as it is" not in drawn[-1]


def test_the_same_figures_give_the_same_bytes_and_names_stay_text() -> None:
    found = shown(("partner",), ShownRow("revenue", ("<script>& Söhne",), beside(1, 2)))
    (first,), (second,) = pictures_of(found), pictures_of(found)
    assert first == second
    assert "<script" not in first.svg
    assert "&lt;script&gt;&amp; Söhne" in first.svg
    assert re.findall(r"(?:href|src|url)[=(]", first.svg) == []


def test_of_many_names_the_largest_are_drawn() -> None:
    rows = [ShownRow("revenue", (f"P{number:02}",), beside(number, 0)) for number in range(1, 31)]
    (picture,) = pictures_of(shown(("partner",), *rows))
    assert picture.title == f"revenue by partner, USD, the {MOST_BARS} largest of 30"
    assert "P06" not in picture.svg
    assert "P07" in picture.svg
