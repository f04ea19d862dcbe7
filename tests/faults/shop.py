"""The client whose commands are put under faults, and the commands in the order of its months.

The rules are few, so that a command takes little time: what is tried here is how books are written, not what is worked
out. A new command becomes one more line of `COMMANDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RULESET = """\
ruleset shop version 1
    owner controller
    reporting currency USD
    effective from 2026-01-01 unless stated
    rounding half-up to the minor unit
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    code, number are text
    quantity is a quantity
    unit-price is a price
    ship-date is a date
register company identified by code
register partner identified by code
register part identified by code
stock for each company, partner, part
    warehouse, shelf
kind shipment moves warehouse to shelf on ship-date identified by company, number
    has partner, part, quantity, unit-price
accounts ledger
    | role             | account | title               | type      | normal | nature       |
    | trade-receivable | 1210    | "Trade receivables" | asset     | debit  | monetary     |
    | deferred-revenue | 2310    | "Deferred revenue"  | liability | credit | non-monetary |
journal defer for each shipment posts on ship-date in fiscal
    amount price is rounded(quantity * unit-price)
    debit  trade-receivable price
    credit deferred-revenue price
close fiscal
    hard close needs every step
    after hard close corrections post to the next open period
"""

CLIENT = """\
client: Corner Shop
ruleset: shop.tieout
currency: USD
feeds:
  - name: masters
    files: "masters_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      - record: partner
        when: {column: What, is: partner}
        columns: {code: Code}
      - record: part
        when: {column: What, is: part}
        columns: {code: Code}
      - record: company
        when: {column: What, is: company}
        columns: {code: Code}
  - name: shipments
    files: "shipments_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: Units
    fills:
      record: shipment
      columns:
        company: {constant: US01}
        number: No
        partner: Partner
        part: Part
        quantity: Units
        unit-price: Price
        ship-date: Date
"""

HEAD = "No,Partner,Part,Units,Price,Date\n"
FILES = {
    "january/masters_2026.csv": "What,Code\ncompany,US01\npartner,ACME\npart,X100\n",
    "january/shipments_2026-01.csv": HEAD + "S-1,ACME,X100,10,25.00,2026-01-05\nS-2,ACME,X100,4,26.50,2026-01-09\n",
    "february/shipments_2026-02.csv": HEAD + "S-3,ACME,X100,6,26.50,2026-02-02\nS-4,ACME,X100,none,1.00,2026-02-03\n",
}
"""Delivered files by path; the last row of the last one waits in quarantine."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` is what figures call it, `words` follow `tieout`, `code` is how it ends undisturbed.

    `repeats` is how it ends when it is run once more after it was stored, None where that is another act.
    """

    name: str
    words: tuple[str, ...]
    code: int = 0
    repeats: int | None = 0


COMMANDS = (
    Command("load", ("load", "--on", "2026-02-01", "january")),
    Command("trial", ("close", "FY2026-P01"), repeats=None),
    Command("hard close", ("close", "FY2026-P01", "--hard"), repeats=1),
    Command("load", ("load", "--on", "2026-03-01", "february"), code=1),
)
"""Each is run on what those before it left."""


def make_shop(folder: Path) -> None:
    """Make the client's folder, without books."""
    for name, text in {"shop.tieout": RULESET, "client.yaml": CLIENT, **FILES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


FIXED = frozenset(name.split("/")[0] for name in ("shop.tieout", "client.yaml", *FILES))
"""What stands in the client's folder and no command changes; all else there is what commands wrote."""
