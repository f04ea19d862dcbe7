"""The page of a scenario, as text and as values."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len

from adapters.report.text import WIDTH, page_text
from adapters.report.what_if_page import held_back_page, what_if_json, what_if_page
from dsl.span import Source, Span
from engine.model.scenarios import Change
from engine.run.held_back import HeldBack
from engine.run.ways import Step, Way
from engine.run.what_if import (
    AccountChange,
    AsPosted,
    Cause,
    Compared,
    Comparison,
    ProjectedUnits,
    ShownRow,
    ShownTable,
    WhatIf,
)

TEXT = "scenario ask on small\n    set rate to 9.0% from 2026-01-01\n"
SET = Span(Source("small.tieout", TEXT), TEXT.index("set"), len(TEXT) - 1)
HOME = ("US01", "ACME", "X100", "", "")
NOTHING = Decimal(0)


def beside(as_it_is: str, supposed: str) -> Compared:
    return Compared(Decimal(as_it_is), Decimal(supposed))


FOUND = WhatIf(
    Comparison(
        "ask", "USD", ("FY2026-P01", "FY2026-P02"),
        (Change("parameter", "rate", "set rate to 9.0% from 2026-01-01", SET),),
        (
            AccountChange("4010", "Revenue", "revenue", beside("1000", "1000")),
            AccountChange("6310", "Commission", "expense", beside("20", "90.5")),
        ),
        (AccountChange("2410", "Accrued commission", "liability", beside("20", "90.5")),),
        (ShownTable(("partner",), (ShownRow("commission-expense", ("ACME",), beside("20", "90.5")),)),),
        (
            Cause(
                "6310", "Commission", "pay", beside("20", "90.5"), "FY2026-P01", HOME, beside("20", "90.5"),
                "JL-FY2026-P01-000007",
                Way((Step("journal pay", "rate", "small.tieout:9:9"),), "set rate to 9.0% from 2026-01-01", str(SET)),
            ),
            Cause("9999", "Other", "rest", beside("0", "1"), "FY2026-P02", HOME, beside("0", "1"), "", None),
        ),
    ),
    ("FY2026-P01",),
    (AsPosted("FY2026-P01", False, (("4010", Decimal("-5")),)),),
    (ProjectedUnits("sale", "FY2026-P02", Decimal(40), Decimal(7)),),
)  # fmt: skip


def lines_of(found: WhatIf) -> list[str]:
    return page_text(what_if_page("Acme", found, "small 1")).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "Acme amounts in USD facts known through FY2026-P01, 1 period projected",
        "set rate to 9.0% from 2026-01-01 small.tieout:2:5",
        "6310 Commission 20.00 90.50 70.50",
        "revenue less expense 980.00 909.50 -70.50",
        "sale FY2026-P02 40 7",
        "journal pay reads rate small.tieout:9:9",
        "which the scenario changes: set rate to 9.0% from 2026-01-01 small.tieout:2:5",
        "most of it in FY2026-P01 at US01, ACME, X100; tieout explain JL-FY2026-P01-000007",
        "rest reads nothing that is changed: it posts more or less because others did",
        "most of it in FY2026-P02 at US01, ACME, X100, where the books post nothing",
        "✗ FY2026-P01 run again is not what its hard close posted",
        "posted less run again: 4010 -5",
        "Nothing was posted: the books were read, and are as they were.",
    ],
)
def test_the_page_says(line: str) -> None:
    assert line in [" ".join(one.split()) for one in lines_of(FOUND)]


def test_no_line_is_wider_than_the_page() -> None:
    assert max(cell_len(line) for line in lines_of(FOUND)) <= WIDTH


def test_without_a_difference_there_is_nothing_to_lead_on_from() -> None:
    same = replace(FOUND, comparison=replace(FOUND.comparison, causes=()), projected=())
    assert "  there is no difference to lead on from" in lines_of(same)
    assert "Projected units" not in "\n".join(lines_of(same))


def test_values_hold_the_same_figures() -> None:
    values = what_if_json("Acme", FOUND)
    assert values["posted"] is False
    assert values["result"] == {"as-it-is": "980", "what-if": "909.5", "difference": "-70.5"}
    assert values["shown"][0]["rows"][0]["partner"] == "ACME"
    assert values["causes"][0]["largest"]["line"] == "JL-FY2026-P01-000007"
    assert values["causes"][0]["way"]["steps"] == [
        {"reader": "journal pay", "read": "rate", "place": "small.tieout:9:9"}
    ]
    assert values["causes"][1]["way"] is None


def test_what_was_held_back_is_told_as_shares() -> None:
    held = HeldBack("sale", "FY2026-P02", Decimal(93), Decimal(90), Decimal("0.387"), NOTHING, None)
    lines = page_text(held_back_page("Acme", "ask", (held,), "small 1")).splitlines()
    assert lines[0] == "Held back from ask  FY2026-P02   small 1"
    (row,) = (line.split() for line in lines if line.startswith("  sale"))
    assert row == ["sale", "FY2026-P02", "93", "90", "38.7", "%", "0.0", "%", "missing"]
