"""Quantities in reels, boxes and pallets become units at intake, exactly, by what a reel holds on the day."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from adapters.client.check import check_client
from dsl.diagnostics import Diagnostics
from engine.model.datatypes import DataType, Family
from engine.model.schema import Column, Measure
from tests.support.channel_client import FEED, HEAD, PART, SALE, SCHEMA, Folder

HOLDING = replace(PART, columns=(*PART.columns, Column("pieces-per-reel", DataType(Family.NUMBER), False)))
MEASURED = replace(
    SCHEMA,
    records=(HOLDING, SALE),
    measures=(
        Measure("reel", "units", None, "part", "pieces-per-reel", by_date=True),
        Measure("box", "units", Decimal(12)),
        Measure("pallet", "reels", Decimal("2.5")),
    ),
)
PARTS = """
  - name: parts
    files: parts.csv
    delimited: {separator: comma, encoding: utf-8}
    fills: {record: part, columns: {code: SKU, date: SINCE, pieces-per-reel: PIECES}}
"""
IN_UNITS = FEED.replace("quantity: QTY", "quantity: {column: QTY, negative: allowed, unit: UOM}")


def taken(folder: Folder, rows: str) -> dict[str, Decimal]:
    """Load parts and sales; the units of each sale by its invoice."""
    folder.configure(IN_UNITS, PARTS)
    folder.deliver("parts.csv", "SKU,SINCE,PIECES\nX,2026-01-01,2500\nX,2026-02-10,3000.25\nY,2026-01-01,\n")
    folder.deliver("acme_pos_1.csv", f"{HEAD},UOM\n{rows}")
    folder.load()
    return {fact["invoice-number"]: fact["quantity"] for fact in folder.facts("pos-sale")}


def test_reels_are_counted_in_units_by_the_row_of_the_day(tmp_path: Path) -> None:
    rows = (
        "1,2026-02-03,X,2,reels\n2,2026-02-10,X,-1.5,reel\n3,2026-02-03,X,7,units\n4,2026-02-03,Y,0.25,box\n"
        "5,2026-02-03,X,3,pallet\n"
    )
    assert taken(Folder(tmp_path, MEASURED), rows) == {
        "1": Decimal(5000), "2": Decimal("-4500.375"), "3": Decimal(7), "4": Decimal(3), "5": Decimal(18750),
    }  # fmt: skip


def test_what_cannot_be_counted_waits_with_its_reason(tmp_path: Path) -> None:
    folder = Folder(tmp_path, MEASURED)
    rows = (
        "1,2026-02-03,Y,2,reels\n2,2026-02-10,X,0.001,reels\n3,2026-02-03,X,7,\n4,2026-02-03,X,1,cask\n"
        "5,2025-12-31,X,1,reel\n6,2026-02-03,X,one,reel\n7,2026-02-03,X,1,unit\n8,2026-02-03,X,999999999999999,pallet\n"
    )
    assert taken(folder, rows) == {"7": Decimal(1)}
    uncounted = (
        "cannot be counted in units: nothing says how many that is on the day,"
        " or it is no whole thousandth, or too many"
    )
    assert folder.quarantine() == {
        2: [f"quantity: 2 reels {uncounted}"],
        3: [f"quantity: 0.001 reels {uncounted}"],
        4: ["quantity: its unit is missing"],
        5: ['quantity: unit "cask" is not one of units, reel, box, pallet'],
        6: [f"quantity: 1 reel {uncounted}"],
        7: ['quantity: "one" is not a number written with "." before decimals'],
        9: [f"quantity: 999999999999999 pallet {uncounted}"],
    }


def test_a_unit_that_the_ruleset_has_not_is_told_before_any_file_is_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path, MEASURED)
    folder.configure(FEED.replace("quantity: QTY", "quantity: {column: QTY, unit: {constant: reals}}"))
    found = Diagnostics()
    check_client(folder.client(), MEASURED, found)
    assert [(one.code, one.message, one.help) for one in found.errors] == [
        ("C004", "the ruleset has no unit `reals`", "did you mean `reel`?")
    ]
    folder.configure(FEED.replace("part: SKU", "part: {column: SKU, unit: {constant: reel}}"))
    found = Diagnostics()
    check_client(folder.client(), MEASURED, found)
    assert [one.message for one in found.errors] == ["`part` has no unit: it is part"]
