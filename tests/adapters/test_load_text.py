"""The page and the JSON of a load."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from adapters.feeds.report import FileReport, LoadReport, Outcome, TotalReport
from adapters.load_text import load_json, load_text


def total(
    received: str, accepted: str, quarantined: str, declared: str | None = None, unreadable: int = 0
) -> TotalReport:
    return TotalReport(
        column="QTY",
        unit="units",
        received=Decimal(received),
        accepted=Decimal(accepted),
        quarantined=Decimal(quarantined),
        set_aside=Decimal(0),
        unreadable=unreadable,
        declared=Decimal(declared) if declared is not None else None,
    )


POS = FileReport(
    "acme_pos_2026-02.csv",
    "acme-pos",
    Outcome.LOADED,
    received=4120,
    accepted=4117,
    quarantined=3,
    already_known=1,
    facts=(("pos-sale", 4116),),
    totals=(total("31877", "31800", "77", "31877"), total("1200.5", "1200.5", "0", unreadable=1)),
    reasons=(("unknown part", 2), ("sale-date not in YYYY-MM-DD", 1)),
    faults=((3, 'part: "X\x1b[2J" is not a known part'), (9, 'sale-date: "1.2.26" is not a date in YYYY-MM-DD')),
)
STOCK = FileReport(
    "beta.csv", "beta-stock", Outcome.LOADED, received=61, accepted=61, facts=(("inventory-report", 61),)
)
AGAIN = FileReport("again.csv", "acme-pos", Outcome.KNOWN, message="same content as acme_pos_2026-02.csv: nothing done")
BAD = FileReport("bad.csv", "acme-pos", Outcome.REFUSED, message="empty", help="ask for the file again", line=7)


def test_the_page_of_a_load() -> None:
    assert load_text(LoadReport(date(2026, 3, 2), (POS, STOCK, AGAIN))).splitlines() == [
        "FILE                  FEED        RECEIVED  ACCEPTED  QUARANTINED  CONTROL TOTAL",
        "acme_pos_2026-02.csv  acme-pos       4,120     4,117            3  31,877 of 31,877 units   ✓",
        "                                                                   1,200.5 units, 1 cell unreadable   ✓",
        "beta.csv              beta-stock        61        61            0  none declared   -",
        "again.csv: same content as acme_pos_2026-02.csv: nothing done",
        "",
        "received = accepted + quarantined    4,181 = 4,178 + 3 rows   ✓",
        "3 rows wait in quarantine: 2 unknown part, 1 sale-date not in YYYY-MM-DD",
        "new facts: 61 inventory-report, 4,116 pos-sale; 1 row said what the books knew",
        '  acme_pos_2026-02.csv:3: part: "X·[2J" is not a known part',
        '  acme_pos_2026-02.csv:9: sale-date: "1.2.26" is not a date in YYYY-MM-DD',
    ]


def test_a_strict_load_with_a_bad_row_says_that_nothing_was_written() -> None:
    report = LoadReport(date(2026, 3, 2), (POS, STOCK), is_strict=True)
    assert not report.is_written
    lines = load_text(report).splitlines()
    assert "3 rows cannot be read: 2 unknown part, 1 sale-date not in YYYY-MM-DD" in lines
    assert lines[-1] == "nothing of this load was written: it is strict, and not every row can be read"
    assert not any(line.startswith("new facts") for line in lines)
    assert LoadReport(date(2026, 3, 2), (STOCK,), is_strict=True).is_written


def test_a_refused_file_stops_the_load() -> None:
    report = LoadReport(date(2026, 3, 2), (STOCK, BAD))
    assert not report.is_written
    assert load_text(report).splitlines()[2:] == [
        "refused bad.csv:7: empty",
        "  help: ask for the file again",
        "",
        "1 file refused: nothing of this load was written",
    ]


def test_wide_figures_keep_the_columns_straight() -> None:
    wide = FileReport("a" * 50 + ".csv", "f", Outcome.LOADED, received=12_345_678, accepted=12_345_678, set_aside=5)
    head, row, *_ = load_text(LoadReport(date(2026, 3, 2), (wide,))).splitlines()
    assert head.index("  CONTROL TOTAL") == row.index("  none declared")
    assert row.startswith("aaaaaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaaa.csv  f")


def test_json_has_no_floats_and_the_same_figures() -> None:
    content = load_json(LoadReport(date(2026, 3, 2), (POS, AGAIN)))
    text = json.dumps(content)
    assert json.loads(text, parse_float=lambda _: None)["files"][0]["totals"][1]["received"] == "1200.5"
    assert content["loaded-on"] == "2026-03-02"
    assert content["files"][0]["reasons"] == {"unknown part": 2, "sale-date not in YYYY-MM-DD": 1}
    assert content["files"][1]["outcome"] == "same content"
