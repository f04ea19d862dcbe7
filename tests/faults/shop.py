"""The client whose commands are put under faults, and the commands in the order of its months.

The rules are few, so that a command takes little time: what is tried here is how books are written, not what is worked
out. A new command becomes one more line of `COMMANDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.books.store import open_books
from engine.governance.acts import PersonAdded, RoleGranted

RULESET = """\
ruleset shop version 1
    owner controller
    reporting currency USD
    effective from 2026-01-01 unless stated
    rounding half-up to the minor unit
role controller may override siso with comment
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    code, number are text
    quantity is a quantity
    unit-price is a price
    ship-date, as-of-date are dates
register company identified by code
register partner identified by code
register part identified by code
stock for each company, partner, part
    warehouse, shelf
kind shipment moves warehouse to shelf on ship-date identified by company, number
    has partner, part, quantity, unit-price
kind count states shelf on as-of-date identified by company, partner, part, as-of-date
    has quantity
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    opens from adjusted closing stock
    amount variance is reported - expected, but 0 when reported is missing
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
  - name: counts
    files: "counts_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      record: count
      columns: {company: {constant: US01}, partner: Partner, part: Part, quantity: Units, as-of-date: Date}
"""

HEAD = "No,Partner,Part,Units,Price,Date\n"
FILES = {
    "january/masters_2026.csv": "What,Code\ncompany,US01\npartner,ACME\npart,X100\n",
    "january/shipments_2026-01.csv": HEAD + "S-1,ACME,X100,10,25.00,2026-01-05\nS-2,ACME,X100,4,26.50,2026-01-09\n",
    "january/counts_2026-01.csv": "Partner,Part,Units,Date\nACME,X100,13,2026-01-31\n",
    "february/shipments_2026-02.csv": HEAD + "S-3,ACME,X100,6,26.50,2026-02-02\nS-4,ACME,X100,none,1.00,2026-02-03\n",
}
"""Delivered files by path; the last row of the last one waits in quarantine."""


BACKUPS = "backups"
"""Where backups go."""


NAMING = "people named"
"""Stands in the place of the words of a command: all people and roles in one publication, which saves time."""

PEOPLE = {
    "ben": ("preparer", "rule-author"),
    "cyd": ("controller", "rule-approver"),
    "dee": ("controller", "rule-approver"),
    "eve": ("controller",),
}


def name_people(books: Path, by: str) -> int:
    """Name everybody and what they may do; the exit code."""
    added = [PersonAdded(one, one, one) for one in PEOPLE]
    granted = [RoleGranted(one, role) for one, roles in PEOPLE.items() for role in roles]
    with open_books(books, write=True, actor=by) as opened:
        opened.record("people", *added, *granted)
    return 0


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` is what figures call it, `words` follow `tieout`, `by` is the account that acts.

    In the words `{version}` stands for the version of the rules, `{override}` for the override proposed; `code` is how
    it ends undisturbed. One that is not `tried` only leads to the next; one that is `long` works something out before
    it writes, which is kept.
    """

    name: str
    words: str
    by: str = "ben"
    code: int = 0
    tried: bool = True
    long: bool = False


COMMANDS = (
    Command("people found", "people found ana --account ana", by="ana"),
    Command("people named", NAMING, by="ana", tried=False),
    Command("rules draft", "rules draft --comment begun", tried=False),
    Command("rules review", "rules review {version} --comment read", by="dee", tried=False),
    Command("rules approve", "rules approve {version} --active-from 2026-01-01 --comment agreed", by="cyd"),
    Command("load", "load --on 2026-02-01 january", long=True),
    Command("trial", "close FY2026-P01", long=True),
    Command(
        "override proposal",
        "override propose FY2026-P01 siso company=US01 partner=ACME part=X100 reported=14"
        " --reason recount --comment counted --yes",
        long=True,
    ),
    Command("override approval", "override approve {override} --comment seen", by="cyd"),
    Command("trial with an override", "close FY2026-P01", long=True),
    Command("close request", "close FY2026-P01 --request"),
    Command("close approval", "close FY2026-P01 --approve", by="cyd", long=True),
    Command("load of refused rows", "load --on 2026-03-01 february", code=1, long=True),
    Command("reopen request", "reopen FY2026-P01 --comment restated", by="cyd"),
    Command("reopen approval", "reopen FY2026-P01 --approve", by="dee"),
    Command("last reopen approval", "reopen FY2026-P01 --approve", by="eve"),
    Command("backup", f"backup {BACKUPS}", by="ana"),
    Command("people add", "people add fay --account fay", by="ana", tried=False),
    Command("restore", f"restore {BACKUPS} --replace --comment undone", by="ana"),
)
"""Each is run on what those before it left."""


def make_shop(folder: Path) -> None:
    """Make the client's folder, without books."""
    for name, text in {"shop.tieout": RULESET, "client.yaml": CLIENT, **FILES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


FIXED = frozenset(name.split("/")[0] for name in ("shop.tieout", "client.yaml", *FILES))
"""What stands in the client's folder and no command changes; all else there is what commands wrote."""
