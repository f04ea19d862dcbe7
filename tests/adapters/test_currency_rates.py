"""AdventureWorks' own rates, quoted from the dollar, taken in as they are: what they book and what they remeasure."""

from __future__ import annotations

import csv
import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.main import main
from tests.support.shared import shared_path

RULES = """\
ruleset abroad version 1
    owner controller
    reporting currency USD
    effective from 2020-01-01 unless stated
    rounding half-up to the minor unit
    lines convert at average rate on the posting date, difference to exchange
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
rates average from currency-rates quoted from USD, stale after 3 days, missing stops the run, crossed through USD
rates closing from currency-rates quoted from USD, stale after 0 days, missing stops the run, crossed through USD
terms
    document is text
    currency is a currency
    amount is money
    invoice-date is a date
kind invoice moves nothing on invoice-date identified by document
    has amount, currency
accounts ledger
    | role       | account | title           | type    | normal | nature       |
    | receivable | 1210    | "Receivables"   | asset   | debit  | monetary     |
    | revenue    | 4010    | "Revenue"       | revenue | credit | non-monetary |
    | exchange   | 7010    | "Exchange"      | revenue | credit | non-monetary |
journal bill for each invoice posts on invoice-date in fiscal
    amount billed is rounded(amount)
    debit  receivable billed
    credit revenue    billed
journal remeasure for each ledger-balance posts on period end in fiscal
    when ledger-balance.nature is monetary
     and ledger-balance.currency is not USD
    books company currency only
    amount at-closing is rounded(ledger-balance.amount converted to USD at closing rate on period end)
    true up ledger-balance.role to at-closing, offset to exchange
"""
CLIENT = """\
client: abroad
ruleset: abroad.tieout
currency: USD
feeds:
  - name: currency-rates
    files: CurrencyRate.csv
    delimited:
      separator: tab
      quote: none
      encoding: ascii
      dates: YYYY-MM-DD hh:mm:ss.fff
      columns: [CurrencyRateID, CurrencyRateDate, FromCurrencyCode, ToCurrencyCode, AverageRate, EndOfDayRate,
        ModifiedDate]
    fills:
      - {record: average, columns: {currency: ToCurrencyCode, date: CurrencyRateDate, rate: AverageRate}}
      - {record: closing, columns: {currency: ToCurrencyCode, date: CurrencyRateDate, rate: EndOfDayRate}}
  - name: invoices
    files: invoices.csv
    delimited: {separator: comma, encoding: utf-8}
    fills: {record: invoice, columns: {document: document, invoice-date: date, amount: amount, currency: currency}}
"""
INVOICES = (
    ("A", "2024-06-05", "1000.00", "GBP"),
    ("B", "2024-06-14", "250000", "JPY"),
    ("C", "2024-06-28", "333.33", "EUR"),
)


def quoted(rates: Path) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Average and end-of-day rate by currency and day."""
    with rates.open(encoding="ascii", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))
    return {(row[3], row[1][:10]): (Decimal(row[4]), Decimal(row[5])) for row in rows}


def in_dollars(amount: str, rate: Decimal) -> Decimal:
    """An amount over what one dollar is, to the cent."""
    cents = Fraction(amount) / Fraction(rate) * 100
    return (Decimal(cents.numerator) / Decimal(cents.denominator)).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-2)


def test_rates_as_delivered_book_and_remeasure_invoices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = shared_path("data", "adventureworks", "CurrencyRate.csv")
    (tmp_path / "abroad.tieout").write_text(RULES, "utf-8")
    (tmp_path / "client.yaml").write_text(CLIENT, "utf-8")
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / rates.name).write_bytes(rates.read_bytes())
    rows = "\n".join(",".join(one) for one in INVOICES)
    (tmp_path / "incoming" / "invoices.csv").write_text(f"document,date,amount,currency\n{rows}\n", "utf-8")

    def tieout(*arguments: str) -> Any:
        code = main([*arguments, "--client", str(tmp_path), "--format", "json"])
        found = json.loads(capsys.readouterr().out)
        assert code == 0, found
        return found

    tieout("load", "--on", "2025-06-01")
    tieout("close", "FY2024-P06")
    lines = tieout("journal", "FY2024-P06")["lines"]
    table = quoted(rates)
    billed = {one["currency"]: Decimal(one["booked"]) for one in lines if one["role"] == "revenue"}
    held = {
        (one["currency"], one["side"]): Decimal(one["booked"])
        for one in lines
        if (one["role"], one["journal"]) == ("receivable", "remeasure")
    }
    for _, day, amount, currency in INVOICES:
        booked = in_dollars(amount, table[currency, day][0])
        gained = in_dollars(amount, table[currency, "2024-06-30"][1]) - booked
        assert billed[currency] == booked
        moved = held.get((currency, "debit"), Decimal(0)) - held.get((currency, "credit"), Decimal(0))
        assert moved == gained, currency
    assert held


def test_rates_of_another_feed_than_the_text_names_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "abroad.tieout").write_text(RULES, "utf-8")
    (tmp_path / "client.yaml").write_text(CLIENT.replace("name: currency-rates", "name: some-rates"), "utf-8")
    (tmp_path / "incoming").mkdir()
    assert main(["load", "--client", str(tmp_path), "--format", "json"]) != 0
    told = [one["message"] for one in json.loads(capsys.readouterr().out)["problems"]]
    wanted = "the ruleset takes `{}` from the feed `currency-rates`, and this is `some-rates`"
    assert told == [wanted.format("average"), wanted.format("closing")]
