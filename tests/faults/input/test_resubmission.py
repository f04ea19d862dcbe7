"""Mended rows of feeds of every shape: what a feed takes from a file's name or a row's number stays that of the row."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from tests.support.channel_client import Folder

FEEDS = """
  - name: named
    files: "stock_{as-of:YYYY-MM-DD}_{shop}.csv"
    delimited: {separator: comma, encoding: utf-8, dates: DD/MM/YYYY}
    fills:
      record: pos-sale
      columns:
        {partner: {file-name: shop}, invoice-number: INV, sale-date: {file-name: as-of}, part: SKU, quantity: QTY}
  - name: numbered
    files: "numbered.csv"
    delimited: {separator: semicolon, encoding: cp1252, decimal: ","}
    fills:
      record: pos-sale
      columns: {partner: {constant: N}, invoice-number: {row-number: true}, sale-date: DATE, part: SKU, quantity: QTY}
  - name: bare
    files: "bare.txt"
    delimited:
      separator: pipe
      encoding: latin-1
      quote: none
      skip-lines: 1
      columns: [INV, DATE, SKU, QTY]
      trailer: {column: INV, text: END, rows: QTY}
    fills:
      record: pos-sale
      columns: {partner: {constant: B}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY}
  - name: broken
    files: "broken.csv"
    delimited: {separator: tab, encoding: utf-16, line-breaks-in-cells: true, escape: "\\\\"}
    fills:
      record: pos-sale
      columns: {partner: {constant: L}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY}
"""
DELIVERED = {
    "named": ("stock_2026-02-28_ACME.csv", "INV,SKU,QTY\n1,X,1\n2,X,two\n"),
    "numbered": ("numbered.csv", "DATE;SKU;QTY\n2026-02-01;X;1\n2026-02-02;É;zwei\n"),
    "bare": ("bare.txt", 'a title\n1|2026-02-01|X|1\n2|2026-02-02|a;b "c"|two\nEND|||2\n'),
    "broken": (
        "broken.csv",
        'INV\tDATE\tSKU\tQTY\n1\t2026-02-01\tX\t1\n"a\\"\nb"\t2026-02-02\tX\ttwo\n3\t2026-02-03\tX\tthree\n',
    ),
}
ENCODINGS = {"named": "utf-8", "numbered": "cp1252", "bare": "latin-1", "broken": "utf-16"}
SEPARATORS = {"named": ",", "numbered": ";", "bare": "|", "broken": "\t"}


def opened(feed: str, content: bytes) -> list[dict[str, str]]:
    text = io.StringIO(content.decode(ENCODINGS[feed]), newline="")
    return list(csv.DictReader(text, delimiter=SEPARATORS[feed]))


def saved(feed: str, rows: list[dict[str, str]]) -> bytes:
    """The rows as a spreadsheet saves them: with quotes of its own choice."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=SEPARATORS[feed], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(ENCODINGS[feed])


def test_rows_of_feeds_of_every_shape_are_mended(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.configure(FEEDS)
    for feed, (name, text) in DELIVERED.items():
        folder.deliver(name, text.encode(ENCODINGS[feed]))
    folder.load()
    for feed in DELIVERED:
        rows = opened(feed, folder.export(feed))
        for row in rows:
            row["QTY"] = "2"
        report = folder.resubmit(f"mended {feed}.csv", saved(feed, rows))
        assert (report.message, report.accepted, report.quarantined) == ("", len(rows), 0), feed
        assert folder.waiting(feed) == []
    found = {
        (fact["partner"], fact["invoice-number"]): (fact["sale-date"], fact["part"], int(fact["quantity"]))
        for fact in folder.facts("pos-sale")
    }
    assert found == {
        ("ACME", "1"): (date(2026, 2, 28), "X", 1),
        ("ACME", "2"): (date(2026, 2, 28), "X", 2),
        ("N", "2"): (date(2026, 2, 1), "X", 1),
        ("N", "3"): (date(2026, 2, 2), "É", 2),
        ("B", "1"): (date(2026, 2, 1), "X", 1),
        ("B", "2"): (date(2026, 2, 2), 'a;b "c"', 2),
        ("L", "1"): (date(2026, 2, 1), "X", 1),
        ("L", 'a"\nb'): (date(2026, 2, 2), "X", 2),
        ("L", "3"): (date(2026, 2, 3), "X", 2),
    }


def test_an_export_unchanged_waits_again_and_keeps_what_it_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.configure(FEEDS)
    name, text = DELIVERED["named"]
    folder.take(name, text)
    [first] = opened("named", folder.export("named"))
    assert folder.resubmit("once.csv", folder.export("named")).quarantined == 1
    [second] = opened("named", folder.export("named"))
    own = ("tieout-part-as-of", "tieout-part-shop", "tieout-file", "tieout-line", "tieout-as-delivered")
    assert [second[name] for name in own] == ["2026-02-28", "ACME", "stock_2026-02-28_ACME.csv", "3", "2,X,two"]
    assert [first[name] for name in own] == [second[name] for name in own]
    assert first["tieout-row"] != second["tieout-row"]
