"""A small client in which every way a row may go is walked, for tests of explanations: its rules, files and closes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from adapters.books.store import open_books
from adapters.client.loader import read_client
from adapters.closing.close import close_period
from adapters.closing.running import Resources
from adapters.feeds.versions import Closed
from adapters.intake import load
from adapters.ruleset_files import read_ruleset
from dsl.diagnostics import Diagnostics
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset

ONE_THREAD = Resources(threads=1)

RULESET = """\
ruleset corner version 2
    owner controller
    reporting currency USD
    effective from 2026-01-01 unless stated
    rounding half-up to the minor unit
role controller may override siso with comment
citation control-transfer "ASC 606-10-25-30", "IFRS 15.38"
citation receivable       "ASC 606-10-45-1"
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    code, number are text
    model is one of stocking, resale, consignment
    settles-on is one of reported, adjusted
    quantity is a quantity
    unit-price, list-price are prices
    ship-date, arrival-date, sale-date, back-date, as-of-date, sent-on are dates
register company identified by code
register partner identified by code
    has model, settles-on
register part identified by code
    has list-price
stock for each company, partner, part
    warehouse, road, shelf, customer
kind shipment moves warehouse to road on ship-date identified by company, number
    has partner, part, quantity, unit-price
kind arrival moves road to shelf on arrival-date identified by company, number
    has partner, part, quantity
kind sale moves shelf to customer on sale-date identified by company, number
    has partner, part, quantity, sent-on
kind back moves customer to shelf on back-date identified by company, number
    has partner, part, quantity
kind count states shelf on as-of-date identified by company, partner, part, as-of-date
    has quantity
layers units over road, shelf for each company, partner, part
    carry unit-price, basis
    leave oldest first by ship-date, then number
    back brings back the units last sold, in their old place
    units sold beyond stock wait for the next receipt
    units returned beyond sales stop the close
    late facts catch up in the open period
    leftover cents follow the running total
    ignore facts marked adjusted when evidence is reported
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    opens from adjusted closing stock
    stages clean, align, absorb
    amount variance is reported - expected, but 0 when reported is missing
    amount value is rounded(variance * part.list-price), but 0 USD when reported is missing
adjustment twice of siso in stage clean for each sale
    when two agree on partner, part, quantity and their sale-date differs by at most 1 days
    then exclude the later by sent-on
    why "A sale sent again is one sale."
adjustment mistyped of siso in stage align for each sale
    when sale-date is after sent-on
     and sent-on is at most period end
    then date it at period end
    why "A sale cannot be sent before it happens."
adjustment unreported of siso in stage absorb for each siso
    when treatment is absorb
     and reported is not missing
     and expected is over reported
    then record sale of expected - reported dated period end marked adjusted
    why "Units that are gone without a report were sold."
decision evidence for each partner is one of reported, adjusted decided as of period end
    unless excepted, reported
    why "A difference in stock is no evidence of a sale."
exception contract-says-so to evidence
    when partner.settles-on is adjusted
    becomes adjusted
    why "By contract what is missing was sold."
decision basis for each company, partner, part is one of sell-in, sell-through, nothing-due decided as of ship-date
    unless excepted, sell-in
    why "Control passes at shipment."
    cites control-transfer
exception kept-until-resale to basis
    when partner.model is one of resale, consignment
    becomes sell-through
    why "The partner owes for what it resells."
    cites control-transfer, receivable
exception no-invoice to basis, kept-until-resale
    when partner.model is consignment
    becomes nothing-due
    why "Nothing is due before resale."
exception summer-sale to kept-until-resale
    effective from 2026-07-01 through 2026-08-31
    when part is X200
    becomes sell-in
    why "For the summer X200 is sold firm."
table treatment-of decides severity, treatment, approver for each siso
    | row    | reported         | absolute value   => severity | treatment | approver   |
    | silent | missing          | any              => high     | look-into | controller |
    | small  | at least 0 units | under 200 USD    => low      | absorb    | nobody     |
    | large  | at least 0 units | at least 200 USD => high     | block     | controller |
accounts ledger
    | role             | account | title               | type      | normal | nature       |
    | trade-receivable | 1210    | "Trade receivables" | asset     | debit  | monetary     |
    | deferred-revenue | 2310    | "Deferred revenue"  | liability | credit | non-monetary |
    | product-revenue  | 4010    | "Product revenue"   | revenue   | credit | non-monetary |
table segments decides cost-centre for each ledger-line
    | row    | account.type     => cost-centre |
    | held   | asset, liability, equity => "0000"      |
    | earned | revenue, expense => "4200"      |
amount gross for each layer touched by sale, back is rounded(quantity * layer.unit-price)
journal defer for each shipment posts on ship-date in fiscal
    when basis is sell-through
    amount price is rounded(quantity * unit-price)
    debit  trade-receivable price
    credit deferred-revenue price
    why "What is owed is deferred until resale."
    cites receivable
journal earn for each layer touched by sale, back posts on event-date in fiscal
    when layer.basis is sell-through
     and treatment is not block
    debit  deferred-revenue gross
    credit product-revenue  gross
    why "Resale earns what was deferred; a blocked row waits."
    cites control-transfer
close fiscal
    step facts-in by controller
    hard close needs every step
    after hard close corrections post to the next open period
"""

CLIENT = """\
client: Corner
ruleset: corner.tieout
currency: USD
feeds:
  - name: masters
    files: "masters_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    otherwise: set aside
    fills:
      - record: partner
        when: {column: What, is: partner}
        columns: {code: Code, model: Model, settles-on: Settles}
      - record: part
        when: {column: What, is: part}
        columns: {code: Code, list-price: Price}
      - record: company
        when: {column: What, is: company}
        columns: {code: Code}
  - name: shipments
    files: "shipments_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      - record: shipment
        columns:
          company: {constant: US01}
          number: No
          partner: Partner
          part: Part
          quantity: Units
          unit-price: Price
          ship-date: Shipped
      - record: arrival
        columns:
          {company: {constant: US01}, number: No, partner: Partner, part: Part, quantity: Units, arrival-date: Arrived}
  - name: sales
    files: "sales_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      record: sale
      columns:
        company: {constant: US01}
        number: No
        partner: Partner
        part: Part
        quantity: Units
        sale-date: Sold
        sent-on: Sent
  - name: backs
    files: "backs_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      record: back
      columns: {company: {constant: US01}, number: No, partner: Partner, part: Part, quantity: Units, back-date: Back}
  - name: counts
    files: "counts_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      record: count
      columns: {company: {constant: US01}, partner: Partner, part: Part, quantity: Units, as-of-date: Date}
"""

SALES_HEAD = "No,Partner,Part,Units,Sold,Sent\n"
JANUARY = {
    "masters_2026-01.csv": (
        "What,Code,Model,Settles,Price\n"
        "company,US01,,,\n"
        "partner,ACME,resale,reported,\n"
        "partner,BRAVO,consignment,reported,\n"
        "partner,DELTA,resale,reported,\n"
        "partner,ECHO,resale,adjusted,\n"
        "part,X100,,,10.00\n"
        "part,X200,,,40.00\n"
        "part,X300,,,1.00\n"
        "remark,nothing of ours,,,\n"
    ),
    "shipments_2026-01.csv": (
        "No,Partner,Part,Units,Price,Shipped,Arrived\n"
        "S-1,ACME,X100,10,25.005,2026-01-05,2026-01-06\n"
        "S-2,ACME,X200,4,100.00,2026-01-05,2026-01-06\n"
        "S-3,BRAVO,X100,6,26.50,2026-01-07,2026-01-08\n"
        "S-4,ECHO,X200,5,90.00,2026-01-07,2026-01-08\n"
        "S-5,DELTA,X200,10,95.00,2026-01-07,2026-01-08\n"
        "S-6,ECHO,X300,2,0.00,2026-01-09,2026-01-10\n"
    ),
    "sales_2026-01.csv": (
        SALES_HEAD
        + "P-1,ACME,X100,3,2026-01-20,2026-01-21\n"
        + "P-2,ACME,X100,3,2026-01-20,2026-01-23\n"
        + "P-3,BRAVO,X100,2,2026-01-21,2026-01-22\n"
        + "P-4,ACME,X100,8,2026-01-25,2026-01-26\n"
        + "P-5,ECHO,X200,1,2027-01-22,2026-01-24\n"
        + "P-6,ACME,X100,l2,2026-01-25,2026-01-26\n"
        + "P-7,DELTA,X200,3,2026-01-25,2026-01-26\n"
        + "P-8,ACME,X200,1,2026-04-02,2026-04-03\n"
        + "P-9,ECHO,X300,1,2026-01-27,2026-01-28\n"
    ),
    "counts_2026-01.csv": (
        "Partner,Part,Units,Date\n"
        "ACME,X100,0,2026-01-31\n"
        "ACME,X200,3,2026-01-31\n"
        "BRAVO,X100,4,2026-01-31\n"
        "DELTA,X200,2,2026-01-31\n"
        "ECHO,X200,3,2026-01-31\n"
        "ECHO,X300,1,2026-01-31\n"
    ),
}
"""P-2 is P-1 sent again; P-4 sells one unit too many; P-5 is mistyped; P-6 cannot be read; S-6 costs nothing."""

JANUARY_AGAIN = {
    "sales_2026-01_again.csv": JANUARY["sales_2026-01.csv"],
    "sales_2026-01_corrected.csv": SALES_HEAD + "P-7,DELTA,X200,1,2026-01-25,2026-01-29\n",
    "shipments_2026-01_b.csv": (
        "No,Partner,Part,Units,Price,Shipped,Arrived\nS-2,ACME,X200,4,100.00,2026-01-05,2026-01-06\n"
    ),
}
"""A file that comes a second time, a sale corrected, a shipment said twice."""

FEBRUARY = {
    "shipments_2026-02.csv": (
        "No,Partner,Part,Units,Price,Shipped,Arrived\nS-7,ACME,X100,5,30.00,2026-02-03,2026-02-04\n"
    ),
    "backs_2026-02.csv": "No,Partner,Part,Units,Back\nB-1,ECHO,X200,1,2026-02-05\n",
    "sales_2026-02.csv": SALES_HEAD + "P-20,ACME,X200,1,2026-01-28,2026-02-02\n",
}
"""A sale of January that comes late, units for the sale that waits, a unit that comes back."""

AFTERWARDS = {"sales_2026-02_late.csv": SALES_HEAD + "P-21,ACME,X100,1,2026-02-10,2026-02-11\n"}


def read_corner(folder: Path) -> Ruleset:
    """The client's ruleset, which must be sound."""
    ruleset, diagnostics = read_ruleset(folder / "corner.tieout")
    assert ruleset is not None, [one.message for one in diagnostics]
    return ruleset


def make_corner(folder: Path) -> Ruleset:
    """Make the client's folder: January is hard-closed, February closed on trial, one file loaded after it."""
    (folder / "incoming").mkdir(parents=True)
    (folder / "corner.tieout").write_text(RULESET, encoding="utf-8")
    (folder / "client.yaml").write_text(CLIENT, encoding="utf-8")
    ruleset = read_corner(folder)
    _load(folder, ruleset, JANUARY, date(2026, 2, 1))
    _load(folder, ruleset, JANUARY_AGAIN, date(2026, 2, 2))
    _close(folder, ruleset, "FY2026-P01", date(2026, 2, 3), hard=True)
    frozen = Closed(date(2026, 1, 31), "FY2026-P01")
    _load(folder, ruleset, FEBRUARY, date(2026, 3, 1), frozen)
    _close(folder, ruleset, "FY2026-P02", date(2026, 3, 1), hard=False)
    _load(folder, ruleset, AFTERWARDS, date(2026, 3, 2), frozen)
    return ruleset


def _load(folder: Path, ruleset: Ruleset, files: dict[str, str], day: date, closed: Closed | None = None) -> None:
    paths = [folder / "incoming" / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    client = read_client(folder, diagnostics)
    assert client is not None, [one.message for one in diagnostics]
    with open_books(client.books, write=True, create=True, clock=lambda: _at(day)) as books:
        known_after = None if closed is None else closed.through
        report = load(books, client.client, schema_of(ruleset), paths, day, closed, known_after)
    assert report.is_written, [one.message for one in report.refused]


def _close(folder: Path, ruleset: Ruleset, period: str, day: date, *, hard: bool) -> None:
    with open_books(folder / "books", write=True, clock=lambda: _at(day)) as books:
        closed = close_period(books, ruleset, period, hard=hard, resources=ONE_THREAD)
    assert closed.run is not None, [one.sentence for one in closed.result.tie_outs if not one.passed]


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
