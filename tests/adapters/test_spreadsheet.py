"""CSV files are opened in spreadsheets: no cell is live, every figure is one, and each text can be had back."""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from adapters.spreadsheet import as_delivered, cell, csv_text, harmless
from tests.support.promises import reached, trials
from tests.support.repository import product_modules

PAYLOADS = (
    "1+1", "cmd|' /C calc'!A0", "SUM(1+1)*cmd|' /C calc'!A0", 'HYPERLINK("http://x","y")',
    "MSEXCEL|'\\..\\..\\calc'!''",
    'WEBSERVICE("http://x")', "DDE(\"cmd\";\"/C calc\";\"x\")", "10+20", "A1", "large", "", "=", "2024-01-01", "-1",
)  # fmt: skip
SIGNS = "=+-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u2a75"
BEFORE = (
    "",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u200b",
    "\x00",
    "\x0b",
    "'",
    "''",
    '"',
    "\u2800",
)
WITHIN = ("{}", "a;{}", "a\t{}", "a\n{}", 'a";{}', 'a;"{}"', "a,{}", '"a",{}', "Acme {}", "x\r\n{}", ";{}", "{};{}")
FIGURES = (
    "0", "-1", "+1", "12.50", "-12.50", "1,234.50", "-1,234.50", "-0.5", "-.5", "1.234,50", "-1e5", "-12%", "007",
    " -12",
)  # fmt: skip


def texts() -> Iterator[str]:
    """Every sign before every payload, behind everything that may stand before it, in every place of a text."""
    for sign in SIGNS:
        for payload in PAYLOADS:
            for before in BEFORE:
                for within in WITHIN:
                    yield within.replace("{}", before + sign + payload)


def is_number(text: str) -> bool:
    """Whether a text is a figure, decided by Python's own reading of one, not by the product's expression."""
    bare = text.strip(" ").removesuffix("%").rstrip(" ").replace(",", ".")
    head, _, last = bare.rpartition(".")
    try:
        return Decimal(f"{head.replace('.', '')}.{last}" if head else bare).is_finite() and "_" not in text
    except ArithmeticError:
        return False


def is_live(text: str) -> bool:
    """Whether a spreadsheet that strips what cannot be seen would find a formula in a cell."""
    seen = [one for one in text if unicodedata.category(one)[0] not in "ZCM" and one not in '"\u2800']
    first = unicodedata.normalize("NFKC", seen[0])[0] if seen else ""
    return first in {"=", "+", "-", "@", "\u2212"} and not is_number(text)


def cells(written: str, separator: str) -> Iterator[str]:
    """The cells of a file as a program sees them that splits at this separator."""
    for row in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
        yield from row


def test_no_text_is_live_and_every_text_comes_back() -> None:
    every = list(texts())
    chosen = random.Random(40).sample(every, trials(5_000, 5_000))
    live = turned = lost = 0
    for text in chosen:
        written = csv_text(("number", "text", "amount"), [(7, text, Decimal("-12.50"))])
        [_, row] = list(csv.reader(io.StringIO(written, newline="")))
        live += any(is_live(one) for separator in ",;\t" for one in cells(written, separator))
        turned += row[0] != "7" or row[2] != "-12.50"
        lost += as_delivered(row[1]) != text
    reached(
        "P20", "texts written to CSV and read by programs that split at comma, semicolon and tab", len(chosen), live
    )
    reached("P20", "figures written beside them that became text", 2 * len(chosen), turned)
    assert (live, turned, lost) == (0, 0, 0)


def test_figures_delivered_as_text_stay_figures() -> None:
    assert [cell(one) for one in FIGURES] == list(FIGURES)
    assert all(is_number(one) for one in FIGURES)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("-12.50"), "-12.50"), (Decimal("1E+3"), "1000"), (-7, "-7"),
        (None, ""), (date(2026, 1, 31), "2026-01-31"),
        ("=1+1", "'=1+1"), ("-1+1", "'-1+1"), ("--", "'--"), ("A-100", "A-100"), (" =x", "' =x"), ("'=x", "''=x"),
        ("'tis", "'tis"), ("\uff1d1+1", "'\uff1d1+1"), ("a;=1", "a;'=1"), ("a;-1", "a;-1"),
        ("Acme; Sons", "Acme; Sons"),
    ],
)  # fmt: skip
def test_cells(value: str | int | Decimal | date | None, written: str) -> None:
    assert cell(value) == written


@pytest.mark.parametrize("text", ["'", "''", "' '=x", "x'=", "'=", "';'=", ";", "'\t'=a"])
def test_apostrophes_of_the_text_itself_come_back(text: str) -> None:
    assert as_delivered(harmless(text)) == text


def test_the_reader_of_this_test_finds_a_live_cell() -> None:
    assert is_live("=1+1")
    assert is_live("\u200b \uff1d1")
    assert any(is_live(one) for one in cells('x,"a;""=1"""', ";"))
    assert not is_live("-12.50")


def test_no_other_module_writes_csv() -> None:
    """Python's own writer is used nowhere; where one day a module reads CSV by it, this test is told so."""
    assert [
        module.path for module in product_modules() if re.search(r"^\s*import csv\b|^\s*from csv\b", module.text, re.M)
    ] == []
    assert re.search(r"^\s*import csv\b|^\s*from csv\b", "import os\nimport csv", re.M)
