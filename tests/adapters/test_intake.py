"""Intake: each kind of bad row and bad file has its message, and good rows become facts under declared formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.feeds.report import Outcome
from adapters.feeds.versions import Closed
from adapters.limits import LONGEST_LINE
from tests.support.channel_client import FEED, HEAD, Folder

GOOD_ROW = "1,2026-02-03,X100,5"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.configure(FEED)
    return made


def feed(**changes: str) -> str:
    """`FEED` with the settings of its `delimited` added to, and its columns' supplies replaced."""
    text = FEED
    if "delimited" in changes:
        text = text.replace("encoding: utf-8", f"encoding: utf-8, {changes.pop('delimited')}")
    for name, supply in changes.items():
        key = name.replace("_", "-")
        old = next((line for line in text.splitlines() if line.strip().startswith(f"{key}:")), None)
        if old is None:
            text += f"        {key}: {supply}\n"
        else:
            text = text.replace(old, f"{old[: len(old) - len(old.lstrip())]}{key}: {supply}")
    return text


def test_a_good_row_becomes_a_fact_with_its_origin(folder: Folder) -> None:
    report = folder.take("acme_pos_1.csv", f"{HEAD}\n{GOOD_ROW}\n")
    assert (report.outcome, report.received, report.accepted, report.quarantined) == (Outcome.LOADED, 1, 1, 0)
    assert folder.facts("pos-sale") == [
        {
            "partner": "ACME",
            "invoice-number": "1",
            "sale-date": date(2026, 2, 3),
            "part": "X100",
            "quantity": Decimal("5.000"),
            "amount": None,
            "tier": None,
            "discount": None,
            "promotional": None,
            "identity": "ACME\x1f1",
            "currency": "USD",
            "known-at": date(2026, 3, 2),
            "version": 1,
            "source-file": report.sha256,
            "source-row": 2,
        }
    ]


BAD_ROWS = {
    "number with text": ("1,2026-02-03,X100,12O", 'quantity: "12O" is not a number written with "." before decimals'),
    "underscore": ("1,2026-02-03,X100,1_000", 'quantity: "1_000" is not a number written with "." before decimals'),
    "exponent": ("1,2026-02-03,X100,1e3", 'quantity: "1e3" is not a number written with "." before decimals'),
    "spaces": ("1,2026-02-03,X100, 12.5 ", 'quantity: " 12.5 " is not a number written with "." before decimals'),
    "thousands": ('1,2026-02-03,X100,"1,000"', 'quantity: "1,000" is not a number written with "." before decimals'),
    "infinity": ("1,2026-02-03,X100,inf", 'quantity: "inf" is not a number written with "." before decimals'),
    "digits": ("1,2026-02-03,X100,1.0005", 'quantity: "1.0005" has more than 3 digits behind the point'),
    "too large": ("1,2026-02-03,X100,9999999999999999", 'quantity: "9999999999999999" is too large'),
    "negative": ("1,2026-02-03,X100,-5", 'quantity: "-5" is below zero, and the feed has no sign rule for it'),
    "no such day": ("1,2026-02-31,X100,5", 'sale-date: "2026-02-31" is not a date in YYYY-MM-DD'),
    "other format": ("1,03/02/2026,X100,5", 'sale-date: "03/02/2026" is not a date in YYYY-MM-DD'),
    "short year": ("1,0026-02-03,X100,5", 'sale-date: "0026-02-03" is not a date in YYYY-MM-DD'),
    "missing": ("1,2026-02-03,X100,", "quantity: missing (column QTY)"),
    "truncated": ("1,2026-02-03,X1", "3 cells where the file has 4 columns"),
    "ragged": ("1,2026-02-03,X100,5,", "5 cells where the file has 4 columns"),
    "empty line": ("", "the line is empty"),
    "NUL": ("1,2026-02-03,X1\x0000,5", "a character that cannot be printed (code 0) is in the line"),
    "separator of identities": (
        "1\x1f,2026-02-03,X100,5",
        "a character that cannot be printed (code 31) is in the line",
    ),
    "open quote": (
        '1,"2026-02-03,X100,5',
        "the quotation marks do not pair up, or one stands inside a cell that does not begin with one",
    ),
    "quote inside": (
        '1,2026-02-03,X10"0,5',
        "the quotation marks do not pair up, or one stands inside a cell that does not begin with one",
    ),
    "total row": (
        "TOTAL,,,10",
        "looks like a total; if every file ends in one, declare it as the feed's trailer",
    ),
}


def test_each_bad_row_is_quarantined_for_its_reason(folder: Folder) -> None:
    lines = [line.replace("1", str(number), 1) for number, (line, _) in enumerate(BAD_ROWS.values(), 100)]
    report = folder.take("acme_pos_1.csv", "\n".join([HEAD, *lines, "9,2026-02-03,X100,7"]))
    assert (report.received, report.accepted, report.quarantined) == (len(lines) + 1, 1, len(lines))
    found = folder.quarantine()
    assert {name: found[at][0] for at, name in enumerate(BAD_ROWS, 2)} == {
        name: reason for name, (_, reason) in BAD_ROWS.items()
    }
    assert [fact["invoice-number"] for fact in folder.facts("pos-sale")] == ["9"]
    [total] = report.totals
    assert total.received == total.accepted + total.quarantined
    assert total.accepted == 7


BAD_FILES = {
    "empty": (b"", "empty"),
    "only line ends": (b"\r\n\r\n", "empty"),
    "unknown column": (b"INV,DATUM,SKU,QTY\n1,2026-02-03,X100,5\n", "has no column `DATE`, which feed acme-pos reads"),
    "column twice": (b"INV,DATE,SKU,QTY,QTY\n1,2026-02-03,X100,5,5\n", "has two columns named `QTY`"),
    "wrong encoding": (b"INV,DATE,SKU,QTY\n1,2026-02-03,caf\xe9,5\n", "not utf-8: byte 33 (line 2) is 0xe9"),
    "byte order mark": (b"\xef\xbb\xbfINV,DATE,SKU,QTY\n1,2026-02-03,X,5\n", "begins with a byte order mark"),
    "huge line": (
        b"INV,DATE,SKU,QTY\n1,2026-02-03,X,5\n2," + b"9" * LONGEST_LINE + b",X,5\n",
        "line 3 is longer than 1,000,000 bytes",
    ),
    "huge header": (b"9" * (LONGEST_LINE + 1), "line 1 is longer than 1,000,000 bytes"),
    "every date otherwise": (
        b"INV,DATE,SKU,QTY\n1,03.02.2026,X,5\n2,04.02.2026,X,5\n",
        'none of the 2 dates in column DATE is in YYYY-MM-DD; the first is "03.02.2026"',
    ),
    "too many columns": (b"A" + b",A" * 2000, "has more than 2,000 columns"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_each_bad_file_is_refused_and_nothing_is_written(folder: Folder, content: bytes, message: str) -> None:
    good = folder.deliver("acme_pos_0.csv", f"{HEAD}\n{GOOD_ROW}\n")
    report = folder.load(good, folder.deliver("acme_pos_1.csv", content))
    assert [file.message for file in report.refused] == [message]
    assert report.refused[0].help
    assert not report.is_written
    assert folder.facts("pos-sale") == []


def test_two_date_formats_in_a_column_quarantine_the_other_one(folder: Folder) -> None:
    rows = "1,2026-02-03,X,5\n2,03/02/2026,X,5\n3,2026-02-05,X,5\n"
    report = folder.take("acme_pos_1.csv", f"{HEAD}\n{rows}")
    assert report.reasons == (("sale-date not in YYYY-MM-DD", 1),)
    assert folder.quarantine() == {3: ['sale-date: "03/02/2026" is not a date in YYYY-MM-DD']}


def test_a_date_that_reads_two_ways_is_not_taken(folder: Folder) -> None:
    folder.configure(feed(sale_date="{column: DATE, format: [DD/MM/YYYY, MM/DD/YYYY]}"))
    rows = "1,13/02/2026,X,5\n2,02/13/2026,X,5\n3,03/03/2026,X,5\n4,02/03/2026,X,5\n5,2026-02-03,X,5\n"
    folder.take("acme_pos_1.csv", f"{HEAD}\n{rows}")
    assert [fact["sale-date"].day for fact in folder.facts("pos-sale")] == [13, 13, 3]
    assert folder.quarantine() == {
        5: ['sale-date: "02/03/2026" can be 2026-02-03 or 2026-03-02'],
        6: ['sale-date: "2026-02-03" is not a date in DD/MM/YYYY or MM/DD/YYYY'],
    }


DATES = {
    "M/D/YY": "2/3/26",
    "DD.MM.YYYY hh:mm:ss": "03.02.2026 23:59:59",
    "YYYYMMDD": "20260203",
    "D-MON-YYYY": "3-Feb-2026",
    "YYYY-MM-DDThh:mm": "2026-02-03T00:00",
}


@pytest.mark.parametrize(("declared", "written"), DATES.items(), ids=DATES.keys())
def test_dates_are_read_as_declared(folder: Folder, declared: str, written: str) -> None:
    folder.configure(feed(sale_date=f'{{column: DATE, format: "{declared}"}}'))
    folder.take("acme_pos_1.csv", f"{HEAD}\n1,{written},X,5\n")
    assert [fact["sale-date"] for fact in folder.facts("pos-sale")] == [date(2026, 2, 3)]


NUMBERS = {
    "German": ('decimal: ",", thousands: "."', '"1.234.567,5"', "1234567.5"),
    "Swiss": ('thousands: "\'"', "1'234.5", "1234.5"),
    "point first": ("decimal: .", ".75", "0.75"),
    "brackets": ("negative: brackets", "(12)", "-12"),
    "trailing minus": ("negative: trailing minus", "12-", "-12"),
    "leading minus": ("negative: leading minus", "-12", "-12"),
    "trailing zeros": ("decimal: .", "1.50000", "1.5"),
    "trimmed": ("spaces: trim", " 12 ", "12"),
}


@pytest.mark.parametrize(("declared", "written", "value"), NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_are_read_as_declared(folder: Folder, declared: str, written: str, value: str) -> None:
    folder.configure(feed(delimited=declared, quantity="{column: QTY, negative: allowed}"))
    report = folder.take("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X,{written}\n")
    assert [fact["quantity"] for fact in folder.facts("pos-sale")] == [Decimal(value)]
    assert report.totals[0].accepted == Decimal(value)


def test_thousands_must_stand_between_threes(folder: Folder) -> None:
    folder.configure(feed(delimited='thousands: ","'))
    folder.take("acme_pos_1.csv", f'{HEAD}\n1,2026-02-03,X,"1,00"\n2,2026-02-03,X,"1,000"\n')
    assert [fact["quantity"] for fact in folder.facts("pos-sale")] == [1000]


def test_values_of_every_type_and_their_faults(folder: Folder) -> None:
    head = f"{HEAD},TIER,OFF,PROMO,AMT"
    rows = "1,2026-02-03,X,5,G,2.5%,yes,10.25\n2,2026-02-03,X,5,P,2.12345%,Y,1.00005\n3,2026-02-03,X,5,,,,\n"
    folder.configure(
        feed(
            tier="{column: TIER, codes: tiers}",
            discount="{column: OFF, percent: yes}",
            promotional="PROMO",
            amount="AMT",
        ).replace("    fills", "    codes: {tiers: {G: gold}}\n    fills")
    )
    folder.take("acme_pos_1.csv", f"{head}\n{rows}")
    first, last = folder.facts("pos-sale")
    assert (first["tier"], first["discount"], first["promotional"]) == ("gold", Decimal("0.025000"), True)
    assert first["amount"] == Decimal("10.2500")
    assert (last["tier"], last["discount"], last["promotional"], last["amount"]) == (None, None, None, None)
    assert folder.quarantine()[3] == [
        'amount: "1.00005" has more than 4 digits behind the point',
        'tier: code "P" is not in the code map tiers',
        'discount: "2.12345%" has more than 4 digits behind the point',
        'promotional: "Y" is neither yes nor no',
    ]


def test_an_unknown_value_names_the_known_ones(folder: Folder) -> None:
    folder.configure(feed(tier="TIER"))
    folder.take("acme_pos_1.csv", f"{HEAD},TIER\n1,2026-02-03,X,5,golden\n2,2026-02-03,X,5,gold\n")
    assert folder.quarantine() == {2: ['tier: "golden" is not one of gold, silver']}


PARTS = """
  - name: parts
    files: parts.csv
    delimited: {separator: pipe, encoding: cp1252}
    fills:
      record: part
      columns: {code: CODE, date: FROM, list-price: PRICE, line: LINE}
"""


def test_registers_load_first_and_unknown_parts_are_quarantined(folder: Folder) -> None:
    folder.configure(FEED, PARTS)
    folder.deliver("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X100,5\n2,2026-02-03,X999,5\n3,2026-02-03,x100,5\n")
    folder.deliver(
        "parts.csv", "CODE|FROM|PRICE|LINE\nX100|2026-01-01|9.5|caf\xe9\nX100|2026-02-01|9.75|\n".encode("cp1252")
    )
    report = folder.load()
    assert [file.name for file in report.files] == ["parts.csv", "acme_pos_1.csv"]
    assert [fact["list-price"] for fact in folder.facts("part")] == [Decimal("9.5"), Decimal("9.75")]
    assert folder.facts("part")[0]["line"] == "café"
    assert folder.quarantine() == {
        3: ['part: "X999" is not a known part'],
        4: ['part: "x100" is not a known part'],
    }
    later = folder.take("acme_pos_2.csv", f"{HEAD}\n7,2026-02-03,X100,5\n")
    assert later.accepted == 1


def test_foreign_currency_is_refused_where_a_ruleset_has_no_rates(folder: Folder) -> None:
    folder.configure(feed(amount="AMT").replace("    fills", "    currency: CUR\n    fills"))
    folder.take("acme_pos_1.csv", f"{HEAD},AMT,CUR\n1,2026-02-03,X,5,1.00,EUR\n2,2026-02-03,X,5,1.00,USD\n")
    assert folder.quarantine() == {
        2: ["currency: EUR cannot be converted: the ruleset reports in USD and has no `rates`"]
    }


def test_foreign_currency_is_taken_where_a_ruleset_has_rates(folder: Folder) -> None:
    folder = replace(folder, schema=replace(folder.schema, converts=True))
    folder.configure(feed(amount="AMT").replace("    fills", "    currency: CUR\n    fills"))
    folder.take("acme_pos_1.csv", f"{HEAD},AMT,CUR\n1,2026-02-03,X,5,1.00,EUR\n2,2026-02-03,X,5,1.00,euro\n")
    assert folder.quarantine() == {3: ['currency: "euro" is not a currency like USD']}


ROUTED = """
  - name: acme-pos
    files: "acme_pos_{day:YYYYMMDD}.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: QTY
    known-at: {file-name: day}
    only: {column: KIND, is-not: NOTE}
    fills:
      - record: pos-sale
        when: {column: QTY, sign: positive}
        columns: {partner: {constant: ACME}, invoice-number: {join: [INV, LINE], joined-by: "/"},
          sale-date: DATE, part: SKU, quantity: QTY}
      - record: customer-return
        when: {column: QTY, sign: negative}
        columns: {partner: {constant: ACME}, invoice-number: {row-number: yes},
          return-date: DATE, part: SKU, quantity: {column: QTY, sign: flip}}
      - record: customer-return
        when: {column: KIND, is: SWAP}
        columns: {partner: {constant: SWAP}, invoice-number: INV, return-date: DATE, part: SKU,
          quantity: {column: QTY, sign: absolute}}
"""


def test_sign_rules_send_rows_to_records_and_filters_set_aside(folder: Folder) -> None:
    folder.configure(ROUTED)
    rows = ["1,1,2026-02-03,X,5,", "2,1,2026-02-03,X,-4,", "3,1,2026-02-03,X,0,", "4,1,2026-02-03,X,9,NOTE"]
    rows += ["5,1,2026-02-03,X,many,", "6,1,2026-02-03,X,2,SWAP"]
    report = folder.take("acme_pos_20260205.csv", "INV,LINE,DATE,SKU,QTY,KIND\n" + "\n".join(rows))
    assert (report.received, report.accepted, report.quarantined, report.set_aside) == (5, 3, 2, 1)
    assert report.facts == (("pos-sale", 2), ("customer-return", 2))
    assert [(fact["invoice-number"], fact["quantity"]) for fact in folder.facts("pos-sale")] == [("1/1", 5), ("6/1", 2)]
    returned = [(fact["partner"], fact["invoice-number"], fact["quantity"]) for fact in folder.facts("customer-return")]
    assert returned == [("ACME", "3", 4), ("SWAP", "6", 2)]
    assert {fact["known-at"] for fact in folder.facts("pos-sale")} == {date(2026, 2, 5)}
    assert folder.quarantine() == {
        4: ["fits none of the conditions under which the feed fills pos-sale, customer-return"],
        6: [
            "QTY: missing or unreadable, so whether the row fills pos-sale cannot be said",
            "QTY: missing or unreadable, so whether the row fills customer-return cannot be said",
        ],
    }
    [total] = report.totals
    assert [total.received, total.accepted, total.quarantined, total.set_aside] == [3, 3, 0, 9]
    assert total.unreadable == 1


def test_rows_of_two_records_are_held_against_each_other(folder: Folder) -> None:
    folder.configure(ROUTED.replace("{constant: SWAP}", "{constant: ACME}").replace("{row-number: yes}", "INV"))
    rows = ["7,1,2026-02-03,X,-5,", "7,2,2026-02-03,X,5,SWAP", "8,1,2026-02-03,X,-5,SWAP"]
    report = folder.take("acme_pos_20260205.csv", "INV,LINE,DATE,SKU,QTY,KIND\n" + "\n".join(rows))
    assert (report.accepted, report.quarantined) == (1, 2)
    assert folder.quarantine() == {
        3: ["the same row as line 2"],
        4: ["fills customer-return twice with the same partner, invoice-number"],
    }


TRAILED = feed(delimited="trailer: {column: INV, text: TOTAL, totals: QTY, rows: SKU}")


def test_a_trailer_must_agree_with_the_rows(folder: Folder) -> None:
    folder.configure(TRAILED)
    report = folder.take("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X,5\n2,2026-02-03,X,7\nTOTAL,,2,12\n")
    assert (report.received, report.accepted) == (2, 2)
    assert report.totals[0].received == report.totals[0].declared == Decimal(12)


BAD_TRAILERS = {
    "sum": ("1,2026-02-03,X,5\nTOTAL,,1,6", "its trailer says 6 for QTY and its rows add up to 5"),
    "unreadable row": (
        "1,2026-02-03,X,5\n2,2026-02-03,X,S\nTOTAL,,2,6",
        "its trailer says 6 for QTY and its rows add up to 5; 1 of its rows have no readable QTY",
    ),
    "rows": ("1,2026-02-03,X,5\nTOTAL,,2,5", "its trailer counts 2 rows and it has 1"),
    "absent": ("1,2026-02-03,X,5", "does not end in a TOTAL row, so part of it may be missing"),
    "cut": ("1,2026-02-03,X,5\nTOTAL,,1", "does not end in a TOTAL row, so part of it may be missing"),
    "not a number": ("1,2026-02-03,X,5\nTOTAL,,1,five", 'the trailer\'s QTY is "five", which is not a number'),
}


@pytest.mark.parametrize(("rows", "message"), BAD_TRAILERS.values(), ids=BAD_TRAILERS.keys())
def test_a_trailer_that_does_not_agree_refuses_the_file(folder: Folder, rows: str, message: str) -> None:
    folder.configure(TRAILED)
    report = folder.take("acme_pos_1.csv", f"{HEAD}\n{rows}\n")
    assert (report.outcome, report.message) == (Outcome.REFUSED, message)


def test_the_same_content_again_does_nothing(folder: Folder) -> None:
    content = f"{HEAD}\n{GOOD_ROW}\n"
    folder.take("acme_pos_1.csv", content)
    again = folder.take("acme_pos_1 (1).csv", content)
    assert again.outcome is Outcome.KNOWN
    assert again.message.startswith("same content as acme_pos_1.csv, loaded ")
    assert len(folder.facts("pos-sale")) == 1
    both = folder.load(
        folder.deliver("acme_pos_2.csv", f"{HEAD}\n2,2026-02-03,X,5\n"),
        folder.deliver("acme_pos_3.csv", f"{HEAD}\n2,2026-02-03,X,5\n"),
    )
    assert [file.message for file in both.files] == ["", "same content as acme_pos_2.csv: nothing done"]


def test_repeats_in_a_file_are_quarantined(folder: Folder) -> None:
    rows = "1,2026-02-03,X,5\n1,2026-02-03,X,5\n2,2026-02-03,X,5\n2,2026-02-03,X,6\n"
    folder.take("acme_pos_1.csv", f"{HEAD}\n{rows}")
    assert folder.quarantine() == {
        3: ["the same row as line 2"],
        4: ["the same partner, invoice-number as line 5, but different content; which is right?"],
        5: ["the same partner, invoice-number as line 4, but different content; which is right?"],
    }
    assert [fact["source-row"] for fact in folder.facts("pos-sale")] == [2]


def test_a_later_file_brings_new_versions_and_repeats_nothing(folder: Folder) -> None:
    folder.take("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X,5\n2,2026-02-03,X,5\n")
    report = folder.take("acme_pos_2.csv", f"{HEAD}\n1,2026-02-03,X,5\n2,2026-02-03,X,6\n")
    assert (report.accepted, report.already_known, report.facts) == (2, 1, (("pos-sale", 1),))
    back = folder.take("acme_pos_3.csv", f"{HEAD}\n2,2026-02-03,X,5\n")
    assert back.already_known == 0
    versions = [(fact["invoice-number"], fact["version"], fact["quantity"]) for fact in folder.facts("pos-sale")]
    assert versions == [("1", 1, 5), ("2", 1, 5), ("2", 2, 6), ("2", 3, 5)]


def test_versions_count_on_within_one_load(folder: Folder) -> None:
    folder.deliver("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X,5\n")
    folder.deliver("acme_pos_2.csv", f"{HEAD}\n1,2026-02-03,X,6\n")
    folder.load()
    assert [(fact["version"], fact["quantity"]) for fact in folder.facts("pos-sale")] == [(1, 5), (2, 6)]


def test_a_hard_closed_period_keeps_its_facts(folder: Folder) -> None:
    folder.take("acme_pos_1.csv", f"{HEAD}\n1,2026-02-03,X,5\n2,2026-03-03,X,5\n")
    closed = Closed(date(2026, 2, 28), "FY2026-P01")
    rows = "1,2026-02-03,X,6\n1,2026-02-03,X,5\n2,2026-03-03,X,9\n3,2026-02-03,X,1\n2,2026-02-27,X,9\n"
    for number, row in enumerate(rows.splitlines()):
        folder.load(folder.deliver(f"acme_pos_2{number}.csv", f"{HEAD}\n{'#,' * number}\n{row}\n"), closed=closed)
    frozen = (
        "changes a fact that FY2026-P01 has counted, and FY2026-P01 is hard-closed; correct it by a fact of its own"
    )
    reasons = [reason for found in folder.quarantine().values() for reason in found if "counted" in reason]
    assert reasons == [frozen]
    assert [(fact["invoice-number"], fact["version"]) for fact in folder.facts("pos-sale")] == [
        ("1", 1),
        ("2", 1),
        ("2", 2),
        ("3", 1),
    ]


def test_a_fact_of_the_last_day_of_a_hard_closed_period_is_kept(folder: Folder) -> None:
    folder.take("acme_pos_1.csv", f"{HEAD}\n1,2026-02-28,X,5\n")
    closed = Closed(date(2026, 2, 28), "FY2026-P01")
    folder.load(folder.deliver("acme_pos_2.csv", f"{HEAD}\n1,2026-02-28,X,6\n"), closed=closed)
    assert [(fact["version"], fact["quantity"]) for fact in folder.facts("pos-sale")] == [(1, 5)]


def test_nothing_becomes_known_before_the_last_hard_close(folder: Folder) -> None:
    folder.load(
        folder.deliver("acme_pos_1.csv", f"{HEAD}\n{GOOD_ROW}\n"), on=date(2026, 3, 2), known_after=date(2026, 3, 5)
    )
    assert [fact["known-at"] for fact in folder.facts("pos-sale")] == [date(2026, 3, 6)]


def test_line_ends_quotes_and_skipped_lines(folder: Folder) -> None:
    folder.configure(feed(delimited="skip-lines: 2, line-breaks-in-cells: yes, escape: '\\'", tier="TIER"))
    rows = ['"1,\\"a\\"",2026-02-03,"X', '100",5,gold', "2,2026-02-03,X,6,"]
    text = "\r\n".join(["Report of ACME", "", f"{HEAD},TIER", *rows, ""])
    report = folder.take("acme_pos_1.csv", text)
    assert (report.received, report.accepted) == (2, 2)
    first, second = folder.facts("pos-sale")
    assert (first["invoice-number"], first["part"], first["source-row"]) == ('1,"a"', "X\r\n100", 4)
    assert second["source-row"] == 6


def test_files_without_line_feeds_and_without_header(folder: Folder) -> None:
    folder.configure(feed(delimited="columns: [INV, DATE, SKU, QTY]"))
    report = folder.take("acme_pos_1.csv", b"1,2026-02-03,X,5\r2,2026-02-03,X,6\r")
    assert (report.received, report.accepted) == (2, 2)


def test_utf_16_and_missing_words(folder: Folder) -> None:
    folder.configure(feed(delimited="missing: [NULL, '-']", tier="TIER").replace("encoding: utf-8", "encoding: utf-16"))
    report = folder.take(
        "acme_pos_1.csv", f"{HEAD},TIER\n1,2026-02-03,Ü,5,NULL\n2,2026-02-03,X,-,gold\n".encode("utf-16")
    )
    assert report.accepted == 1
    assert [(fact["part"], fact["tier"]) for fact in folder.facts("pos-sale")] == [("Ü", None)]
    assert folder.quarantine() == {3: ["quantity: missing (column QTY)"]}


def test_files_that_no_feed_or_two_feeds_take(folder: Folder) -> None:
    folder.configure(FEED, FEED.replace("name: acme-pos", "name: other").replace("acme_pos_*", "acme_*"))
    report = folder.load(folder.deliver("notes.txt", "x"), folder.deliver("acme_pos_1.csv", f"{HEAD}\n{GOOD_ROW}\n"))
    assert [(file.outcome, file.message) for file in report.files] == [
        (Outcome.UNCLAIMED, "no feed of client.yaml takes a file of this name: nothing done"),
        (Outcome.REFUSED, "feeds acme-pos and other both take it"),
    ]


def test_links_and_absent_files_are_refused(folder: Folder, tmp_path: Path) -> None:
    target = tmp_path / "secret.csv"
    target.write_text(f"{HEAD}\n{GOOD_ROW}\n")
    (tmp_path / "incoming").mkdir()
    link = tmp_path / "incoming" / "acme_pos_1.csv"
    link.symlink_to(target)
    report = folder.load(link, tmp_path / "acme_pos_2.csv")
    assert [file.outcome for file in report.files] == [Outcome.REFUSED, Outcome.REFUSED]
    told = {file.message for file in report.files}
    assert told == {"is not there", "not a file of its own but a link"}


def test_every_row_is_kept_verbatim_with_its_fate(folder: Folder) -> None:
    folder.take("acme_pos_1.csv", f"{HEAD}\n{GOOD_ROW}\n bad \n")
    kept = [(row["source-row"], row["text"], row["fate"]) for row in folder.facts("source.rows")]
    assert kept == [(2, GOOD_ROW, "accepted"), (3, " bad ", "quarantined")]
