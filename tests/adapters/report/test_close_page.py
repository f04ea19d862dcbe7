from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len

from adapters.report.blocks import Page, Table
from adapters.report.close_page import close_json, close_page, report_tables
from adapters.report.closing import Closing
from adapters.report.html import page_html
from adapters.report.text import WIDTH, page_text
from engine.run.results import Replayed, StockLine, StockNames
from tests.support.closings import CLOSING, EMPTY, FAILED, REFUSED, RESULT
from tests.support.golden import Golden


def with_stock(*lines: StockLine) -> Closing:
    return replace(CLOSING, result=replace(RESULT, stock=lines))


def number(cell: str) -> Decimal:
    return Decimal(0) if cell == "-" else Decimal(cell.replace(",", ""))


def table_of(page: Page, title: str) -> Table:
    return next(block for block in page.blocks if isinstance(block, Table) and block.title == title)


@pytest.mark.parametrize(
    ("name", "closing"), [("trial", CLOSING), ("failed", FAILED), ("empty", EMPTY), ("refused", REFUSED)]
)
def test_the_page_in_text_html_and_json(golden: Golden, name: str, closing: Closing) -> None:
    page = close_page(closing)
    golden.check(f"{name}.txt", page_text(page))
    golden.check(f"{name}.html", page_html(page, report_tables(closing.result)))
    golden.check(f"{name}.json", json.dumps(close_json(closing), indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("closing", [CLOSING, FAILED, EMPTY])
def test_no_line_is_wider_than_the_page(closing: Closing) -> None:
    assert max(cell_len(line) for line in page_text(close_page(closing)).splitlines()) <= WIDTH


def test_many_kinds_of_movement_go_on_below_without_widening_the_page() -> None:
    kinds = tuple((f"movement-of-kind-{number}", Decimal(1_000_000 + number)) for number in range(30))
    text = page_text(close_page(with_stock(replace(RESULT.stock[0], flows=kinds))))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("Channel stock, units (continued)") >= 2
    assert all(f"{value:,}" in text for _, value in kinds)


def test_a_trial_says_that_it_is_built_on_another() -> None:
    def said(*names: str) -> str:
        return " ".join(page_text(close_page(replace(CLOSING, built_on=names)), colour=False).split())

    after_one = "FY2025-P12 is open: FY2026-P01 opens with what a trial of it comes to now"
    assert f"Built on a trial {after_one}, entries and true-ups included" in said("FY2025-P12")
    assert "FY2025-P11 to FY2025-P12 are open: FY2026-P01 opens with what trials" in said("FY2025-P11", "FY2025-P12")
    assert "Built on a trial" not in said()


def test_a_close_says_which_closed_periods_it_recomputed() -> None:
    def said(*names: str) -> str:
        replay = Replayed(names, 3) if names else None
        return " ".join(page_text(close_page(replace(CLOSING, replayed=replay)), colour=False).split()).replace(
            "- ", "-"
        )

    known = "Recomputed 3 facts dated up to the last hard close became known after it, so"
    assert f"{known} FY2025-P12 was replayed: FY2026-P01 opens with what it comes to now" in said("FY2025-P12")
    assert f"{known} FY2025-P11 to FY2025-P12 were replayed" in said("FY2025-P11", "FY2025-P12")
    assert "Recomputed" not in said()


def test_totals_are_the_sums_of_what_stands_above() -> None:
    table = table_of(close_page(CLOSING), "Channel stock, units")
    for at, column in enumerate(table.columns):
        if column.is_figure:
            figures = [number(row[at]) for row in (*table.rows, table.total)]
            assert sum(figures[:-1]) == figures[-1], column.heading


def test_a_total_over_a_missing_report_is_not_a_figure() -> None:
    table = table_of(close_page(CLOSING), "Expected against reported, units")
    at = [column.heading for column in table.columns].index("reported")
    assert (table.rows[1][at], table.total[at], table.total[at + 1]) == ("missing", "missing", "?")
    known = table_of(close_page(with_stock(RESULT.stock[0], RESULT.stock[2])), "Expected against reported, units")
    assert (known.total[at], known.total[at + 1]) == ("2,979", "-416")


def test_units_with_decimals_are_shown_whole_in_every_row() -> None:
    line = replace(RESULT.stock[0], opening=Decimal("1204.125"))
    table = table_of(close_page(with_stock(line, RESULT.stock[2])), "Channel stock, units")
    assert [row[1] for row in (*table.rows, table.total)] == ["1,204.125", "2,000.000", "3,204.125"]


def test_money_has_the_digits_of_its_currency_and_is_never_rounded() -> None:
    line = replace(RESULT.journal[0], debit=Decimal("1200"), credit=Decimal("1200"))
    yen = replace(CLOSING, result=replace(RESULT, currency="JPY", journal=(replace(line, currency="JPY"),)))
    assert table_of(close_page(yen), "Journal").total[1:] == ("1,200", "1,200")
    finer = replace(CLOSING, result=replace(RESULT, journal=(line, replace(line, debit=Decimal("0.005")))))
    assert table_of(close_page(finer), "Journal").total[1:] == ("1,200.005", "2,400.000")


def test_a_journal_in_several_currencies_has_both_amounts_and_adds_up_what_is_booked() -> None:
    home = RESULT.journal[0]
    euros = replace(
        home, currency="EUR", debit=Decimal("10.00"), credit=Decimal(0), debit_booked=Decimal("14.00"),
        credit_booked=Decimal(0),
    )  # fmt: skip
    yen = replace(euros, currency="JPY", debit=Decimal(0), credit=Decimal(1200))
    closing = replace(CLOSING, result=replace(RESULT, journal=(euros, yen)))
    found = table_of(close_page(closing), "Journal")
    headings = ["account", "currency", "debit", "credit", "debit booked", "credit booked"]
    assert [one.heading for one in found.columns] == headings
    assert [row[1:] for row in found.rows] == [("EUR", "10.00", "", "14.00", ""), ("JPY", "", "1,200", "14.00", "")]
    assert found.total == ("total", "", "", "", "28.00", "-")
    journal = close_json(closing)["journal"]
    assert (journal[0]["currency"], journal[0]["debit-booked"]) == ("EUR", "14.00")
    assert set(close_json(CLOSING)["journal"][0]) == {"account", "title", "debit", "credit"}


def test_what_is_not_published_is_not_signed() -> None:
    assert "Approved by" in page_text(close_page(CLOSING))
    assert "Approved by" not in page_text(close_page(FAILED))
    assert "not published: 1 tie-out failed" in page_text(close_page(FAILED))


def test_a_hostile_name_reaches_neither_the_terminal_nor_the_page_as_markup() -> None:
    page = close_page(with_stock(replace(RESULT.stock[0], name="\x1b[2JEvil\n<script>alert(1)</script>")))
    assert "\x1b" not in page_text(page)
    html = page_html(page)
    assert "<script" not in html
    assert "\x1b" not in html


def test_html_needs_nothing_from_elsewhere() -> None:
    html = page_html(close_page(CLOSING))
    assert not any(word in html for word in ("<script", "<link", "src=", "url(", "http:", "https:", "@import"))


def test_colour_adds_nothing_but_tones() -> None:

    page = close_page(CLOSING)
    coloured = page_text(page, colour=True)
    assert coloured != page_text(page)
    assert [line.rstrip() for line in re.sub(r"\x1b\[\d+m", "", coloured).splitlines()] == page_text(page).splitlines()


def test_json_keeps_every_figure_exact() -> None:
    values = close_json(CLOSING)
    assert values["stock"][2]["value"] == "-18450.00"
    assert values["stock"][0]["flows"]["sale"] == "-951"
    assert values["journal"][1] == {
        "account": "2310",
        "title": "Deferred revenue",
        "debit": "84120.00",
        "credit": "71300.00",
    }
    assert values["published"] is True
    assert close_json(FAILED)["published"] is False


def test_the_words_are_those_of_the_rulesets_keys() -> None:
    names = StockNames("raw-material", "plant", "batch")
    page = close_page(replace(CLOSING, result=replace(RESULT, stock_names=names)))
    stock, counts = table_of(page, "Raw material, units"), table_of(page, "Expected against reported, units")
    assert (stock.columns[0].heading, counts.columns[0].heading) == ("plant", "plant")
    assert counts.columns[5].heading == "batches without report"
    finer = replace(RESULT, stock_names=replace(names, finer="batch, lot"))
    counts = table_of(close_page(replace(CLOSING, result=finer)), "Expected against reported, units")
    assert counts.columns[5].heading == "rows without report"
